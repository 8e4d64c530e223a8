/* SPDX-License-Identifier: MIT */
/* Reports: form, signature, TCB versions by product. */
#include <glib.h>
#include <string.h>

#include "lib/blob.h"
#include "lib/report.h"

static gnutls_privkey_t private_key;
static gnutls_pubkey_t public_key;

static void make_keys(void)
{
    g_assert_cmpint(gnutls_privkey_init(&private_key), ==, 0);
    g_assert_cmpint(gnutls_privkey_generate(
                        private_key, GNUTLS_PK_ECDSA,
                        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), 0),
                    ==, 0);
    g_assert_cmpint(gnutls_pubkey_init(&public_key), ==, 0);
    g_assert_cmpint(gnutls_pubkey_import_privkey(public_key, private_key, 0, 0),
                    ==, 0);
}

static struct snp_attestation_report good_report(void)
{
    struct snp_attestation_report report = {
        .version = 3,
        .policy = SNP_POLICY_DEFAULT,
        .signature_algo = SNP_ALGO_ECDSA_P384_SHA384,
        .cpuid_fam_id = 0x19,
    };

    return report;
}

static void test_form(void)
{
    struct snp_attestation_report report = good_report(), out;
    static const struct {
        size_t offset;
        uint8_t value;
        const char *words;
    } rows[] = {
        { 0x00, 1, "version 1 is not known" },
        { 0x00, 6, "version 6 is not known" },
        { 0x34, 0, "algorithm 0 is not ECDSA" },
        { 0x48, 0x20, "0x20 has reserved bits" },
        { 0x4b, 0x80, "0x80000000 has reserved bits" },
        { 0x30, 4, "VMPL 4 does not exist" },
    };
    struct evtpm_error err = { "" };

    g_assert_cmpint(snp_report_parse(&report, sizeof(report), &out, &err), ==,
                    0);
    g_assert_cmpmem(&out, sizeof(out), &report, sizeof(report));
    for (unsigned version = 2; version <= 5; version++) {
        report.version = version;
        g_assert_cmpint(snp_report_parse(&report, sizeof(report), &out, &err),
                        ==, 0);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        report = good_report();
        ((uint8_t *)&report)[rows[i].offset] = rows[i].value;
        g_assert_cmpint(snp_report_parse(&report, sizeof(report), &out, &err),
                        ==, -1);
        g_assert_nonnull(strstr(err.text, rows[i].words));
    }
    report = good_report();
    g_assert_cmpint(snp_report_parse(&report, 1183, &out, &err), ==, -1);
    g_assert_nonnull(strstr(err.text, "1183 bytes"));
    g_assert_cmpint(snp_report_parse(NULL, 0, &out, NULL), ==, -1);
}

/* One bit anywhere in the signed part or the signature; the reserved tail is
 * not signed. */
static void test_signature(void)
{
    struct snp_attestation_report report = good_report();
    struct evtpm_error err = { "" };
    uint8_t *bytes = (uint8_t *)&report;

    g_assert_cmpint(snp_report_sign(&report, private_key, &err), ==, 0);
    g_assert_cmpint(snp_report_verify(&report, public_key, &err), ==, 0);
    for (size_t i = 0; i < SNP_REPORT_SIGNED_SIZE + 144; i += 13) {
        bytes[i] ^= 0x10;
        g_assert_cmpint(snp_report_verify(&report, public_key, &err), ==, -1);
        bytes[i] ^= 0x10;
    }
    bytes[SNP_REPORT_SIZE - 1] ^= 1;
    g_assert_cmpint(snp_report_verify(&report, public_key, &err), ==, 0);

    memset(report.sig_r, 0, sizeof(report.sig_r));
    memset(report.sig_s, 0, sizeof(report.sig_s));
    g_assert_cmpint(snp_report_verify(&report, public_key, &err), ==, -1);
}

/* Short values of r and s come up once in 256: their bytes must keep their
 * places. */
static void test_signature_many(void)
{
    struct snp_attestation_report report = good_report();
    struct evtpm_error err = { "" };
    gboolean short_value = FALSE;

    for (int i = 0; i < 3000 && !short_value; i++) {
        memcpy(report.report_data, &i, sizeof(i));
        g_assert_cmpint(snp_report_sign(&report, private_key, &err), ==, 0);
        short_value = report.sig_r[47] == 0 || report.sig_s[47] == 0;
        if (short_value || i < 20) {
            g_assert_cmpint(snp_report_verify(&report, public_key, &err), ==,
                            0);
        }
        for (int k = 48; k < 72; k++) {
            g_assert_cmpint(report.sig_r[k] | report.sig_s[k], ==, 0);
        }
    }
    g_assert_true(short_value);
}

static void test_id_key(void)
{
    struct snp_ecdsa_key key;
    uint8_t r[72], s[72];
    gnutls_pubkey_t back;

    g_assert_cmpint(snp_ecdsa_key_export(public_key, &key), ==, 0);
    g_assert_cmpuint(key.curve, ==, SNP_CURVE_P384);
    back = snp_ecdsa_key_import(&key);
    g_assert_nonnull(back);
    g_assert_cmpint(snp_ecdsa_sign("text", 4, private_key, r, s, NULL), ==, 0);
    g_assert_cmpint(snp_ecdsa_verify("text", 4, back, r, s, NULL), ==, 0);
    g_assert_cmpint(snp_ecdsa_verify("next", 4, back, r, s, NULL), ==, -1);
    gnutls_pubkey_deinit(back);

    key.qx[3] ^= 1; /* off the curve: may be read, verifies nothing */
    back = snp_ecdsa_key_import(&key);
    if (back) {
        g_assert_cmpint(snp_ecdsa_verify("text", 4, back, r, s, NULL), ==, -1);
        gnutls_pubkey_deinit(back);
    }
    key.qx[71] = 1;
    g_assert_null(snp_ecdsa_key_import(&key));
    key.qx[71] = 0;
    key.curve = 1;
    g_assert_null(snp_ecdsa_key_import(&key));
}

static void test_tcb(void)
{
    static const uint8_t milan[8] = { 4, 1, 0, 0, 0, 0, 24, 219 };
    static const uint8_t turin[8] = { 9, 4, 1, 24, 0, 0, 0, 219 };
    struct snp_tcb tcb;
    uint8_t raw[8];
    char text[128];

    tcb = snp_tcb_decode(SNP_PRODUCT_MILAN, milan);
    g_assert_cmpstr(snp_tcb_format(SNP_PRODUCT_MILAN, &tcb, text, sizeof(text)),
                    ==, "bootloader 4, tee 1, snp 24, microcode 219");
    snp_tcb_encode(SNP_PRODUCT_MILAN, &tcb, raw);
    g_assert_cmpmem(raw, 8, milan, 8);

    tcb = snp_tcb_decode(SNP_PRODUCT_TURIN, turin);
    g_assert_cmpstr(snp_tcb_format(SNP_PRODUCT_TURIN, &tcb, text, sizeof(text)),
                    ==, "fmc 9, bootloader 4, tee 1, snp 24, microcode 219");
    snp_tcb_encode(SNP_PRODUCT_TURIN, &tcb, raw);
    g_assert_cmpmem(raw, 8, turin, 8);
}

/* Component by component: as integers the last row would pass. */
static void test_tcb_compare(void)
{
    static const struct {
        struct snp_tcb tcb, floor;
        gboolean enough;
    } rows[] = {
        { { 0, 4, 0, 24, 219 }, { 0, 4, 0, 24, 219 }, TRUE },
        { { 0, 5, 1, 25, 220 }, { 0, 4, 0, 24, 219 }, TRUE },
        { { 1, 4, 0, 24, 219 }, { 2, 4, 0, 24, 219 }, FALSE },
        { { 0, 3, 0, 24, 219 }, { 0, 4, 0, 24, 219 }, FALSE },
        { { 0, 4, 0, 24, 219 }, { 0, 4, 1, 24, 219 }, FALSE },
        { { 0, 4, 0, 23, 219 }, { 0, 4, 0, 24, 219 }, FALSE },
        { { 0, 4, 0, 24, 218 }, { 0, 4, 0, 24, 219 }, FALSE },
        { { 0, 4, 0, 23, 255 }, { 0, 4, 0, 24, 0 }, FALSE },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(snp_tcb_at_least(&rows[i].tcb, &rows[i].floor), ==,
                        rows[i].enough);
    }
}

static void test_product(void)
{
    static const struct {
        uint8_t version, family, model;
        gboolean known;
        enum snp_product product;
    } rows[] = {
        { 3, 0x19, 0x00, TRUE, SNP_PRODUCT_MILAN },
        { 3, 0x19, 0x0f, TRUE, SNP_PRODUCT_MILAN },
        { 3, 0x19, 0x10, TRUE, SNP_PRODUCT_GENOA },
        { 5, 0x19, 0xa0, TRUE, SNP_PRODUCT_GENOA },
        { 3, 0x19, 0x20, FALSE, 0 },
        { 3, 0x1a, 0x11, TRUE, SNP_PRODUCT_TURIN },
        { 3, 0x1a, 0x50, FALSE, 0 },
        { 3, 0x17, 0x01, FALSE, 0 },
        { 2, 0x19, 0x01, FALSE, 0 }, /* version 2 has no such fields */
    };
    struct snp_attestation_report report = { 0 };
    enum snp_product product;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        report.version = rows[i].version;
        report.cpuid_fam_id = rows[i].family;
        report.cpuid_mod_id = rows[i].model;
        g_assert_cmpint(snp_report_product(&report, &product), ==,
                        rows[i].known);
        if (rows[i].known) {
            g_assert_cmpint(product, ==, rows[i].product);
        }
    }
    report.chip_id[7] = 1;
    g_assert_true(snp_report_product(&report, &product));
    g_assert_cmpint(product, ==, SNP_PRODUCT_TURIN);
    report.chip_id[8] = 1;
    g_assert_false(snp_report_product(&report, &product));
}

static void test_product_names(void)
{
    enum snp_product product;

    for (int i = 0; i < SNP_PRODUCT_COUNT; i++) {
        g_assert_true(snp_product_parse(snp_product_name(i), &product));
        g_assert_cmpint(product, ==, i);
    }
    g_assert_true(snp_product_parse("milan-B0", &product));
    g_assert_cmpint(product, ==, SNP_PRODUCT_MILAN);
    g_assert_false(snp_product_parse("Mila", &product));
    g_assert_false(snp_product_parse("Milano", &product));
    g_assert_false(snp_product_parse("", &product));
    g_assert_null(snp_product_name(SNP_PRODUCT_COUNT));
}

static void test_hex(void)
{
    uint8_t bytes[4];
    char text[9], cut[6];

    g_assert_true(evtpm_unhex(bytes, 4, "00ffA5e1"));
    g_assert_cmpstr(evtpm_hex(text, sizeof(text), bytes, 4), ==, "00ffa5e1");
    g_assert_cmpstr(evtpm_hex(cut, sizeof(cut), bytes, 4), ==, "00...");
    g_assert_false(evtpm_unhex(bytes, 4, "00ffa5e"));
    g_assert_false(evtpm_unhex(bytes, 4, "00ffa5eg"));
    g_assert_false(evtpm_unhex(bytes, 4, "00ffa5e1e"));
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    make_keys();
    g_test_add_func("/report/form", test_form);
    g_test_add_func("/report/signature", test_signature);
    g_test_add_func("/report/signature/short-values", test_signature_many);
    g_test_add_func("/report/id-key", test_id_key);
    g_test_add_func("/report/tcb", test_tcb);
    g_test_add_func("/report/tcb/compare", test_tcb_compare);
    g_test_add_func("/report/product", test_product);
    g_test_add_func("/report/product/names", test_product_names);
    g_test_add_func("/report/hex", test_hex);
    status = g_test_run();
    gnutls_privkey_deinit(private_key);
    gnutls_pubkey_deinit(public_key);
    return status;
}
