/* SPDX-License-Identifier: MIT */
/* Links about what the report says. */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/verify_priv.h"

#define KEY_INFO_MASK_CHIP_KEY (1u << 1)
#define KEY_INFO_SIGNING_KEY(info) (((info) >> 2) & 7)
#define SIGNING_KEY_VCEK 0
#define SIGNING_KEY_VLEK 1

static bool unreadable(struct verification *v, struct evtpm_link_result *r)
{
    if (!v->has_report) {
        link_skip(r, "the report is unreadable");
    }
    return !v->has_report;
}

void link_report_form(struct verification *v, struct evtpm_link_result *r)
{
    unsigned key = KEY_INFO_SIGNING_KEY(v->report.key_info);

    if (unreadable(v, r)) {
        return;
    }
    if (v->report.key_info & KEY_INFO_MASK_CHIP_KEY) {
        link_fail(r, "the host masks the chip's key: the report is not signed");
    } else if (key == SIGNING_KEY_VLEK) {
        link_fail(r, "the report is signed by a VLEK; only VCEKs are taken");
    } else if (key != SIGNING_KEY_VCEK) {
        link_fail(r, "the report names signing key %u, not the VCEK (%u)", key,
                  SIGNING_KEY_VCEK);
    } else {
        link_pass(r, "version %u, VCEK", v->report.version);
    }
}

void link_tcb(struct verification *v, struct evtpm_link_result *r)
{
    const struct snp_tcb *floor = v->policy->tcb_floor;
    enum snp_product product = v->vcek.product;
    char seen[128], wanted[128];
    struct snp_tcb tcb;

    if (unreadable(v, r)) {
        return;
    }
    if (!v->has_vcek && !snp_report_product(&v->report, &product)) {
        link_skip(r, "the product is not known");
        return;
    }
    tcb = snp_tcb_decode(product, v->report.reported_tcb);
    snp_tcb_format(product, &tcb, seen, sizeof(seen));
    if (floor && !snp_tcb_at_least(&tcb, floor)) {
        link_fail(r, "seen %s, wanted at least %s", seen,
                  snp_tcb_format(product, floor, wanted, sizeof(wanted)));
        return;
    }
    link_pass(r, "%s%s", seen, floor ? "" : " (no minimum asked for)");
}

void link_policy(struct verification *v, struct evtpm_link_result *r)
{
    unsigned long long policy = v->report.policy;

    if (unreadable(v, r)) {
        return;
    }
    if ((policy & SNP_POLICY_DEBUG) && !v->policy->allow_debug) {
        link_fail(r,
                  "policy %#llx lets the host debug the VM: it can read all "
                  "memory",
                  policy);
    } else if ((policy & SNP_POLICY_MIGRATE_MA) &&
               !v->policy->allow_migration) {
        link_fail(r, "policy %#llx lets a migration agent move the VM", policy);
    } else if (!(policy & SNP_POLICY_RSVD_MBO)) {
        link_fail(r, "policy %#llx lacks bit 17, which must be one", policy);
    } else if (policy & SNP_POLICY_DEBUG) {
        link_pass(r, "policy %#llx, debugging allowed by request", policy);
    } else {
        link_pass(r, "policy %#llx", policy);
    }
}

void link_vmpl(struct verification *v, struct evtpm_link_result *r)
{
    if (unreadable(v, r)) {
        return;
    }
    if (v->report.vmpl != 0) {
        link_fail(r,
                  "seen VMPL %u, wanted 0: the guest made this report, not its "
                  "SVSM",
                  v->report.vmpl);
        return;
    }
    link_pass(r, "VMPL 0");
}

void link_launch_digest(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;
    char hex[97];

    if (unreadable(v, r)) {
        return;
    }
    if (p->launch_digest_count == 0) {
        link_fail(r, "no launch digest was given to compare with");
        return;
    }
    for (size_t i = 0; i < p->launch_digest_count; i++) {
        if (memcmp(v->report.measurement, p->launch_digests[i], 48) == 0) {
            link_pass(r, "%s",
                      evtpm_hex(hex, sizeof(hex), v->report.measurement, 48));
            return;
        }
    }
    link_fail_bytes(r,
                    p->launch_digest_count > 1 ? "none of those expected"
                                               : "launch digest",
                    v->report.measurement, 48, p->launch_digests[0], 48);
}

void link_report_data(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *nonce = &v->evidence->nonce;
    const struct evtpm_blob *manifest = &v->evidence->manifest;
    gnutls_hash_hd_t hash;
    uint8_t wanted[64];

    if (unreadable(v, r)) {
        return;
    }
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA512) < 0) {
        link_fail(r, "no SHA-512");
        return;
    }
    gnutls_hash(hash, nonce->data, nonce->size);
    gnutls_hash(hash, manifest->data, manifest->size);
    gnutls_hash_deinit(hash, wanted);
    if (memcmp(v->report.report_data, wanted, sizeof(wanted)) != 0) {
        link_fail_bytes(r,
                        "the report is not about this nonce and manifest: "
                        "report data",
                        v->report.report_data, 64, wanted, 64);
        return;
    }
    link_pass(r, "SHA-512(nonce || manifest)");
}
