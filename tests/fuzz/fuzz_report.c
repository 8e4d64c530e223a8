/* SPDX-License-Identifier: MIT */
/* Reports and certificate tables: what is read must be printable and within its
 * bounds. */
#include <stdlib.h>
#include <string.h>

#include "lib/certs.h"
#include "lib/report.h"
#include "tests/fuzz/fuzz.h"

static void try_report(const uint8_t *data, size_t size)
{
    struct snp_attestation_report report;
    enum snp_product product = SNP_PRODUCT_MILAN;
    struct evtpm_error err = { "" };
    struct snp_tcb tcb;
    char text[128];
    uint8_t raw[8];

    if (snp_report_parse(data, size, &report, &err) < 0) {
        if (err.text[0] == '\0') {
            abort();
        }
        return;
    }
    snp_report_product(&report, &product);
    tcb = snp_tcb_decode(product, report.reported_tcb);
    snp_tcb_format(product, &tcb, text, sizeof(text));
    snp_tcb_encode(product, &tcb, raw);
    if (report.vmpl > 3 || raw[7] != report.reported_tcb[7]) {
        abort();
    }
}

static void try_table(const uint8_t *data, size_t size)
{
    struct evtpm_chain chain = { 0 };
    struct evtpm_vcek_info info;
    gnutls_x509_crt_t crt;
    char subject[64];

    if (evtpm_cert_table_parse(data, size, &chain, NULL) == 0) {
        evtpm_cert_subject(&chain.ark, subject, sizeof(subject));
        evtpm_chain_verify(&chain, 1700000000, NULL);
        crt = evtpm_cert_import(&chain.vcek, NULL);
        if (crt) {
            evtpm_vcek_read(crt, &info, NULL);
            gnutls_x509_crt_deinit(crt);
        }
    }
    evtpm_chain_clear(&chain);
}

/* A report has one size only: all others are tried as tables. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == SNP_REPORT_SIZE) {
        try_report(data, size);
    } else {
        try_table(data, size);
    }
    return 0;
}

/* A VCEK under keys made for the purpose: RSA-2048 is quick and form is all
 * that matters here. */
static void add_chain(void)
{
    struct evtpm_cert_issue issue = { .product = SNP_PRODUCT_TURIN };
    struct evtpm_chain chain = { 0 };
    struct evtpm_blob table = { 0 };

    gnutls_x509_privkey_init(&issue.ark_key);
    gnutls_x509_privkey_init(&issue.vcek_key);
    gnutls_x509_privkey_generate(issue.ark_key, GNUTLS_PK_RSA, 2048, 0);
    gnutls_x509_privkey_generate(
        issue.vcek_key, GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), 0);
    issue.ask_key = issue.ark_key;
    if (evtpm_chain_issue_cas(&issue, &chain, NULL) < 0 ||
        evtpm_chain_issue_vcek(&issue, &chain, NULL) < 0 ||
        evtpm_cert_table_build(&chain, &table, NULL) < 0) {
        abort();
    }
    fuzz_add(table.data, table.size);
    evtpm_blob_clear(&table);
    evtpm_chain_clear(&chain);
    gnutls_x509_privkey_deinit(issue.ark_key);
    gnutls_x509_privkey_deinit(issue.vcek_key);
}

void fuzz_corpus(void)
{
    struct snp_attestation_report report = { .version = 3,
                                             .signature_algo =
                                                 SNP_ALGO_ECDSA_P384_SHA384 };
    static const uint8_t empty[24];

    fuzz_add(&report, sizeof(report));
    fuzz_add(empty, sizeof(empty));
    add_chain();
}
