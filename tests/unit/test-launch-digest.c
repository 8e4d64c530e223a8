/* SPDX-License-Identifier: MIT */
/* Launch digest: each step against bytes put together by hand, and a whole file against the chain. */
#include <glib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "evtpm/igvm.h"
#include "lib/launch_digest.h"
#include "tests/unit/igvm-sample.h"

static void sha384(const void *data, size_t size, uint8_t out[48])
{
    g_assert_cmpint(gnutls_hash_fast(GNUTLS_DIG_SHA384, data, size, out), ==,
                    0);
}

/* The step again, by offsets instead of by the structure. */
static void chain(uint8_t ld[48], uint8_t type, uint64_t gpa,
                  const uint8_t *page)
{
    uint8_t info[112] = { 0 };

    memcpy(info, ld, 48);
    if (page) {
        sha384(page, 4096, info + 48);
    }
    info[96] = 112;
    info[98] = type;
    for (int i = 0; i < 8; i++) {
        info[104 + i] = (uint8_t)(gpa >> (8 * i));
    }
    sha384(info, sizeof(info), ld);
}

static void test_step(void)
{
    static const uint8_t types[] = { 1, 2, 3, 4, 5, 6 };
    uint8_t page[4096], ld[48] = { 0 };
    struct launch_digest digest;
    struct evtpm_error err;

    igvm_sample_page(page);
    launch_digest_init(&digest);
    for (size_t i = 0; i < sizeof(types); i++) {
        uint64_t gpa = 0xfedcba9876000ull + i * 4096;
        bool contents = types[i] <= 2;

        g_assert_cmpint(launch_digest_page(&digest, types[i], gpa, page, &err),
                        ==, 0);
        chain(ld, types[i], gpa, contents ? page : NULL);
        g_assert_cmpmem(digest.ld, 48, ld, 48);
    }
}

/* A NULL page counts as 4096 zero bytes, not as no contents. */
static void test_zero_page(void)
{
    static const uint8_t zero[4096];
    struct launch_digest a, b;
    uint8_t ld[48] = { 0 };
    struct evtpm_error err;

    launch_digest_init(&a);
    launch_digest_init(&b);
    launch_digest_page(&a, SNP_PAGE_TYPE_NORMAL, 0x1000, NULL, &err);
    launch_digest_page(&b, SNP_PAGE_TYPE_NORMAL, 0x1000, zero, &err);
    chain(ld, 1, 0x1000, zero);
    g_assert_cmpmem(a.ld, 48, ld, 48);
    g_assert_cmpmem(b.ld, 48, ld, 48);
}

/* Two NORMAL zero pages at 0 and 4096, computed once with Python's hashlib. */
static void test_known(void)
{
    static const char expected[] =
        "788fcd12cf2a62b8661cf2440e0b2650d4e6133a6b8ad44e"
        "0e1db720788cb40e183dbcd8da4a097dc96cd73609d2d2fe";
    struct launch_digest digest;
    struct evtpm_error err;
    char hex[97];

    launch_digest_init(&digest);
    launch_digest_page(&digest, SNP_PAGE_TYPE_NORMAL, 0, NULL, &err);
    launch_digest_page(&digest, SNP_PAGE_TYPE_NORMAL, 4096, NULL, &err);
    g_assert_cmpstr(evtpm_hex(hex, sizeof(hex), digest.ld, 48), ==, expected);
}

/* What the sample file must measure to, written down page by page. */
static void sample_chain(const struct evtpm_blob *blob, uint8_t ld[48])
{
    static const uint8_t zero[4096];
    uint8_t page[4096];

    memset(ld, 0, 48);
    igvm_sample_page(page);
    chain(ld, 4, SAMPLE_AREA_GPA, NULL);
    chain(ld, 4, SAMPLE_AREA_GPA + 4096, NULL);
    chain(ld, 1, SAMPLE_NORMAL_GPA, page);
    chain(ld, 1, SAMPLE_ZERO_GPA, zero);
    chain(ld, 4, SAMPLE_UNMEASURED_GPA, NULL);
    chain(ld, 5, SAMPLE_SECRETS_GPA, NULL);
    chain(ld, 6, SAMPLE_CPUID_GPA, NULL);
    for (unsigned int i = 0; i < 512; i++) {
        chain(ld, 1, SAMPLE_LARGE_GPA + i * 4096, zero);
    }
    chain(ld, 2, 0xfffffffff000, blob->data + blob->size - 4096);
}

static void measure(const struct evtpm_blob *blob, uint8_t ld[48])
{
    struct evtpm_error err = { "" };
    struct launch_digest digest;
    struct igvm_file file;

    if (igvm_open(blob->data, blob->size, &file, &err) < 0 ||
        igvm_launch_digest(&file, IGVM_PLATFORM_SEV_SNP, &digest, &err) < 0) {
        g_error("%s", err.text);
    }
    memcpy(ld, digest.ld, 48);
}

static void test_file(void)
{
    struct evtpm_blob blob = { 0 };
    uint8_t expected[48], got[48];

    igvm_sample(&blob);
    sample_chain(&blob, expected);
    measure(&blob, got);
    g_assert_cmpmem(got, 48, expected, 48);

    /* one bit of a measured page counts: it stands right behind the headers */
    blob.data[4096 + 100] ^= 1;
    measure(&blob, got);
    g_assert_cmpint(memcmp(got, expected, 48), !=, 0);
    evtpm_blob_clear(&blob);
}

/* The VP context comes last although it stands before the pages here. */
static void test_vp_last(void)
{
    struct evtpm_blob blob = { 0 };
    uint8_t expected[48], got[48], vp[32], *vp_at, *page_at;

    igvm_sample(&blob);
    measure(&blob, expected);
    page_at = blob.data + igvm_sample_find(&blob, IGVM_VHT_PAGE_DATA) - 8;
    vp_at = blob.data + igvm_sample_find(&blob, IGVM_VHT_VP_CONTEXT) - 8;
    memcpy(vp, vp_at, sizeof(vp));
    memmove(page_at + sizeof(vp), page_at, (size_t)(vp_at - page_at));
    memcpy(page_at, vp, sizeof(vp));
    igvm_sample_checksum(&blob);
    measure(&blob, got);
    g_assert_cmpmem(got, 48, expected, 48);
    evtpm_blob_clear(&blob);
}

static void test_platform(void)
{
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    struct launch_digest digest;
    struct igvm_file file;

    igvm_sample(&blob);
    g_assert_cmpint(igvm_open(blob.data, blob.size, &file, &err), ==, 0);
    g_assert_cmpint(igvm_launch_digest(&file, IGVM_PLATFORM_TDX, &digest, &err),
                    ==, -1);
    g_assert_cmpstr(err.text, ==, "the file does not support platform TDX");
    evtpm_blob_clear(&blob);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/launch-digest/step", test_step);
    g_test_add_func("/launch-digest/zero-page", test_zero_page);
    g_test_add_func("/launch-digest/known", test_known);
    g_test_add_func("/launch-digest/file", test_file);
    g_test_add_func("/launch-digest/vp-last", test_vp_last);
    g_test_add_func("/launch-digest/platform", test_platform);
    return g_test_run();
}
