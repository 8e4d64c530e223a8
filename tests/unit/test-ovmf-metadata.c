/* SPDX-License-Identifier: MIT */
/* OVMF's SEV metadata: a made-up image, damaged field by field; and Debian's image when it is here. */
#include <glib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/ovmf_metadata.h"

#define IMAGE_SIZE 8192
#define ASEV_FROM_END 1024 /* where the metadata lies, from the end */
#define SECTIONS 3
/* Places in the image, from its end */
#define FOOTER_GUID 48
#define FOOTER_LENGTH 50
#define ENTRY_GUID 66
#define ENTRY_LENGTH 68
#define ENTRY_OFFSET 72

static const uint8_t footer_guid[16] = {
    0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
    0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d,
};
static const uint8_t sev_guid[16] = {
    0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
    0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc,
};

static void put(uint8_t *image, size_t from_end, uint64_t value, size_t width)
{
    memcpy(image + IMAGE_SIZE - from_end, &value, width);
}

static void make_image(uint8_t image[IMAGE_SIZE])
{
    static const uint32_t section[SECTIONS][3] = {
        { 0x800000, 0x9000, OVMF_SEC_MEM },
        { 0x80d000, 0x1000, OVMF_SECRETS },
        { 0x80e000, 0x1000, OVMF_CPUID },
    };

    memset(image, 0xff, IMAGE_SIZE);
    memcpy(image + IMAGE_SIZE - FOOTER_GUID, footer_guid, 16);
    put(image, FOOTER_LENGTH, 18 + 22, 2);
    memcpy(image + IMAGE_SIZE - ENTRY_GUID, sev_guid, 16);
    put(image, ENTRY_LENGTH, 22, 2);
    put(image, ENTRY_OFFSET, ASEV_FROM_END, 4);
    memcpy(image + IMAGE_SIZE - ASEV_FROM_END, "ASEV", 4);
    put(image, ASEV_FROM_END - 4, 16 + sizeof(section), 4);
    put(image, ASEV_FROM_END - 8, 1, 4);
    put(image, ASEV_FROM_END - 12, SECTIONS, 4);
    memcpy(image + IMAGE_SIZE - ASEV_FROM_END + 16, section, sizeof(section));
}

static void test_good(void)
{
    uint8_t image[IMAGE_SIZE];
    struct ovmf_metadata meta;
    struct evtpm_error err = { "" };

    make_image(image);
    g_assert_cmpint(ovmf_metadata_parse(image, sizeof(image), &meta, &err), ==,
                    0);
    g_assert_cmpuint(meta.count, ==, SECTIONS);
    g_assert_cmphex(meta.range[0].base, ==, 0x800000);
    g_assert_cmphex(meta.range[0].size, ==, 0x9000);
    g_assert_cmphex(meta.range[1].type, ==, OVMF_SECRETS);
    g_assert_cmphex(meta.range[2].base, ==, 0x80e000);
}

static const struct bad_row {
    const char *name;
    size_t from_end;
    size_t width;
    uint64_t value;
    const char *error;
} bad_rows[] = {
    { "no-table", FOOTER_GUID, 1, 0, "no OVMF table" },
    { "table-short", FOOTER_LENGTH, 2, 17, "table's length 0x11 is wrong" },
    { "table-long", FOOTER_LENGTH, 2, 0xffff, "length 0xffff is wrong" },
    { "entry-short", ENTRY_LENGTH, 2, 0, "entry's length 0x0 is wrong" },
    { "entry-long", ENTRY_LENGTH, 2, 41, "entry's length 0x29 is wrong" },
    { "no-entry", ENTRY_GUID, 1, 0, "not built for SEV-SNP" },
    { "offset-0", ENTRY_OFFSET, 4, 0, "offset 0x0 is outside" },
    { "offset-far", ENTRY_OFFSET, 4, IMAGE_SIZE + 1, "is outside" },
    { "signature", ASEV_FROM_END, 1, 'B', "signature 0x56455342" },
    { "version", ASEV_FROM_END - 8, 4, 2, "version 2" },
    { "count", ASEV_FROM_END - 12, 4, 0x10000000, "has 268435456 sections" },
    { "length", ASEV_FROM_END - 4, 4, 20, "sections in 0x14 bytes" },
    { "base-odd", ASEV_FROM_END - 16, 4, 0x800001, "is not whole pages" },
    { "size-0", ASEV_FROM_END - 20, 4, 0, "is not whole pages" },
    { "in-firmware", ASEV_FROM_END - 16, 4, 0xfffff000, "below the firmware" },
    { "overlap", ASEV_FROM_END - 20, 4, 0xe000,
      "sections 0x800000 and 0x80d000 overlap" },
};

static void test_bad(gconstpointer data)
{
    const struct bad_row *row = data;
    struct evtpm_error err = { "" };
    struct ovmf_metadata meta;
    uint8_t image[IMAGE_SIZE];

    make_image(image);
    put(image, row->from_end, row->value, row->width);
    g_assert_cmpint(ovmf_metadata_parse(image, sizeof(image), &meta, &err), ==,
                    -1);
    if (!strstr(err.text, row->error)) {
        g_error("\"%s\" is not in \"%s\"", row->error, err.text);
    }
}

/* Shorter and shorter images, heap-allocated so that a read too far is seen. */
static void test_short(void)
{
    uint8_t image[IMAGE_SIZE];

    make_image(image);
    for (size_t size = 0; size < ASEV_FROM_END; size++) {
        g_autofree uint8_t *cut = g_memdup2(image + IMAGE_SIZE - size, size);
        struct evtpm_error err = { "" };
        struct ovmf_metadata meta;

        g_assert_cmpint(ovmf_metadata_parse(cut, size, &meta, &err), ==, -1);
    }
}

static void test_debian(void)
{
    const char *dir = g_getenv("EVTPM_ARTIFACTS");
    g_autofree char *path = dir ? g_build_filename(dir, "OVMF.fd", NULL)
                                : g_test_build_filename(G_TEST_BUILT,
                                                        "artifacts", "OVMF.fd",
                                                        NULL);
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    struct ovmf_metadata meta;
    unsigned int types = 0;

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_test_skip("no OVMF.fd: make artifacts fetches it");
        return;
    }
    g_assert_cmpint(evtpm_file_read(path, 1u << 24, &blob, &err), ==, 0);
    if (ovmf_metadata_parse(blob.data, blob.size, &meta, &err) < 0) {
        g_error("%s", err.text);
    }
    for (uint32_t i = 0; i < meta.count; i++) {
        types |= 1u << meta.range[i].type;
    }
    g_assert_cmphex(types, ==, 1u << OVMF_SEC_MEM | 1u << OVMF_SECRETS |
                                   1u << OVMF_CPUID | 1u << OVMF_SVSM_CAA |
                                   1u << OVMF_KERNEL_HASHES);
    evtpm_blob_clear(&blob);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ovmf-metadata/good", test_good);
    g_test_add_func("/ovmf-metadata/short", test_short);
    g_test_add_func("/ovmf-metadata/debian", test_debian);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_rows); i++) {
        g_autofree char *path = g_strdup_printf("/ovmf-metadata/bad/%s",
                                                bad_rows[i].name);

        g_test_add_data_func(path, &bad_rows[i], test_bad);
    }
    return g_test_run();
}
