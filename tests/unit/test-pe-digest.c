/* SPDX-License-Identifier: MIT */
/* The digest of EFI programs: what counts, what does not, what is no program;
 * and their sections. */
#include <glib.h>
#include <string.h>

#include "lib/blob.h"
#include "lib/pe_digest.h"

/* A small image: headers of 400h bytes, two sections, the second first in the
 * file, something behind them, a signature of 16 bytes at the end. */
#define PE 0x80
#define OPTIONAL (PE + 24)
#define SECTIONS (OPTIONAL + 112 + 16 * 8)
#define SIZE 0x840

static uint8_t image[SIZE];

static void put(size_t at, uint32_t value, size_t bytes)
{
    value = GUINT32_TO_LE(value);
    memcpy(image + at, &value, bytes);
}

static void make_image(void)
{
    for (size_t i = 0; i < SIZE; i++) {
        image[i] = i < 0x400 ? 0 : (uint8_t)(i * 7);
    }
    memcpy(image, "MZ", 2);
    put(0x3c, PE, 4);
    memcpy(image + PE, "PE\0\0", 4);
    put(PE + 6, 2, 2);
    put(PE + 20, 112 + 16 * 8, 2);
    put(OPTIONAL, 0x20b, 2);
    put(OPTIONAL + 60, 0x400, 4);
    put(OPTIONAL + 64, 0x12345678, 4); /* checksum */
    put(OPTIONAL + 108, 16, 4);
    put(OPTIONAL + 112 + 4 * 8, SIZE - 16, 4);
    put(OPTIONAL + 112 + 4 * 8 + 4, 16, 4);
    put(SECTIONS + 16, 0x200, 4);
    put(SECTIONS + 20, 0x600, 4);
    put(SECTIONS + 40 + 16, 0x200, 4);
    put(SECTIONS + 40 + 20, 0x400, 4);
}

static char *digest_of(void)
{
    struct evtpm_error err = { "" };
    uint8_t digest[32];
    char *hex = g_malloc(65);

    if (evtpm_pe_digest(image, SIZE, digest, &err) < 0) {
        g_free(hex);
        return g_strdup(err.text);
    }
    return evtpm_hex(hex, 65, digest, 32);
}

/* By the definition: all but the three, in the order of the file */
static char *expected(void)
{
    const size_t security = OPTIONAL + 112 + 4 * 8;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(sum, image, OPTIONAL + 64);
    g_checksum_update(sum, image + OPTIONAL + 68,
                      (gssize)(security - OPTIONAL - 68));
    g_checksum_update(sum, image + security + 8,
                      (gssize)(SIZE - 16 - security - 8));
    return g_strdup(g_checksum_get_string(sum));
}

static void test_digest(void)
{
    make_image();
    g_autofree char *seen = digest_of();
    g_autofree char *wanted = expected();
    g_assert_cmpstr(seen, ==, wanted);
}

static const struct {
    size_t at;
    gboolean counts;
} bytes[] = {
    { 0x50, TRUE },
    { OPTIONAL + 63, TRUE },
    { OPTIONAL + 64, FALSE }, /* checksum */
    { OPTIONAL + 67, FALSE },
    { OPTIONAL + 68, TRUE },
    { OPTIONAL + 112 + 4 * 8, FALSE }, /* where the signature is */
    { 0x3ff, TRUE },
    { 0x400, TRUE },
    { 0x7ff, TRUE },
    { 0x800, TRUE },      /* behind the sections */
    { SIZE - 16, FALSE }, /* signature */
    { SIZE - 1, FALSE },
};

static void test_bytes(void)
{
    make_image();
    g_autofree char *before = digest_of();
    for (size_t i = 0; i < G_N_ELEMENTS(bytes); i++) {
        image[bytes[i].at] ^= 1;
        g_autofree char *after = digest_of();
        g_test_message("%#zx", bytes[i].at);
        g_assert_cmpint(strcmp(before, after) != 0, ==, bytes[i].counts);
        image[bytes[i].at] ^= 1;
    }
}

static const struct {
    size_t at;
    uint32_t value;
    size_t width;
    const char *error;
} bad[] = {
    { 0x3c, SIZE, 4, "not an EFI program" },
    { 0x3c, 0xffffffff, 4, "not an EFI program" },
    { PE, 0x4551, 4, "not an EFI program" },
    { PE + 6, 97, 2, "not an EFI program" },
    { PE + 20, 0xffff, 2, "not an EFI program" },
    { OPTIONAL, 0x107, 2, "not an EFI program" },
    { OPTIONAL + 60, SIZE + 1, 4, "not an EFI program" },
    { OPTIONAL + 60, OPTIONAL, 4, "not an EFI program" },
    { SECTIONS + 16, SIZE, 4, "not an EFI program" },
    { SECTIONS + 20, 0xffffffff, 4, "not an EFI program" },
    { SECTIONS + 56, 0x440, 4, "sections overlap" },
    { OPTIONAL + 112 + 4 * 8 + 4, 0x41, 4, "sections overlap" },
};

static void test_bad(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        make_image();
        put(bad[i].at, bad[i].value, bad[i].width);
        g_autofree char *seen = digest_of();
        g_test_message("%zu: %s", i, seen);
        g_assert_nonnull(strstr(seen, bad[i].error));
    }
}

/* In the order of the headers, each as long as in memory; what is longer there
 * than in the file is left out, as what has no data is. */
static void test_sections(void)
{
    struct evtpm_pe_section seen[EVTPM_PE_SECTIONS_MAX];
    struct evtpm_error err = { "" };
    size_t count;

    make_image();
    memcpy(image + SECTIONS, ".initrd\0", 8);
    put(SECTIONS + 8, 0x1f7, 4);
    memcpy(image + SECTIONS + 40, "eightchr", 8);
    put(SECTIONS + 48, 0x200, 4);
    g_assert_cmpint(evtpm_pe_sections(image, SIZE, seen, &count, &err), ==, 0);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(seen[0].name, ==, ".initrd");
    g_assert_cmpmem(seen[0].data, seen[0].size, image + 0x600, 0x1f7);
    g_assert_cmpstr(seen[1].name, ==, "eightchr");
    g_assert_cmpmem(seen[1].data, seen[1].size, image + 0x400, 0x200);
    put(SECTIONS + 8, 0x201, 4);
    g_assert_cmpint(evtpm_pe_sections(image, SIZE, seen, &count, &err), ==, 0);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(seen[0].name, ==, "eightchr");
    for (size_t i = 0; i < 10; i++) { /* as bad as for the digest */
        make_image();
        put(bad[i].at, bad[i].value, bad[i].width);
        g_assert_cmpint(evtpm_pe_sections(image, SIZE, seen, &count, &err), ==,
                        -1);
        g_assert_nonnull(strstr(err.text, bad[i].error));
    }
}

static void test_cut(void)
{
    struct evtpm_error err = { "" };
    uint8_t digest[32];

    make_image();
    for (size_t size = 0; size < 0x800; size++) {
        g_autofree uint8_t *copy = g_memdup2(image, size);

        g_assert_cmpint(evtpm_pe_digest(copy, size, digest, &err), <, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pe-digest/digest", test_digest);
    g_test_add_func("/pe-digest/bytes", test_bytes);
    g_test_add_func("/pe-digest/bad", test_bad);
    g_test_add_func("/pe-digest/sections", test_sections);
    g_test_add_func("/pe-digest/cut", test_cut);
    return g_test_run();
}
