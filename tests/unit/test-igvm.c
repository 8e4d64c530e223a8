/* SPDX-License-Identifier: MIT */
/* IGVM reader and writer: what a good file gives, and the message for each way to be bad. */
#include <glib.h>
#include <string.h>

#include "evtpm/snp.h"
#include "lib/igvm.h"
#include "lib/igvm_write.h"
#include "tests/unit/igvm-sample.h"

static void open_ok(const struct evtpm_blob *blob, struct igvm_file *file)
{
    struct evtpm_error err = { "" };

    if (igvm_open(blob->data, blob->size, file, &err) < 0) {
        g_error("%s", err.text);
    }
}

static void test_sample(void)
{
    static const uint32_t expected[] = {
        IGVM_VHT_SUPPORTED_PLATFORM, IGVM_VHT_GUEST_POLICY,
        IGVM_VHT_REQUIRED_MEMORY, IGVM_VHT_PARAMETER_AREA,
        IGVM_VHT_PARAMETER_AREA, IGVM_VHT_MEMORY_MAP, IGVM_VHT_VP_COUNT,
        IGVM_VHT_ENVIRONMENT_INFO, IGVM_VHT_COMMAND_LINE,
        IGVM_VHT_PARAMETER_INSERT, IGVM_VHT_PAGE_DATA, IGVM_VHT_PAGE_DATA,
        IGVM_VHT_PAGE_DATA, IGVM_VHT_PAGE_DATA, IGVM_VHT_PAGE_DATA,
        IGVM_VHT_PAGE_DATA, IGVM_VHT_PAGE_DATA, IGVM_VHT_ERROR_RANGE,
        IGVM_VHT_SNP_ID_BLOCK, IGVM_VHT_VP_CONTEXT,
    };
    struct evtpm_blob blob = { 0 };
    struct igvm_file file;
    struct igvm_header h;
    struct igvm_iter it;
    uint8_t page[4096];
    size_t n = 0;

    igvm_sample(&blob);
    igvm_sample_page(page);
    open_ok(&blob, &file);
    g_assert_cmpuint(file.platform_count, ==, 2);
    g_assert_cmphex(igvm_platform_mask(&file, IGVM_PLATFORM_SEV_SNP), ==, 1);
    g_assert_cmphex(igvm_platform_mask(&file, IGVM_PLATFORM_TDX), ==, 0);
    igvm_iter_init(&it, &file, SAMPLE_SNP);
    while (igvm_next(&it, &h)) {
        g_assert_cmpuint(n, <, G_N_ELEMENTS(expected));
        g_assert_cmphex(h.type, ==, expected[n++]);
        if (h.type == IGVM_VHT_PAGE_DATA &&
            h.u.page.gpa == SAMPLE_NORMAL_GPA) {
            g_assert_cmpmem(h.data, h.data_size, page, sizeof(page));
        } else if (h.type == IGVM_VHT_PAGE_DATA &&
                   h.u.page.gpa == SAMPLE_ZERO_GPA) {
            g_assert_null(h.data);
        } else if (h.type == IGVM_VHT_VP_CONTEXT) {
            g_assert_cmphex(h.u.vp.gpa, ==, SNP_INITIAL_VMSA_GPA);
            g_assert_cmpuint(h.data_size, ==, 4096);
        } else if (h.type == IGVM_VHT_SNP_ID_BLOCK) {
            g_assert_cmpuint(h.u.id_block.guest_svn, ==, 5);
        }
    }
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
    evtpm_blob_clear(&blob);
}

static void test_mask(void)
{
    struct evtpm_blob blob = { 0 };
    struct igvm_file file;
    struct igvm_header h;
    struct igvm_iter it;

    igvm_sample(&blob);
    open_ok(&blob, &file);
    igvm_iter_init(&it, &file, SAMPLE_NATIVE);
    while (igvm_next(&it, &h)) {
        g_assert_true(h.type != IGVM_VHT_PAGE_DATA &&
                      h.type != IGVM_VHT_VP_CONTEXT &&
                      h.type != IGVM_VHT_GUEST_POLICY);
    }
    evtpm_blob_clear(&blob);
}

/* Version 2's fixed header is 8 bytes longer. */
static void test_v2(void)
{
    struct igvm_fixed_header_v2 fixed = { .page_size = 4096 };
    const struct igvm_supported_platform platform = {
        .compatibility_mask = 1, .platform_type = IGVM_PLATFORM_SEV_SNP,
        .platform_version = 1 };
    const struct igvm_vhs vhs = { IGVM_VHT_SUPPORTED_PLATFORM,
                                  sizeof(platform) };
    uint8_t bytes[sizeof(fixed) + sizeof(vhs) + sizeof(platform)];
    struct evtpm_error err = { "" };
    struct igvm_file file;

    memcpy(bytes + sizeof(fixed), &vhs, sizeof(vhs));
    memcpy(bytes + sizeof(fixed) + sizeof(vhs), &platform, sizeof(platform));
    fixed.v1 = (struct igvm_fixed_header){
        .magic = IGVM_MAGIC, .format_version = 2,
        .variable_header_offset = sizeof(fixed),
        .variable_header_size = sizeof(vhs) + sizeof(platform),
        .total_file_size = sizeof(bytes) };
    fixed.v1.checksum = igvm_crc32(0, &fixed, sizeof(fixed));
    fixed.v1.checksum = igvm_crc32(fixed.v1.checksum, bytes + sizeof(fixed),
                                   fixed.v1.variable_header_size);
    memcpy(bytes, &fixed, sizeof(fixed));
    g_assert_cmpint(igvm_open(bytes, sizeof(bytes), &file, &err), ==, 0);
    g_assert_cmpuint(file.version, ==, 2);

    fixed.architecture = 1;
    memcpy(bytes, &fixed, sizeof(fixed));
    g_assert_cmpint(igvm_open(bytes, sizeof(bytes), &file, &err), ==, -1);
    g_assert_cmpstr(err.text, ==, "architecture 1 is not x64");
}

static void test_crc32(void)
{
    g_assert_cmphex(igvm_crc32(0, "123456789", 9), ==, 0xcbf43926);
    g_assert_cmphex(igvm_crc32(igvm_crc32(0, "1234", 4), "56789", 5), ==,
                    0xcbf43926);
}

/* One field of the sample is changed; type 0 is the fixed header. */
static const struct bad_row {
    const char *name;
    uint32_t type;
    int at; /* content offset; -8 and -4: the header's own type and length */
    uint8_t width;
    uint64_t value;
    const char *error; /* must be part of the message */
} bad_rows[] = {
    { "magic", 0, 0, 4, 0x12345678, "not an IGVM file: magic is 0x12345678" },
    { "version", 0, 4, 4, 3, "format version 3 is not supported" },
    { "header-offset-low", 0, 8, 4, 16, "do not fit the file" },
    { "header-offset-odd", 0, 8, 4, 28, "do not fit the file" },
    { "header-size", 0, 12, 4, 0xfffffff8, "do not fit the file" },
    { "header-size-cut", 0, 12, 4, 0x1c,
      "header type 0x0: the header section ends inside a header" },
    { "total-size", 0, 16, 4, 24, "its header says 24" },
    { "no-platform", 0, 12, 4, 0, "the file supports no platform" },
    { "platform-mask", 1, 0, 4, 3, "SUPPORTED_PLATFORM: mask 0x3 is not one" },
    { "platform-mask-0", 1, 0, 4, 0, "mask 0x0 is not one bit" },
    { "platform-mask-twice", 1, 0, 4, 2, "mask 0x2 is used twice" },
    { "platform-twice", 1, 5, 1, 0, "platform type 0 appears twice" },
    { "policy-rsvd", 0x101, 12, 4, 1, "GUEST_POLICY: a reserved field" },
    { "policy-mask-0", 0x101, 8, 4, 0, "compatibility mask is 0" },
    { "length", 0x101, -4, 4, 8, "GUEST_POLICY: length is 8, must be 16" },
    { "length-huge", 0x101, -4, 4, 0xfffffff9,
      "reaches beyond the header section" },
    { "type-unknown", 0x101, -8, 4, 0x1ff,
      "header type 0x1ff: unknown type and not optional" },
    { "type-order", 0x305, -8, 4, 1, "SUPPORTED_PLATFORM: length" },
    { "order", 0x302, -8, 4, 0x80000150, "out of section order" },
    { "padding", 0x304, 20, 1, 1, "VP_CONTEXT: padding is not zero" },
    { "required-gpa", 0x305, 0, 8, 0x100001, "is not page aligned" },
    { "required-size", 0x305, 12, 4, 0, "is not whole pages" },
    { "required-wrap", 0x305, 0, 8, 0xfffffffffffff000, "beyond 52 bits" },
    { "required-flags", 0x305, 16, 4, 2, "flags 0x2 are not all known" },
    { "required-rsvd", 0x305, 20, 4, 1, "a reserved field is not zero" },
    { "area-size", 0x301, 0, 8, 100, "is not whole pages up to 16 MiB" },
    { "area-huge", 0x301, 0, 8, 1ull << 40, "is not whole pages up to 16" },
    { "area-data", 0x301, 12, 4, 0xffffff, "is not in the data section" },
    { "area-index", 0x301, 8, 4, 7, "area 7 is declared twice" },
    { "parameter-area", 0x307, 0, 4, 3, "VP_COUNT: area 3 is not declared" },
    { "parameter-offset", 0x307, 4, 4, 4093, "is outside area 7" },
    { "parameter-offset-max", 0x30c, 4, 4, 0xffffffff, "is outside area 0" },
    { "insert-area", 0x303, 12, 4, 9, "area 9 is not declared" },
    { "insert-gpa", 0x303, 0, 8, 8, "PARAMETER_INSERT: GPA 0x8 is not page" },
    { "insert-on-page", 0x303, 0, 8, SAMPLE_NORMAL_GPA - 4096,
      "memory 0x100000 is given contents twice" },
    { "page-gpa", 0x302, 0, 8, 0x100800, "PAGE_DATA: GPA 0x100800 is not" },
    { "page-high", 0x302, 0, 8, 1ull << 52, "is beyond 52 bits" },
    { "page-offset-headers", 0x302, 12, 4, 64, "is not in the data section" },
    { "page-offset-end", 0x302, 12, 4, 0x2001, "reach beyond the file's end" },
    { "page-flags", 0x302, 16, 4, 8, "flags 0x8 are not all known" },
    { "page-type", 0x302, 20, 2, 4, "data type 4 is not known" },
    { "page-rsvd", 0x302, 22, 2, 1, "a reserved field is not zero" },
    { "page-2m", 0x302, 16, 4, 1, "reach beyond the file's end" },
    { "page-twice", 0x302, 0, 8, SAMPLE_ZERO_GPA,
      "memory 0x101000 is given contents twice" },
    { "page-in-2m", 0x302, 0, 8, SAMPLE_LARGE_GPA + 0x1ff000,
      "memory 0x5ff000 is given contents twice" },
    { "vp-data", 0x304, 12, 4, 0, "VP_CONTEXT: no file data" },
    { "vp-cut", 0x304, 12, 4, 0x2fff, "the VMSA is cut" },
    { "vp-mask", 0x304, 8, 4, 3, "names more than one platform" },
    { "vp-rsvd", 0x304, 18, 2, 1, "a reserved field is not zero" },
    { "error-range", 0x30d, 12, 4, 4097, "is not whole pages" },
    { "id-flag", 0x30b, 4, 1, 2, "author key flag is 2" },
    { "id-rsvd", 0x30b, 5, 1, 1, "a reserved field is not zero" },
};

static void test_bad(gconstpointer data)
{
    const struct bad_row *row = data;
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    struct igvm_file file;
    uint8_t *field;

    igvm_sample(&blob);
    field = blob.data + igvm_sample_find(&blob, row->type) + row->at;
    memcpy(field, &row->value, row->width);
    igvm_sample_checksum(&blob);
    g_assert_cmpint(igvm_open(blob.data, blob.size, &file, &err), ==, -1);
    if (!strstr(err.text, row->error)) {
        g_error("\"%s\" is not in \"%s\"", row->error, err.text);
    }
    g_assert_null(strchr(err.text, '\n'));
    evtpm_blob_clear(&blob);
}

/* A platform that is not declared cannot be loaded: its bit says nothing. */
static void test_undeclared(void)
{
    static const struct {
        uint32_t mask, seen;
    } rows[] = { { 1, 1 }, { 5, 1 }, { 4, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_blob blob = { 0 };
        struct igvm_file file;
        struct igvm_header h;
        struct igvm_iter it;
        unsigned policies = 0;

        igvm_sample(&blob);
        memcpy(blob.data + igvm_sample_find(&blob, IGVM_VHT_GUEST_POLICY) + 8,
               &rows[i].mask, sizeof(rows[i].mask));
        igvm_sample_checksum(&blob);
        open_ok(&blob, &file);
        igvm_iter_init(&it, &file, 1);
        while (igvm_next(&it, &h)) {
            policies += h.type == IGVM_VHT_GUEST_POLICY;
        }
        g_assert_cmpuint(policies, ==, rows[i].seen);
        evtpm_blob_clear(&blob);
    }
}

static void test_checksum(void)
{
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    struct igvm_file file;

    igvm_sample(&blob);
    blob.data[igvm_sample_find(&blob, IGVM_VHT_PAGE_DATA) + 1] ^= 0x40;
    g_assert_cmpint(igvm_open(blob.data, blob.size, &file, &err), ==, -1);
    g_assert_true(g_str_has_prefix(err.text, "checksum is 0x"));
    evtpm_blob_clear(&blob);
}

/* Cut anywhere before the VMSA's last used byte, also with a header that admits it. */
static void test_truncated(void)
{
    struct evtpm_blob blob = { 0 };
    size_t whole;

    igvm_sample(&blob);
    whole = blob.size - 4096 + 0x670; /* what follows is zero and may be absent */
    for (size_t size = 0; size < whole; size += size < 2048 ? 1 : 509) {
        struct evtpm_blob cut = { 0 };
        struct evtpm_error err = { "" };
        struct igvm_file file;
        uint32_t total = (uint32_t)size;

        g_assert_true(evtpm_blob_set(&cut, blob.data, size));
        g_assert_cmpint(igvm_open(cut.data, size, &file, &err), ==, -1);
        if (size >= sizeof(struct igvm_fixed_header)) {
            memcpy(cut.data + 16, &total, sizeof(total));
            igvm_sample_checksum(&cut);
            g_assert_cmpint(igvm_open(cut.data, size, &file, &err), ==, -1);
        }
        g_assert_cmpstr(err.text, !=, "");
        evtpm_blob_clear(&cut);
    }
    evtpm_blob_clear(&blob);
}

/* Equal pages are stored once; zero pages not at all. */
static void test_writer_merges(void)
{
    struct evtpm_blob blob = { 0 };
    struct igvm_fixed_header h;

    igvm_sample(&blob);
    memcpy(&h, blob.data, sizeof(h));
    g_assert_cmpuint(h.variable_header_size, <, 4096 - sizeof(h));
    /* headers, one data page used three times, the VMSA */
    g_assert_cmpuint(blob.size, ==, 3 * 4096);
    evtpm_blob_clear(&blob);
}

static void test_show(void)
{
    struct evtpm_blob blob = { 0 };
    struct igvm_file file;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    igvm_sample(&blob);
    open_ok(&blob, &file);
    igvm_show(&file, out);
    fclose(out);
    g_assert_nonnull(strstr(text, "PAGE_DATA            0x100000 2 pages "
                                  "normal (1 zero)\n"));
    g_assert_nonnull(strstr(text, "0x400000 512 pages normal (512 zero)\n"));
    g_assert_nonnull(strstr(text, "VP_CONTEXT           0xfffffffff000 vCPU "
                                  "0\n"));
    free(text);
    evtpm_blob_clear(&blob);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/igvm/sample", test_sample);
    g_test_add_func("/igvm/mask", test_mask);
    g_test_add_func("/igvm/v2", test_v2);
    g_test_add_func("/igvm/crc32", test_crc32);
    g_test_add_func("/igvm/undeclared", test_undeclared);
    g_test_add_func("/igvm/checksum", test_checksum);
    g_test_add_func("/igvm/truncated", test_truncated);
    g_test_add_func("/igvm/writer-merges", test_writer_merges);
    g_test_add_func("/igvm/show", test_show);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_rows); i++) {
        g_autofree char *path = g_strdup_printf("/igvm/bad/%s",
                                                bad_rows[i].name);

        g_test_add_data_func(path, &bad_rows[i], test_bad);
    }
    return g_test_run();
}
