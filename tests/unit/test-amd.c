/* SPDX-License-Identifier: MIT */
/*
 * Reports of AMD hardware under the roots that AMD publishes (tests/data/amd),
 * and what a Turin and report version 5 have that those lack, by an emulated
 * chip. Each is judged as it is, then with one thing wrong.
 */
#include <glib.h>
#include <string.h>

#include "harness/tree.h"
#include "lib/bundle.h"
#include "lib/verify.h"
#include "tests/unit/evidence-change.h"

struct row {
    const char *name, *report, *leaf, *chain;
    time_t now; /* when all certificates are valid */
    enum snp_product product;
    unsigned version, vmpl;
    gboolean vlek, debug;
    const char *chip; /* detail of the link "chip" */
};
static const struct row rows[] = {
    { "milan-v2", "milan-v2-report.bin", "milan-v2-vcek.der",
      "milan-ask-ark.pem", 1700000000, SNP_PRODUCT_MILAN, 2, 0, FALSE, FALSE,
      "Milan-B0, bootloader 3, tee 0, snp 8, microcode 115" },
    { "milan-v2-debug", "milan-v2-debug-report.bin", "milan-v2-debug-vcek.der",
      "milan-ask-ark.pem", 1700000000, SNP_PRODUCT_MILAN, 2, 0, FALSE, TRUE,
      "Milan-B0, bootloader 2, tee 0, snp 5, microcode 68" },
    { "milan-v3", "milan-v3-report.bin", "milan-v3-vcek.der",
      "milan-ask-ark.pem", 1740000000, SNP_PRODUCT_MILAN, 3, 0, FALSE, FALSE,
      "Milan-B0, bootloader 4, tee 0, snp 24, microcode 219" },
    { "genoa-v3", "genoa-v3-report.bin", "genoa-v3-vcek.der",
      "genoa-ask-ark.pem", 1740000000, SNP_PRODUCT_GENOA, 3, 0, FALSE, FALSE,
      "Genoa, bootloader 10, tee 0, snp 23, microcode 84" },
    { "milan-v3-vlek", "milan-v3-vlek-report.bin", "milan-v3-vlek.der",
      "milan-asvk-ark.pem", 1740000000, SNP_PRODUCT_MILAN, 3, 1, TRUE, FALSE,
      "Milan, bootloader 4, tee 0, snp 24, microcode 217, a key of "
      "CN=cc-us-east-2.amazonaws.com" },
};

static void read_data(const char *name, struct evtpm_blob *out)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "tests", "data", "amd", name, NULL);
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_file_get_contents(path, &data, &size, &error);
    g_assert_no_error(error);
    g_assert_true(evtpm_blob_set(out, data, size));
}

static void add_chain(struct evtpm_chain *chain, const char *name)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 };

    read_data(name, &file);
    if (evtpm_chain_add(chain, file.data, file.size, &err) < 0) {
        g_error("%s: %s", name, err.text);
    }
    evtpm_blob_clear(&file);
}

/* A report and who vouches for it; the rest of evidence is not there. */
struct judged {
    struct evtpm_evidence evidence;
    struct evtpm_chain chain;
    struct evtpm_policy policy;
    struct evtpm_result result;
};

static void load(struct judged *j, const struct row *row)
{
    memset(j, 0, sizeof(*j));
    read_data(row->report, &j->evidence.report);
    add_chain(&j->chain, row->leaf);
    add_chain(&j->chain, row->chain);
    j->policy.certificates = &j->chain;
    j->policy.now = row->now;
}

static void unload(struct judged *j)
{
    evtpm_evidence_clear(&j->evidence);
    evtpm_chain_clear(&j->chain);
}

static void judge(struct judged *j)
{
    evtpm_verify(&j->evidence, &j->policy, &j->result);
}

static void expect(const struct judged *j, enum evtpm_link link,
                   enum evtpm_status status, const char *words)
{
    const struct evtpm_link_result *r = &j->result.link[link];

    g_test_message("%s: %s", evtpm_link_name(link), r->detail);
    g_assert_cmpint(r->status, ==, status);
    g_assert_nonnull(strstr(r->detail, words));
}

static void test_good(gconstpointer data)
{
    const struct row *row = data;
    g_autofree char *form = g_strdup_printf("version %u, %s", row->version,
                                            row->vlek ? "VLEK" : "VCEK");
    g_autofree char *vmpl =
        row->vmpl ? g_strdup_printf("seen VMPL %u, wanted 0", row->vmpl)
                  : g_strdup("VMPL 0");
    struct judged j;

    load(&j, row);
    judge(&j);
    expect(&j, EVTPM_LINK_ROOT, EVTPM_PASSED, "a root of AMD's");
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_PASSED,
           row->vlek ? "ARK, ASVK, " : "ARK, ASK, ");
    expect(&j, EVTPM_LINK_REPORT_SIGNATURE, EVTPM_PASSED, "ECDSA P-384");
    expect(&j, EVTPM_LINK_REPORT_FORM, EVTPM_PASSED, form);
    expect(&j, EVTPM_LINK_CHIP, EVTPM_PASSED, row->chip);
    expect(&j, EVTPM_LINK_TCB, EVTPM_PASSED, "no minimum");
    expect(&j, EVTPM_LINK_POLICY, row->debug ? EVTPM_FAILED : EVTPM_PASSED,
           row->debug ? "lets the host debug the VM" : "policy 0x30");
    expect(&j, EVTPM_LINK_VMPL, row->vmpl ? EVTPM_FAILED : EVTPM_PASSED, vmpl);
    g_assert_false(j.result.emulated);
    unload(&j);
}

/* Every byte that is signed, then of the signature those that hold r and s */
static void test_altered(gconstpointer data)
{
    const struct row *row = data;
    struct judged j;

    load(&j, row);
    for (size_t at = 0; at < SNP_REPORT_SIGNED_SIZE + 120; at += 13) {
        j.evidence.report.data[at] ^= 0x10;
        judge(&j);
        g_assert_cmpint(j.result.failed, <=, EVTPM_LINK_REPORT_SIGNATURE);
        g_assert_cmpint(j.result.link[EVTPM_LINK_REPORT_SIGNATURE].status, !=,
                        EVTPM_PASSED);
        j.evidence.report.data[at] ^= 0x10;
    }
    judge(&j);
    expect(&j, EVTPM_LINK_REPORT_SIGNATURE, EVTPM_PASSED, "");
    unload(&j);
}

/* The floor is the product's own, and met exactly or not by one. */
static void test_floor(gconstpointer data)
{
    const struct row *row = data;
    struct snp_tcb floors[SNP_PRODUCT_COUNT] = { { 0 } };
    const struct snp_attestation_report *report;
    struct judged j;

    load(&j, row);
    report = (const void *)j.evidence.report.data;
    floors[row->product] = snp_tcb_decode(row->product, report->reported_tcb);
    j.policy.tcb_floors = floors;
    j.policy.tcb_products = 1u << row->product;
    judge(&j);
    expect(&j, EVTPM_LINK_TCB, EVTPM_PASSED, "bootloader");
    floors[row->product].microcode++;
    judge(&j);
    expect(&j, EVTPM_LINK_TCB, EVTPM_FAILED, "wanted at least");
    j.policy.tcb_products = 1u << SNP_PRODUCT_TURIN;
    judge(&j);
    expect(&j, EVTPM_LINK_TCB, EVTPM_FAILED, "the policy has no minimum for");
    unload(&j);
}

static void test_other_root(void)
{
    struct judged j;

    load(&j, &rows[0]);
    evtpm_blob_clear(&j.chain.ark);
    evtpm_blob_clear(&j.chain.ask);
    add_chain(&j.chain, "genoa-ask-ark.pem");
    judge(&j);
    expect(&j, EVTPM_LINK_ROOT, EVTPM_PASSED, "ARK-Genoa");
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_FAILED,
           "VCEK names another issuer than this ASK");
    unload(&j);
}

static void test_other_chip(void)
{
    struct judged j;

    load(&j, &rows[0]);
    evtpm_blob_clear(&j.chain.vcek);
    add_chain(&j.chain, rows[1].leaf);
    judge(&j);
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_PASSED, "ARK, ASK, ");
    expect(&j, EVTPM_LINK_REPORT_SIGNATURE, EVTPM_FAILED,
           "signed by another chip's key");
    expect(&j, EVTPM_LINK_CHIP, EVTPM_FAILED,
           "the VCEK is another chip's: chip id");
    unload(&j);
}

static void test_expired(void)
{
    struct judged j;

    load(&j, &rows[4]);
    j.policy.now = 1800000000;
    judge(&j);
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_FAILED, "VLEK expired on 2025-12-10");
    unload(&j);
}

/* A VLEK's report needs a VLEK under an ASVK: neither a VCEK nor an ASK does.
 */
static void test_vlek(void)
{
    struct judged j;
    struct evtpm_blob vlek = { 0 };

    load(&j, &rows[4]);
    change_put(&vlek, &j.chain.vlek);
    evtpm_blob_clear(&j.chain.vlek);
    add_chain(&j.chain, rows[2].leaf);
    judge(&j);
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_FAILED, "VLEK: certificate is missing");

    change_put(&j.chain.vlek, &j.chain.vcek);
    judge(&j);
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_FAILED,
           "VLEK names another issuer than this ASVK");
    expect(&j, EVTPM_LINK_CHIP, EVTPM_FAILED,
           "VLEK does not name its provider");

    change_put(&j.chain.vlek, &vlek);
    evtpm_blob_clear(&j.chain.ask);
    evtpm_blob_clear(&j.chain.ark);
    add_chain(&j.chain, "milan-ask-ark.pem");
    judge(&j);
    expect(&j, EVTPM_LINK_CHAIN, EVTPM_FAILED,
           "VLEK names another issuer than this ASVK");
    evtpm_blob_clear(&vlek);
    unload(&j);
}

/* All six chains end in the same three roots; the ASVK's table entry is the
 * ASK's. */
static void test_chains(void)
{
    static const char *const names[] = {
        "milan-ask-ark.pem",  "milan-asvk-ark.pem", "genoa-ask-ark.pem",
        "genoa-asvk-ark.pem", "turin-ask-ark.pem",  "turin-asvk-ark.pem",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct evtpm_chain chain = { 0 };

        add_chain(&chain, names[i]);
        g_assert_true(evtpm_cert_is_amd_root(&chain.ark));
        g_assert_false(evtpm_cert_is_emulated(&chain.ark));
        g_assert_cmpuint(chain.ask.size, >, 0);
        chain.ark.data[chain.ark.size - 1] ^= 1;
        g_assert_false(evtpm_cert_is_amd_root(&chain.ark));
        evtpm_chain_clear(&chain);
    }
}

/* Turin: eight bytes of identity, an FMC, another order of the TCB's bytes */
static void test_turin_vcek(void)
{
    struct evtpm_chain chain = { 0 };
    struct evtpm_vcek_info info;
    struct evtpm_error err = { "" };
    gnutls_x509_crt_t crt;

    add_chain(&chain, "turin-ask-ark.pem");
    add_chain(&chain, "turin-vcek.der");
    g_assert_cmpint(evtpm_chain_verify(&chain, 1740000000, &err), ==, 0);
    crt = evtpm_cert_import(&chain.vcek, &err);
    g_assert_nonnull(crt);
    g_assert_cmpint(evtpm_vcek_read(crt, &info, &err), ==, 0);
    g_assert_cmpint(info.product, ==, SNP_PRODUCT_TURIN);
    g_assert_cmpstr(info.product_name, ==, "Turin");
    g_assert_cmpuint(info.hwid_size, ==, 8);
    g_assert_cmphex(info.hwid[0], ==, 0x1e);
    g_assert_cmphex(info.hwid[7], ==, 0x4d);
    g_assert_cmpuint(info.tcb.microcode, ==, 9);
    gnutls_x509_crt_deinit(crt);
    evtpm_chain_clear(&chain);
}

static void test_bundle(void)
{
    struct evtpm_chain chain = { 0 };
    struct evtpm_blob file = { 0 };
    struct evtpm_error err = { "" };

    add_chain(&chain, "milan-ask-ark.pem");
    read_data("milan-asvk-ark.pem", &file);
    g_assert_cmpint(evtpm_chain_add(&chain, file.data, file.size, &err), <, 0);
    g_assert_cmpstr(err.text, ==,
                    "there are two certificates of an ASK or ASVK");
    g_assert_cmpint(evtpm_chain_add(&chain, "text", 4, &err), <, 0);
    g_assert_nonnull(strstr(err.text, "not a certificate"));
    evtpm_blob_clear(&file);
    evtpm_chain_clear(&chain);
}

/* The members that reports gained, by a chip that can make them */
static void make_report(const struct evtpm_chip *chip, unsigned version,
                        struct snp_attestation_report *r)
{
    struct snp_fms fms = snp_product_fms(chip->product);

    memset(r, 0, sizeof(*r));
    r->version = version;
    r->signature_algo = SNP_ALGO_ECDSA_P384_SHA384;
    r->policy = SNP_POLICY_DEFAULT;
    memcpy(r->chip_id, chip->chip_id, 64);
    snp_tcb_encode(chip->product, &chip->tcb, r->reported_tcb);
    memcpy(r->launch_tcb, r->reported_tcb, 8);
    if (version >= 3) {
        r->cpuid_fam_id = fms.family;
        r->cpuid_mod_id = fms.model;
        r->cpuid_step = fms.stepping;
    }
    if (version >= 5) {
        r->launch_mit_vector = r->current_mit_vector = 0x0102030405060708;
    }
}

static void judge_report(struct judged *j, const struct evtpm_chip *chip,
                         struct snp_attestation_report *r)
{
    g_assert_cmpint(snp_report_sign(r, chip->vcek_key, NULL), ==, 0);
    g_assert_true(evtpm_blob_set(&j->evidence.report, r, sizeof(*r)));
    judge(j);
}

static void test_turin(void)
{
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "turin", NULL);
    const struct evtpm_chip_params params = { .product = SNP_PRODUCT_TURIN };
    struct snp_tcb floors[SNP_PRODUCT_COUNT] = { { 0 } };
    struct snp_attestation_report r;
    struct evtpm_error err = { "" };
    struct evtpm_chip *chip;
    struct judged j = { 0 };

    g_assert_cmpint(evtpm_chip_create(path, &params, &err), ==, 0);
    chip = evtpm_chip_load(path, &err);
    g_assert_nonnull(chip);
    g_assert_cmpint(evtpm_chip_cert_table(chip, &j.evidence.certificates, &err),
                    ==, 0);
    j.policy.roots = &chip->ark;
    j.policy.root_count = 1;
    for (unsigned version = 2; version <= 5; version++) {
        make_report(chip, version, &r);
        judge_report(&j, chip, &r);
        expect(&j, EVTPM_LINK_REPORT_SIGNATURE, EVTPM_PASSED, "");
        expect(&j, EVTPM_LINK_CHIP, EVTPM_PASSED, "Turin, fmc ");
    }
    /* An FMC too old is not made up for by what Milan has in that byte. */
    floors[SNP_PRODUCT_TURIN] = chip->tcb;
    j.policy.tcb_floors = floors;
    j.policy.tcb_products = 1u << SNP_PRODUCT_TURIN;
    judge(&j);
    expect(&j, EVTPM_LINK_TCB, EVTPM_PASSED, "fmc");
    floors[SNP_PRODUCT_TURIN].fmc++;
    judge(&j);
    expect(&j, EVTPM_LINK_TCB, EVTPM_FAILED, "wanted at least fmc");
    /* Versions and families that are not known */
    r.cpuid_fam_id = 0x19;
    judge_report(&j, chip, &r);
    expect(&j, EVTPM_LINK_CHIP, EVTPM_FAILED,
           "the report is of a Milan, the VCEK of a Turin");
    make_report(chip, 6, &r);
    judge_report(&j, chip, &r);
    expect(&j, EVTPM_LINK_EVIDENCE, EVTPM_FAILED,
           "report version 6 is not known (2 to 5 are)");
    /* A masked identity says nothing; another one does. */
    make_report(chip, 5, &r);
    memset(r.chip_id, 0, 64);
    judge_report(&j, chip, &r);
    expect(&j, EVTPM_LINK_CHIP, EVTPM_PASSED, "Turin");
    r.chip_id[63] = 1;
    judge_report(&j, chip, &r);
    expect(&j, EVTPM_LINK_CHIP, EVTPM_FAILED, "another chip's");
    evtpm_chip_free(chip);
    evtpm_evidence_clear(&j.evidence);
    tree_remove(dir);
}

static void add_rows(const char *name, GTestDataFunc test)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/amd/%s/%s", name, rows[i].name);

        g_test_add_data_func(path, &rows[i], test);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_rows("good", test_good);
    add_rows("altered", test_altered);
    add_rows("floor", test_floor);
    g_test_add_func("/amd/other-root", test_other_root);
    g_test_add_func("/amd/other-chip", test_other_chip);
    g_test_add_func("/amd/expired", test_expired);
    g_test_add_func("/amd/vlek", test_vlek);
    g_test_add_func("/amd/chains", test_chains);
    g_test_add_func("/amd/turin-vcek", test_turin_vcek);
    g_test_add_func("/amd/bundle", test_bundle);
    g_test_add_func("/amd/turin", test_turin);
    return g_test_run();
}
