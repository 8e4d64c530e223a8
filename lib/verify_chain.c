/* SPDX-License-Identifier: MIT */
/* Links from a trusted root to the report's signature. */
#include <string.h>

#include "lib/crl.h"
#include "lib/verify_priv.h"

const char *endorsement_name(const struct verification *v)
{
    return v->vlek ? "VLEK" : "VCEK";
}

const struct evtpm_blob *endorsement_key(const struct verification *v)
{
    return v->vlek ? &v->chain.vlek : &v->chain.vcek;
}

/* One of those that the caller named, as DER or PEM? */
static bool is_named_root(const struct verification *v)
{
    const struct evtpm_policy *p = v->policy;
    bool found = false;

    for (size_t i = 0; i < p->root_count && !found; i++) {
        struct evtpm_blob der = { 0 };

        found = evtpm_blob_equal(&p->roots[i], &v->chain.ark) ||
                (evtpm_cert_decode(p->roots[i].data, p->roots[i].size, &der,
                                   NULL) == 0 &&
                 evtpm_blob_equal(&der, &v->chain.ark));
        evtpm_blob_clear(&der);
    }
    return found;
}

void link_root(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *ark = &v->chain.ark;
    char subject[256];

    link_wanted(r, v->policy->root_count ? "a root of AMD's, or one named"
                                         : "a root of AMD's");
    if (!ark->size) {
        link_seen(r, "nothing");
        link_fail(r, "no root certificate (ARK) came with the evidence");
        return;
    }
    evtpm_cert_subject(ark, subject, sizeof(subject));
    link_seen(r, "%s", subject);
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
    time_t now = verification_now(v);
    struct evtpm_error err;
    char subject[256];
    int rc = v->vlek ? evtpm_chain_verify_vlek(&v->chain, now, &err)
                     : evtpm_chain_verify(&v->chain, now, &err);

    link_wanted(r, "RSASSA-PSS with SHA-384 by each on the next, all valid");
    if (rc < 0) {
        link_seen(r, "%s", err.text);
        link_fail(r, "%s", err.text);
        return;
    }
    evtpm_cert_subject(endorsement_key(v), subject, sizeof(subject));
    link_seen(r, "ARK, %s, %s", v->vlek ? "ASVK" : "ASK", subject);
    link_pass(r, "ARK, %s, %s", v->vlek ? "ASVK" : "ASK", subject);
}

void link_revocation(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;
    struct evtpm_error err;
    unsigned covered;

    if (!p->crl_count && !p->require_crl) {
        link_skip(r, "no revocation list was given");
        return;
    }
    link_wanted(r, "a list by the ARK that is valid and names none of them");
    if (evtpm_crls_check(&v->chain, v->vlek, p->crls, p->crl_count,
                         verification_now(v), &covered, &err) < 0) {
        link_seen(r, "%s", err.text);
        link_fail(r, "%s", err.text);
        return;
    }
    link_seen(r, "%u of %zu lists by this ARK", covered, p->crl_count);
    if (p->require_crl && covered == 0) {
        link_fail(r, "none of the %zu revocation lists is by this ARK",
                  p->crl_count);
    } else if (covered == 0) {
        link_skip(r, "no revocation list by this ARK was given");
    } else {
        link_pass(r, "not on the ARK's list");
    }
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
    link_wanted(r, "ECDSA P-384 with SHA-384 by the %s", endorsement_name(v));
    crt = evtpm_cert_import(endorsement_key(v), &err);
    if (!crt) {
        link_seen(r, "no %s", endorsement_name(v));
        link_fail(r, "%s: %s", endorsement_name(v), err.text);
        return;
    }
    if (gnutls_pubkey_init(&key) < 0 ||
        gnutls_pubkey_import_x509(key, crt, 0) < 0) {
        link_fail(r, "%s holds no usable key", endorsement_name(v));
    } else if (snp_report_verify(&v->report, key, &err) < 0) {
        link_seen(r, "%s", err.text);
        link_fail(r,
                  "the report was altered or signed by another chip's key: %s",
                  err.text);
    } else {
        link_seen(r, "ECDSA P-384 with SHA-384 by the %s", endorsement_name(v));
        link_pass(r, "ECDSA P-384 with SHA-384");
    }
    if (key) {
        gnutls_pubkey_deinit(key);
    }
    gnutls_x509_crt_deinit(crt);
}

/*
 * The VCEK is one chip's. A host may mask the chip's identity in reports: it is
 * zero then, and the signature alone says that it is the VCEK's chip. A VLEK is
 * of no chip.
 */
static bool check_identity(const struct verification *v,
                           struct evtpm_link_result *r)
{
    static const uint8_t masked[64];
    const uint8_t *seen = v->report.chip_id;

    if (v->vlek || memcmp(seen, masked, sizeof(masked)) == 0) {
        return true;
    }
    if (memcmp(seen, v->vcek.hwid, sizeof(masked)) != 0) {
        link_fail_bytes(r, "the VCEK is another chip's: chip id", seen, 64,
                        v->vcek.hwid, 64);
        return false;
    }
    return true;
}

static void compare_chip(struct verification *v, struct evtpm_link_result *r)
{
    const struct snp_attestation_report *report = &v->report;
    const char *name = endorsement_name(v);
    enum snp_product product = v->vcek.product;
    char seen[128], wanted[128];
    struct snp_tcb tcb;

    if (snp_report_product(report, &product) && product != v->vcek.product) {
        link_seen(r, "%s", snp_product_name(product));
        link_wanted(r, "%s", snp_product_name(v->vcek.product));
        link_fail(r, "the report is of a %s, the %s of a %s",
                  snp_product_name(product), name,
                  snp_product_name(v->vcek.product));
        return;
    }
    if (!check_identity(v, r)) {
        return;
    }
    tcb = snp_tcb_decode(product, report->reported_tcb);
    snp_tcb_format(product, &tcb, seen, sizeof(seen));
    snp_tcb_format(product, &v->vcek.tcb, wanted, sizeof(wanted));
    link_seen(r, "%s, %s", snp_product_name(product), seen);
    link_wanted(r, "%s, %s", snp_product_name(v->vcek.product), wanted);
    if (!snp_tcb_at_least(&tcb, &v->vcek.tcb) ||
        !snp_tcb_at_least(&v->vcek.tcb, &tcb)) {
        link_fail(r, "reported TCB: seen %s, the %s is for %s", seen, name,
                  wanted);
        return;
    }
    if (v->vlek) {
        link_pass(r, "%s, %s, a key of %s", v->vcek.product_name, seen,
                  v->vcek.csp_id);
    } else {
        link_pass(r, "%s, %s", v->vcek.product_name, seen);
    }
}

void link_chip(struct verification *v, struct evtpm_link_result *r)
{
    struct evtpm_error err;
    gnutls_x509_crt_t crt;
    int rc;

    if (!v->has_report) {
        link_skip(r, "the report is unreadable");
        return;
    }
    crt = evtpm_cert_import(endorsement_key(v), &err);
    if (!crt) {
        link_fail(r, "%s: %s", endorsement_name(v), err.text);
        return;
    }
    rc = v->vlek ? evtpm_vlek_read(crt, &v->vcek, &err)
                 : evtpm_vcek_read(crt, &v->vcek, &err);
    gnutls_x509_crt_deinit(crt);
    v->has_vcek = rc == 0;
    if (!v->has_vcek) {
        link_fail(r, "%s", err.text);
        return;
    }
    compare_chip(v, r);
}
