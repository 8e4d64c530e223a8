/* SPDX-License-Identifier: MIT */
/* Links about what the report says. */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/verify_priv.h"

static bool unreadable(struct verification *v, struct evtpm_link_result *r)
{
    if (!v->has_report) {
        link_skip(r, "the report is unreadable");
    }
    return !v->has_report;
}

void link_report_form(struct verification *v, struct evtpm_link_result *r)
{
    unsigned key = SNP_KEY_INFO_SIGNING_KEY(v->report.key_info);

    if (unreadable(v, r)) {
        return;
    }
    link_seen(r, "version %u, signing key %u, key masked %u", v->report.version,
              key, !!(v->report.key_info & SNP_KEY_INFO_MASK_CHIP_KEY));
    link_wanted(r, "version 2 to 5, signing key 0 (VCEK) or 1 (VLEK), not "
                   "masked");
    if (v->report.key_info & SNP_KEY_INFO_MASK_CHIP_KEY) {
        link_fail(r, "the host masks the chip's key: the report is not signed");
    } else if (key != SNP_SIGNING_KEY_VCEK && key != SNP_SIGNING_KEY_VLEK) {
        link_fail(r, "the report names signing key %u, not the VCEK (%u)", key,
                  SNP_SIGNING_KEY_VCEK);
    } else {
        link_pass(r, "version %u, %s", v->report.version, endorsement_name(v));
    }
}

void link_tcb(struct verification *v, struct evtpm_link_result *r)
{
    const struct snp_tcb *floor = v->policy->tcb_floors;
    enum snp_product product = v->vcek.product;
    char seen[128], wanted[128];
    struct snp_tcb tcb, launch;

    if (unreadable(v, r)) {
        return;
    }
    if (!v->has_vcek && !snp_report_product(&v->report, &product)) {
        link_skip(r, "the product is not known");
        return;
    }
    tcb = snp_tcb_decode(product, v->report.reported_tcb);
    launch = snp_tcb_decode(product, v->report.launch_tcb);
    link_seen(r, "%s", snp_tcb_format(product, &tcb, seen, sizeof(seen)));
    if (!floor) {
        link_pass(r, "%s (no minimum asked for)", seen);
        return;
    }
    if (!(v->policy->tcb_products & 1u << product)) {
        link_wanted(r, "a product that the policy names");
        link_fail(r, "the policy has no minimum for a %s, so it is refused",
                  snp_product_name(product));
        return;
    }
    floor += product;
    snp_tcb_format(product, floor, wanted, sizeof(wanted));
    link_wanted(r, "at least %s", wanted);
    if (!snp_tcb_at_least(&tcb, floor)) {
        link_fail(r, "seen %s, wanted at least %s", seen, wanted);
    } else if (!snp_tcb_at_least(&launch, floor)) {
        snp_tcb_format(product, &launch, seen, sizeof(seen));
        link_fail(r, "launched by older firmware: seen %s, wanted at least %s",
                  seen, wanted);
    } else {
        link_pass(r, "%s", seen);
    }
}

static const char *allowed(unsigned long long bit)
{
    return bit ? "allowed" : "forbidden";
}

static const char *any_or_not(bool any)
{
    return any ? "either way" : "forbidden";
}

void link_policy(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;
    unsigned long long policy = v->report.policy;
    unsigned major = (unsigned)(policy & SNP_POLICY_ABI_MAJOR_MASK) >> 8;
    unsigned minor = (unsigned)(policy & SNP_POLICY_ABI_MINOR_MASK);

    if (unreadable(v, r)) {
        return;
    }
    link_seen(r, "%#llx: ABI %u.%u, SMT %s, migration %s, debugging %s", policy,
              major, minor, allowed(policy & SNP_POLICY_SMT),
              allowed(policy & SNP_POLICY_MIGRATE_MA),
              allowed(policy & SNP_POLICY_DEBUG));
    link_wanted(r, "ABI %u.%u or newer, SMT %s, migration %s, debugging %s%s",
                p->abi_major, p->abi_minor, any_or_not(!p->forbid_smt),
                any_or_not(p->allow_migration), any_or_not(p->allow_debug),
                p->require_single_socket ? ", single socket" : "");
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
    } else if ((policy & SNP_POLICY_SMT) && p->forbid_smt) {
        link_fail(r, "policy %#llx lets the VM share cores with others (SMT)",
                  policy);
    } else if (!(policy & SNP_POLICY_SINGLE_SOCKET) &&
               p->require_single_socket) {
        link_fail(r, "policy %#llx lets the VM run on several sockets", policy);
    } else if (major < p->abi_major ||
               (major == p->abi_major && minor < p->abi_minor)) {
        link_fail(r,
                  "policy %#llx accepts firmware of ABI %u.%u, wanted at least "
                  "%u.%u",
                  policy, major, minor, p->abi_major, p->abi_minor);
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
    link_seen(r, "VMPL %u", v->report.vmpl);
    link_wanted(r, "VMPL 0");
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
    evtpm_hex(r->seen, sizeof(r->seen), v->report.measurement, 48);
    if (p->launch_digest_count == 0 &&
        (p->id_key_count || p->author_key_count)) {
        link_skip(r, "the policy names keys instead: see id-block");
        return;
    }
    if (p->launch_digest_count == 0) {
        link_fail(r, "no launch digest was given to compare with");
        return;
    }
    evtpm_hex(r->wanted, sizeof(r->wanted), p->launch_digests[0], 48);
    if (p->launch_digest_count > 1) {
        link_wanted(r, "%s or %zu more",
                    evtpm_hex(hex, sizeof(hex), p->launch_digests[0], 48),
                    p->launch_digest_count - 1);
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
    link_values(r, v->report.report_data, 64, wanted, 64);
    if (memcmp(v->report.report_data, wanted, sizeof(wanted)) != 0) {
        link_fail_bytes(r,
                        "the report is not about this nonce and manifest: "
                        "report data",
                        v->report.report_data, 64, wanted, 64);
        return;
    }
    link_pass(r, "SHA-512(nonce || manifest)");
}

static bool is_one_of(const uint8_t digest[48], const uint8_t (*list)[48],
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(digest, list[i], 48) == 0) {
            return true;
        }
    }
    return false;
}

/* The firmware put the key's digest into the report after it had checked that
 * the key signed the ID block, and that this names the launch digest. */
static bool check_key(struct evtpm_link_result *r, const char *what,
                      const uint8_t digest[48], const uint8_t (*list)[48],
                      size_t count)
{
    static const uint8_t none[48];

    if (count == 0) {
        return true;
    }
    link_values(r, digest, 48, list[0], 48);
    if (memcmp(digest, none, 48) == 0) {
        link_fail(r, "the VM was launched without an %s", what);
        return false;
    }
    if (!is_one_of(digest, list, count)) {
        link_fail_bytes(r,
                        count > 1 ? "the key is none of those accepted: digest"
                                  : "the key is not the one accepted: digest",
                        digest, 48, list[0], 48);
        return false;
    }
    return true;
}

void link_id_block(struct verification *v, struct evtpm_link_result *r)
{
    static const uint8_t none[48];
    const struct evtpm_policy *p = v->policy;
    const uint8_t *author = v->report.author_key_digest;
    char hex[97];

    if (!p->id_key_count && !p->author_key_count) {
        link_skip(r, "the policy names no keys");
        return;
    }
    if (unreadable(v, r)) {
        return;
    }
    if (!(v->report.key_info & SNP_KEY_INFO_AUTHOR_KEY)) {
        author = none;
    }
    if (!check_key(r, "ID block", v->report.id_key_digest, p->id_keys,
                   p->id_key_count) ||
        !check_key(r, "author key", author, p->author_keys,
                   p->author_key_count)) {
        return;
    }
    link_pass(r, "ID key %s",
              evtpm_hex(hex, sizeof(hex), v->report.id_key_digest, 48));
}
