/* SPDX-License-Identifier: MIT */
/* Policies that name unified kernel images: what their boot leaves in the log,
 * and each thing that must not be there. */
#include <gnutls/crypto.h>
#include <string.h>

#include "harness/policy.h"
#include "harness/tree.h"
#include "lib/eventlog_types.h"
#include "lib/pe_digest.h"
#include "tests/unit/log-sample.h"

#define PE 0x40
#define OPTIONAL (PE + 24)
#define SECTIONS (OPTIONAL + 112 + 16 * 8)
#define HEADERS 0x400
#define ALIGNMENT 0x200
#define LINE "console=ttyS0 quiet"
#define INITRD "the initial RAM disk"

static char *dir;

static void put(GByteArray *image, gsize at, guint32 value, gsize bytes)
{
    value = GUINT32_TO_LE(value);
    memcpy(image->data + at, &value, bytes);
}

static GByteArray *new_program(void)
{
    GByteArray *image = g_byte_array_new();
    g_byte_array_set_size(image, HEADERS);
    memset(image->data, 0, HEADERS);
    memcpy(image->data, "MZ", 2);
    put(image, 0x3c, PE, 4);
    memcpy(image->data + PE, "PE\0\0", 4);
    put(image, PE + 20, 112 + 16 * 8, 2);
    put(image, OPTIONAL, 0x20b, 2);
    put(image, OPTIONAL + 60, HEADERS, 4);
    put(image, OPTIONAL + 108, 16, 4);
    return image;
}

static void add_section(GByteArray *image, const char *name, const void *data,
                        gsize size)
{
    static const guint8 zeros[ALIGNMENT];
    guint16 n;
    memcpy(&n, image->data + PE + 6, 2);
    gsize header = SECTIONS + 40u * GUINT16_FROM_LE(n);
    gsize at = image->len;
    gsize padding = (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT;
    g_byte_array_append(image, data, (guint)size);
    g_byte_array_append(image, zeros, (guint)padding);
    memcpy(image->data + header, name, strlen(name));
    put(image, header + 8, (guint32)size, 4);
    put(image, header + 16, (guint32)(size + padding), 4);
    put(image, header + 20, (guint32)at, 4);
    put(image, PE + 6, GUINT16_FROM_LE(n) + 1u, 2);
}

static GByteArray *new_kernel(void)
{
    GByteArray *kernel = new_program();
    add_section(kernel, ".text", "a kernel", 8);
    return kernel;
}

/* An image that lacks one part, or none (NULL). */
static GByteArray *new_uki(const char *without)
{
    g_autoptr(GByteArray) kernel = new_kernel();
    GByteArray *uki = new_program();
    const struct {
        const char *name;
        const void *data;
        gsize size;
    } parts[] = {
        { ".text", "a stub", 6 },
        { ".cmdline", LINE, strlen(LINE) },
        { ".linux", kernel->data, kernel->len },
        { ".initrd", INITRD, strlen(INITRD) },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_strcmp0(parts[i].name, without) != 0) {
            add_section(uki, parts[i].name, parts[i].data, parts[i].size);
        }
    }
    return uki;
}

static struct policy *load(const GByteArray *uki, GError **error)
{
    g_autofree char *file = g_build_filename(dir, "boot.efi", NULL);
    g_autofree char *path = g_build_filename(dir, "policy.json", NULL);
    g_assert_true(g_file_set_contents(file, (const char *)uki->data,
                                      (gssize)uki->len, NULL));
    g_assert_true(g_file_set_contents(
        path, "{\"version\":1,\"boot\":{\"uki_files\":[\"boot.efi\"]}}", -1,
        NULL));
    return policy_load(path, error);
}

static void add_digest(GByteArray *log, guint pcr, guint type,
                       const guint8 digest[32])
{
    const guint32 head[] = { GUINT32_TO_LE(pcr), GUINT32_TO_LE(type),
                             GUINT32_TO_LE(1) };
    const guint16 algorithm = GUINT16_TO_LE(0x000b);
    const guint32 no_data = 0;
    g_byte_array_append(log, (const guint8 *)head, sizeof(head));
    g_byte_array_append(log, (const guint8 *)&algorithm, sizeof(algorithm));
    g_byte_array_append(log, digest, 32);
    g_byte_array_append(log, (const guint8 *)&no_data, sizeof(no_data));
}

static void add_program(GByteArray *log, const GByteArray *program)
{
    guint8 digest[32];
    g_assert_cmpint(evtpm_pe_digest(program->data, program->len, digest, NULL),
                    ==, 0);
    add_digest(log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, digest);
}

static void add_hash(GByteArray *log, guint pcr, guint type, const void *data,
                     gsize size)
{
    guint8 digest[32];
    g_assert_cmpint(gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest), ==,
                    0);
    add_digest(log, pcr, type, digest);
}

/* One thing that a boot does, or does wrong */
struct change {
    const char *name;
    gboolean no_image, no_sections, other_line, other_initrd, other_kernel,
        credential, extension, other_section;
    const char *error; /* NULL: none */
};

static const struct change changes[] = {
    { .name = "as-foretold" },
    { .name = "kernel-alone",
      .no_image = TRUE,
      .error = "boot.uki_files: no event of PCR 4 has the digest" },
    { .name = "not-measured",
      .no_sections = TRUE,
      .error = "boot.uki_files: no event of PCR 11 has the digest" },
    { .name = "other-command-line",
      .other_line = TRUE,
      .error = "boot.uki_files: event 9 (PCR 9" },
    { .name = "other-initrd",
      .other_initrd = TRUE,
      .error = "boot.uki_files: event 10 (PCR 9" },
    { .name = "another-kernel",
      .other_kernel = TRUE,
      .error = "boot.uki_files: event 11 (PCR 4" },
    { .name = "credential",
      .credential = TRUE,
      .error = "boot.uki_files: event 11 (PCR 12" },
    { .name = "extension",
      .extension = TRUE,
      .error = "boot.uki_files: event 11 (PCR 13" },
    { .name = "other-section",
      .other_section = TRUE,
      .error = "boot.uki_files: event 11 (PCR 11" },
};

static void add_parts(GByteArray *log, const GByteArray *kernel)
{
    const struct {
        const char *name;
        const void *data;
        gsize size;
    } parts[] = { { ".linux", kernel->data, kernel->len },
                  { ".cmdline", LINE, strlen(LINE) },
                  { ".initrd", INITRD, strlen(INITRD) } };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        add_hash(log, 11, EV_IPL, parts[i].name, strlen(parts[i].name) + 1);
        add_hash(log, 11, EV_IPL, parts[i].data, parts[i].size);
    }
}

/* As Linux's stub measures it: UTF-16 with its NUL */
static void add_line(GByteArray *log, const char *line)
{
    g_autofree gunichar2 *wide = g_utf8_to_utf16(line, -1, NULL, NULL, NULL);
    add_hash(log, 9, EV_EVENT_TAG, wide, 2 * (strlen(line) + 1));
}

static void add_boot(GByteArray *log, const struct change *c)
{
    g_autoptr(GByteArray) uki = new_uki(NULL);
    g_autoptr(GByteArray) kernel = new_kernel();
    if (!c->no_image) {
        add_program(log, uki);
    }
    if (!c->no_sections) {
        add_parts(log, kernel);
    }
    add_program(log, kernel);
    add_line(log, c->other_line ? LINE " init=/bin/sh" : LINE);
    add_hash(log, 9, EV_EVENT_TAG, c->other_initrd ? "another" : INITRD,
             c->other_initrd ? 7 : strlen(INITRD));
    if (c->other_kernel) {
        kernel->data[HEADERS] ^= 1;
        add_program(log, kernel);
    }
    if (c->credential) {
        add_hash(log, 12, EV_IPL, "a credential", 12);
    }
    if (c->extension) {
        add_hash(log, 13, EV_IPL, "an extension", 12);
    }
    if (c->other_section) {
        add_hash(log, 11, EV_IPL, "a section", 9);
    }
}

static void test_boot(gconstpointer data)
{
    const struct change *c = data;
    g_autoptr(GByteArray) uki = new_uki(NULL);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    struct evtpm_error err = { "" };
    struct evtpm_eventlog log;
    struct policy *policy = load(uki, &error);
    g_assert_no_error(error);
    const struct evtpm_policy *p = policy_get(policy);
    log_header(bytes, 1u << EVTPM_SHA256);
    log_text(bytes, 1u << EVTPM_SHA256, 4, EV_EFI_ACTION,
             "Calling EFI Application from Boot Option");
    add_boot(bytes, c);
    g_assert_cmpint(evtpm_eventlog_open(&log, bytes->data, bytes->len, &err),
                    ==, 0);
    int rc = evtpm_event_rules_check(&log, p->event_rules, p->event_rule_count,
                                     &err);
    g_test_message("%s", err.text);
    g_assert_cmpint(rc, ==, c->error ? -1 : 0);
    g_assert_true(!c->error || g_str_has_prefix(err.text, c->error));
    policy_free(policy);
}

/* Without one of these it would take what it is given. */
static void test_incomplete(void)
{
    static const char *const parts[] = { ".linux", ".initrd", ".cmdline" };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(GByteArray) uki = new_uki(parts[i]);
        g_autoptr(GError) error = NULL;
        g_assert_null(load(uki, &error));
        g_assert_nonnull(strstr(error->message,
                                "boot.uki_files[0]: boot.efi: no unified "
                                "kernel image: it lacks .linux, .initrd or "
                                ".cmdline"));
    }
}

/* What the sections hold must be what they are named. */
static void test_wrong_parts(void)
{
    g_autoptr(GByteArray) uki = new_program();
    g_autoptr(GError) error = NULL;
    add_section(uki, ".linux", "no kernel", 9);
    add_section(uki, ".cmdline", "a\nb", 3);
    add_section(uki, ".initrd", INITRD, strlen(INITRD));
    g_assert_null(load(uki, &error));
    g_assert_nonnull(strstr(error->message, ".linux: not an EFI program"));
    g_clear_error(&error);
    g_autoptr(GByteArray) kernel = new_kernel();
    g_autoptr(GByteArray) other = new_program();
    add_section(other, ".linux", kernel->data, kernel->len);
    add_section(other, ".cmdline", "a\nb", 3);
    add_section(other, ".initrd", INITRD, strlen(INITRD));
    g_assert_null(load(other, &error));
    g_assert_nonnull(strstr(error->message, ".cmdline is no command line"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *path =
            g_strdup_printf("/harness/uki/%s", changes[i].name);
        g_test_add_data_func(path, &changes[i], test_boot);
    }
    g_test_add_func("/harness/uki/incomplete", test_incomplete);
    g_test_add_func("/harness/uki/wrong-parts", test_wrong_parts);
    int status = g_test_run();
    tree_remove(dir);
    g_free(dir);
    return status;
}
