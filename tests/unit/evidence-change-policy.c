/* SPDX-License-Identifier: MIT */
/* What a policy asks of the platform and of time, and evidence or policies that
 * do not give it. */
#include <string.h>

#include "tests/unit/crl-sample.h"
#include "tests/unit/evidence-change.h"

#define YEAR (365 * 24 * 60 * 60)

/* tcb, policy */
static void product_unnamed(struct sample *s)
{
    s->policy.tcb_products = 1u << SNP_PRODUCT_TURIN;
}
static void launch_tcb_old(struct sample *s)
{
    s->report.launch_tcb[6]--;
    sample_sign_report(s);
}
static void smt_allowed(struct sample *s)
{
    s->policy.forbid_smt = true;
}
static void sockets_allowed(struct sample *s)
{
    s->policy.require_single_socket = true;
}
static void abi_old(struct sample *s)
{
    s->report.policy |= 0x0133;
    sample_sign_report(s);
    s->policy.abi_major = 1;
    s->policy.abi_minor = 0x34;
}
static void abi_older(struct sample *s)
{
    s->policy.abi_major = 1;
}

/* revocation */
static void crl_absent(struct sample *s)
{
    s->policy.crl_count = 0;
}
static void crl_of_ask(struct sample *s)
{
    sample_make_crl(s, &s->chip->ask, "ask-key.pem", NULL);
}
static void crl_revokes_ask(struct sample *s)
{
    sample_make_crl(s, &s->chip->ark, "ark-key.pem", &s->chip->ask);
}
static void crl_revokes_vcek(struct sample *s)
{
    sample_make_crl(s, &s->chip->ask, "ask-key.pem", &s->chip->vcek);
    s->policy.require_crl = false;
}
/* Another ARK of the same name */
static void crl_of_other_ark(struct sample *s)
{
    unsigned own = s->chip_number;

    s->chip_number = 2;
    sample_make_crl(s, &change_other.chip->ark, "ark-key.pem", NULL);
    s->chip_number = own;
}
static void crl_altered(struct sample *s)
{
    change_flip(&s->crls[0], s->crls[0].size - 1);
}
static void crl_ended(struct sample *s)
{
    s->policy.now = time(NULL) + 2 * (time_t)YEAR;
}
static void crl_pkcs1(struct sample *s)
{
    g_autofree char *key =
        g_build_filename(sample_chip_dir(0), "ark-key.pem", NULL);
    const struct crl_sample crl = { .issuer = &s->chip->ark,
                                    .key = key,
                                    .from = time(NULL) - 60,
                                    .to = time(NULL) + YEAR,
                                    .not_pss = TRUE };

    crl_sample_make(&crl, &s->crls[0]);
}
static void crl_not_yet(struct sample *s)
{
    g_autofree char *key =
        g_build_filename(sample_chip_dir(0), "ark-key.pem", NULL);
    const struct crl_sample crl = { .issuer = &s->chip->ark,
                                    .key = key,
                                    .from = time(NULL) + YEAR,
                                    .to = time(NULL) + 2 * (time_t)YEAR };

    crl_sample_make(&crl, &s->crls[0]);
}
static void crl_is_certificate(struct sample *s)
{
    change_put(&s->crls[0], &s->chip->ark);
}

/* id-block */
static void id_key_other(struct sample *s)
{
    s->id_key[0][47] ^= 1;
}
static void author_key_other(struct sample *s)
{
    s->author_key[0][0] ^= 1;
}
static void no_id_block(struct sample *s)
{
    memset(s->report.id_key_digest, 0, 48);
    sample_sign_report(s);
}
/* A digest that the firmware did not vouch for */
static void no_author_key(struct sample *s)
{
    s->report.key_info &= ~SNP_KEY_INFO_AUTHOR_KEY;
    sample_sign_report(s);
}

/* pcr-values */
static void pcr_value_other(struct sample *s)
{
    s->pcr_values[0][0] ^= 1;
}
static void pcr_value_none(struct sample *s)
{
    s->pcr_rules[0].value_count = 0;
}
static void pcr_value_unquoted(struct sample *s)
{
    s->pcr_rules[0].pcr = 16;
}
static void pcr_value_nowhere(struct sample *s)
{
    s->pcr_rules[0].pcr = 24;
}

/* freshness */
static void nonce_old(struct sample *s)
{
    s->policy.nonce_issued = time(NULL) - 301;
    s->policy.now = s->policy.nonce_issued + 301;
}
static void nonce_of_tomorrow(struct sample *s)
{
    s->policy.now = time(NULL);
    s->policy.nonce_issued = s->policy.now + 86400;
}
static void nonce_of_no_time(struct sample *s)
{
    s->policy.nonce_issued = 0;
}
/* The time of a nonce that is not compared says nothing. */
static void nonce_not_compared(struct sample *s)
{
    s->policy.nonce = NULL;
    s->policy.recorded = true;
}

const struct evidence_change policy_changes[] = {
    { "product-unnamed", product_unnamed, EVTPM_LINK_TCB,
      "no minimum for a Milan" },
    { "launch-tcb-old", launch_tcb_old, EVTPM_LINK_TCB,
      "launched by older firmware: seen bootloader 4, tee 0, snp 23" },
    { "smt-allowed", smt_allowed, EVTPM_LINK_POLICY, "share cores" },
    { "sockets-allowed", sockets_allowed, EVTPM_LINK_POLICY,
      "on several sockets" },
    { "abi-old", abi_old, EVTPM_LINK_POLICY,
      "accepts firmware of ABI 1.51, wanted at least 1.52" },
    { "abi-older", abi_older, EVTPM_LINK_POLICY,
      "accepts firmware of ABI 0.0, wanted at least 1.0" },
    { "crl-absent", crl_absent, EVTPM_LINK_REVOCATION,
      "none of the 0 revocation lists is by this ARK" },
    { "crl-of-ask", crl_of_ask, EVTPM_LINK_REVOCATION,
      "none of the 1 revocation lists is by this ARK" },
    { "crl-revokes-ask", crl_revokes_ask, EVTPM_LINK_REVOCATION,
      "the ASK was revoked by the ARK" },
    { "crl-revokes-vcek", crl_revokes_vcek, EVTPM_LINK_REVOCATION,
      "the VCEK was revoked by the ASK" },
    { "crl-of-other-ark", crl_of_other_ark, EVTPM_LINK_REVOCATION,
      "signature of the revocation list does not verify by the ARK" },
    { "crl-altered", crl_altered, EVTPM_LINK_REVOCATION,
      "signature of the revocation list does not verify by the ARK" },
    { "crl-ended", crl_ended, EVTPM_LINK_REVOCATION,
      "the ARK's revocation list ended on 20" },
    { "crl-not-yet", crl_not_yet, EVTPM_LINK_REVOCATION,
      "the ARK's revocation list is valid only from 20" },
    { "crl-pkcs1", crl_pkcs1, EVTPM_LINK_REVOCATION,
      "is not signed by RSASSA-PSS with SHA-384" },
    { "crl-is-certificate", crl_is_certificate, EVTPM_LINK_REVOCATION,
      "not a revocation list" },
    { "id-key-other", id_key_other, EVTPM_LINK_ID_BLOCK,
      "the key is not the one accepted: digest: seen " },
    { "author-key-other", author_key_other, EVTPM_LINK_ID_BLOCK,
      "the key is not the one accepted: digest: seen " },
    { "no-id-block", no_id_block, EVTPM_LINK_ID_BLOCK,
      "launched without an ID block" },
    { "no-author-key", no_author_key, EVTPM_LINK_ID_BLOCK,
      "launched without an author key" },
    { "pcr-value-other", pcr_value_other, EVTPM_LINK_PCR_VALUES,
      "PCR 7: seen " },
    { "pcr-value-none", pcr_value_none, EVTPM_LINK_PCR_VALUES,
      "wanted nothing" },
    { "pcr-value-unquoted", pcr_value_unquoted, EVTPM_LINK_PCR_VALUES,
      "the quote leaves out PCR 16, which the policy restricts" },
    { "pcr-value-nowhere", pcr_value_nowhere, EVTPM_LINK_PCR_VALUES,
      "PCR 24 does not exist" },
    { "nonce-old", nonce_old, EVTPM_LINK_FRESHNESS,
      "issued 301 s ago, at most 300 are allowed" },
    { "nonce-of-tomorrow", nonce_of_tomorrow, EVTPM_LINK_FRESHNESS,
      "issued 86400 s in the future" },
    { "nonce-of-no-time", nonce_of_no_time, EVTPM_LINK_FRESHNESS,
      "when the nonce was issued is not known" },
    { "nonce-not-compared", nonce_not_compared, EVTPM_LINK_FRESHNESS,
      "when the nonce was issued is not known" },
    { NULL, NULL, 0, NULL },
};
