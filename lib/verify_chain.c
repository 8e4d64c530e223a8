/* SPDX-License-Identifier: MIT */
/* Links from a trusted root to the report's signature. */
#include <string.h>

#include "lib/verify_priv.h"

/* One of those that the caller named, as DER or PEM? */
static bool is_named_root(const struct verification *v)
{
    const struct evtpm_policy *p = v->policy;
    bool found = false;

    for (size_t i = 0; i < p->root_count && !found; i++) {
        struct evtpm_blob der = { 0 };

        found = evtpm_cert_decode(p->roots[i].data, p->roots[i].size, &der,
                                  NULL) == 0 &&
                evtpm_blob_equal(&der, &v->chain.ark);
        evtpm_blob_clear(&der);
    }
    return found;
}

void link_root(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *ark = &v->chain.ark;
    char subject[256];

    if (!ark->size) {
        link_fail(r, "no root certificate (ARK) came with the evidence");
        return;
    }
    evtpm_cert_subject(ark, subject, sizeof(subject));
    v->result->emulated = evtpm_cert_is_emulated(ark);
    if (is_named_root(v)) {
        link_pass(r, "%s, which was named as trusted", subject);
    } else if (evtpm_cert_is_amd_root(ark)) {
        link_pass(r, "%s, a root of AMD's", subject);
    } else if (v->result->emulated) {
        link_fail(r,
                  "%s is the root of an emulated processor and was not named "
                  "as trusted",
                  subject);
    } else {
        link_fail(r, "%s is neither a root of AMD's nor named as trusted",
                  subject);
    }
}

void link_chain(struct verification *v, struct evtpm_link_result *r)
{
    time_t now = v->policy->now ? v->policy->now : time(NULL);
    struct evtpm_error err;
    char subject[256];

    if (evtpm_chain_verify(&v->chain, now, &err) < 0) {
        link_fail(r, "%s", err.text);
        return;
    }
    link_pass(r, "ARK, ASK, %s",
              evtpm_cert_subject(&v->chain.vcek, subject, sizeof(subject)));
}

void link_report_signature(struct verification *v, struct evtpm_link_result *r)
{
    gnutls_x509_crt_t crt;
    gnutls_pubkey_t key = NULL;
    struct evtpm_error err;

    if (!v->has_report) {
        link_skip(r, "the report is unreadable");
        return;
    }
    crt = evtpm_cert_import(&v->chain.vcek, &err);
    if (!crt) {
        link_fail(r, "VCEK: %s", err.text);
        return;
    }
    if (gnutls_pubkey_init(&key) < 0 ||
        gnutls_pubkey_import_x509(key, crt, 0) < 0) {
        link_fail(r, "VCEK holds no usable key");
    } else if (snp_report_verify(&v->report, key, &err) < 0) {
        link_fail(r,
                  "the report was altered or signed by another chip's key: %s",
                  err.text);
    } else {
        link_pass(r, "ECDSA P-384 with SHA-384");
    }
    if (key) {
        gnutls_pubkey_deinit(key);
    }
    gnutls_x509_crt_deinit(crt);
}

static void compare_chip(struct verification *v, struct evtpm_link_result *r)
{
    const struct snp_attestation_report *report = &v->report;
    enum snp_product product = v->vcek.product;
    char seen[128], wanted[128];
    struct snp_tcb tcb;

    if (snp_report_product(report, &product) && product != v->vcek.product) {
        link_fail(r, "the report is of a %s, the VCEK of a %s",
                  snp_product_name(product), snp_product_name(v->vcek.product));
        return;
    }
    if (memcmp(report->chip_id, v->vcek.hwid, sizeof(report->chip_id)) != 0) {
        link_fail_bytes(r, "the VCEK is another chip's: chip id",
                        report->chip_id, 64, v->vcek.hwid, 64);
        return;
    }
    tcb = snp_tcb_decode(product, report->reported_tcb);
    if (!snp_tcb_at_least(&tcb, &v->vcek.tcb) ||
        !snp_tcb_at_least(&v->vcek.tcb, &tcb)) {
        link_fail(
            r, "reported TCB: seen %s, the VCEK is for %s",
            snp_tcb_format(product, &tcb, seen, sizeof(seen)),
            snp_tcb_format(product, &v->vcek.tcb, wanted, sizeof(wanted)));
        return;
    }
    link_pass(r, "%s, %s", v->vcek.product_name,
              snp_tcb_format(product, &tcb, seen, sizeof(seen)));
}

void link_chip(struct verification *v, struct evtpm_link_result *r)
{
    struct evtpm_error err;
    gnutls_x509_crt_t crt;

    if (!v->has_report) {
        link_skip(r, "the report is unreadable");
        return;
    }
    crt = evtpm_cert_import(&v->chain.vcek, &err);
    if (!crt) {
        link_fail(r, "VCEK: %s", err.text);
        return;
    }
    v->has_vcek = evtpm_vcek_read(crt, &v->vcek, &err) == 0;
    gnutls_x509_crt_deinit(crt);
    if (!v->has_vcek) {
        link_fail(r, "%s", err.text);
        return;
    }
    compare_chip(v, r);
}
