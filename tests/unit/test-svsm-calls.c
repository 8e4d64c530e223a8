/* SPDX-License-Identifier: MIT */
/* Arguments of the guest's calls: PVALIDATE lists, attestation blocks, protocol queries. */
#include <glib.h>

#include "svsm/attest_call.h"
#include "svsm/pvalidate_list.h"
#include "svsm/request.h"

static void test_list_header(void)
{
    static const struct {
        guint64 gpa;
        guint16 entries, next;
        guint64 result;
    } rows[] = {
        { 0x1000, 1, 0, SVSM_SUCCESS },
        { 0x1000, 511, 0, SVSM_SUCCESS },
        { 0x1000, 512, 0, SVSM_ERR_INVALID_PARAMETER },
        { 0x1008, 510, 0, SVSM_SUCCESS }, /* in the calling area */
        { 0x1008, 511, 0, SVSM_ERR_INVALID_PARAMETER },
        { 0x1ff8, 1, 0, SVSM_ERR_INVALID_PARAMETER },
        { 0x1ff0, 1, 0, SVSM_SUCCESS },
        { 0x1000, 0, 0, SVSM_ERR_INVALID_PARAMETER },
        { 0x1000, 3, 3, SVSM_ERR_INVALID_PARAMETER },
        { 0x1000, 3, 2, SVSM_SUCCESS },
        { 0x1000, 3, 0xffff, SVSM_ERR_INVALID_PARAMETER },
        { 0x1000, 0xffff, 0, SVSM_ERR_INVALID_PARAMETER },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct svsm_pvalidate_hdr hdr = { rows[i].entries, rows[i].next,
                                                0 };

        g_test_message("row %zu", i);
        g_assert_cmphex(pvalidate_list_check(rows[i].gpa, &hdr), ==,
                        rows[i].result);
    }
}

static void test_list_entry(void)
{
    struct pvalidate_op op;

    g_assert_cmphex(pvalidate_entry_decode(0x5000 | 0x4, &op), ==, 0);
    g_assert_cmphex(op.gpa, ==, 0x5000);
    g_assert_cmphex(op.size, ==, 0x1000);
    g_assert_true(op.validate && !op.large && !op.ignore_unchanged);
    g_assert_cmphex(pvalidate_entry_decode(0x400000 | 0x9, &op), ==, 0);
    g_assert_cmphex(op.size, ==, 0x200000);
    g_assert_true(!op.validate && op.large && op.ignore_unchanged);
    /* 2M at a 4K address, sizes 2 and 3, each reserved bit */
    g_assert_cmphex(pvalidate_entry_decode(0x401000 | 0x1, &op), ==,
                    SVSM_ERR_INVALID_PARAMETER);
    g_assert_cmphex(pvalidate_entry_decode(0x5000 | 0x2, &op), ==,
                    SVSM_ERR_INVALID_PARAMETER);
    g_assert_cmphex(pvalidate_entry_decode(0x5000 | 0x3, &op), ==,
                    SVSM_ERR_INVALID_PARAMETER);
    for (guint bit = 4; bit < 12; bit++) {
        g_assert_cmphex(pvalidate_entry_decode(0x5000 | 1u << bit, &op), ==,
                        SVSM_ERR_INVALID_PARAMETER);
    }
}

/* A call stops in time even on the longest list, and never before its first entry. */
static void test_parts(void)
{
    g_assert_cmphex(pvalidate_entry_size(0x5000 | 0xc), ==, 0x1000);
    g_assert_cmphex(pvalidate_entry_size(0x400000 | 0xd), ==, 0x200000);
    g_assert_cmphex(PVALIDATE_CALL_MAX, ==, 0x2000000);
    g_assert_cmpuint(PVALIDATE_CALL_MAX, >, 511 * 0x1000);
}

static void test_result(void)
{
    struct pvalidate_op op = { .ignore_unchanged = false };

    g_assert_cmphex(pvalidate_result(SNP_OK, true, &op), ==, SVSM_SUCCESS);
    g_assert_cmphex(pvalidate_result(SNP_OK, false, &op), ==, 0x80001010);
    g_assert_cmphex(pvalidate_result(SNP_FAIL_INPUT, true, &op), ==,
                    0x80001001);
    g_assert_cmphex(pvalidate_result(SNP_FAIL_SIZEMISMATCH, false, &op), ==,
                    0x80001006);
    op.ignore_unchanged = true;
    g_assert_cmphex(pvalidate_result(SNP_OK, false, &op), ==, SVSM_SUCCESS);
    g_assert_cmphex(pvalidate_result(SNP_FAIL_PERMISSION, false, &op), ==,
                    0x80001002);
}

/* One field off at a time; then the block is good again */
static void test_attest(void)
{
    const struct svsm_attest_call good = {
        .report = { 0x1000, 0x1000, 0 },
        .nonce = { 0x2fc0, 64, 0 },
        .manifest = { 0x3000, 0x1000, 0 },
        .certificates = { 0x4000, 0x4000, 0 },
    };
    struct svsm_attest_call c;

#define REFUSED(member, value, single)                       \
    do {                                                     \
        c = good;                                            \
        c.member = (value);                                  \
        g_assert_false(attest_call_valid(&c, single));       \
    } while (0)
    g_assert_true(attest_call_valid(&good, false));
    g_assert_true(attest_call_valid(&good, true));
    REFUSED(report.gpa, 0x1008, false);
    REFUSED(report.rsvd, 1, false);
    REFUSED(nonce.len, 63, false);
    REFUSED(nonce.len, 65, false);
    REFUSED(nonce.gpa, 0x2fc1, false);
    REFUSED(nonce.rsvd, 1, false);
    REFUSED(manifest.gpa, 0x3010, false);
    REFUSED(certificates.gpa, 0x4001, false);
    REFUSED(service_version, 1, true);
    REFUSED(rsvd_54, 1, true);
#undef REFUSED
    c = good;
    c.certificates = (struct svsm_attest_buf){ 1, 0, 0 };
    g_assert_true(attest_call_valid(&c, false));
    c.certificates = (struct svsm_attest_buf){ 0, 0, 1 };
    g_assert_false(attest_call_valid(&c, false));
    c = good;
    c.service_version = 1; /* not part of SERVICES */
    g_assert_true(attest_call_valid(&c, false));
    g_assert_cmpuint(attest_call_size(SVSM_ATTEST_SERVICES), ==, 0x40);
    g_assert_cmpuint(attest_call_size(SVSM_ATTEST_SINGLE_SERVICE), ==, 0x58);
    g_assert_cmpuint(attest_call_size(2), ==, 0);
}

static void test_query(void)
{
    static const struct {
        guint32 protocol, version;
        guint64 rcx;
    } rows[] = {
        { SVSM_PROTOCOL_CORE, 1, 0x100000001 },
        { SVSM_PROTOCOL_ATTEST, 1, 0x100000001 },
        { SVSM_PROTOCOL_VTPM, 1, 0x100000001 },
        { SVSM_PROTOCOL_CORE, 0, 0 },
        { SVSM_PROTOCOL_CORE, 2, 0 },
        { SVSM_PROTOCOL_APIC, 1, 0 },
        { 4, 1, 0 },
        { 0xffffffff, 1, 0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmphex(request_query_protocol((guint64)rows[i].protocol << 32 |
                                               rows[i].version),
                        ==, rows[i].rcx);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/calls/pvalidate-header", test_list_header);
    g_test_add_func("/svsm/calls/pvalidate-entry", test_list_entry);
    g_test_add_func("/svsm/calls/pvalidate-parts", test_parts);
    g_test_add_func("/svsm/calls/pvalidate-result", test_result);
    g_test_add_func("/svsm/calls/attest", test_attest);
    g_test_add_func("/svsm/calls/query", test_query);
    return g_test_run();
}
