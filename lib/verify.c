/* SPDX-License-Identifier: MIT */
/* The chain of links: names, order, decoding of the evidence, the overall
 * verdict. */
#include "lib/verify_priv.h"

#include <gnutls/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_EXIT_STATUS 20

/* What is quoted was sent by anybody: one line of printable ASCII, in terminals
 * and in JSON. */
static void write_text(char *out, size_t size, const char *fmt, va_list ap)
{
    vsnprintf(out, size, fmt, ap);
    for (; *out; out++) {
        if (*out < 0x20 || *out > 0x7e) {
            *out = '?';
        }
    }
}

static void set(struct evtpm_link_result *r, enum evtpm_status status,
                const char *fmt, va_list ap)
{
    r->status = status;
    write_text(r->detail, sizeof(r->detail), fmt, ap);
}

void link_pass(struct evtpm_link_result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set(r, EVTPM_PASSED, fmt, ap);
    va_end(ap);
}

void link_fail(struct evtpm_link_result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set(r, EVTPM_FAILED, fmt, ap);
    va_end(ap);
}

void link_skip(struct evtpm_link_result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    set(r, EVTPM_SKIPPED, fmt, ap);
    va_end(ap);
}

void link_seen(struct evtpm_link_result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_text(r->seen, sizeof(r->seen), fmt, ap);
    va_end(ap);
}

void link_wanted(struct evtpm_link_result *r, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_text(r->wanted, sizeof(r->wanted), fmt, ap);
    va_end(ap);
}

void link_values(struct evtpm_link_result *r, const void *seen,
                 size_t seen_size, const void *wanted, size_t wanted_size)
{
    if (seen_size) {
        evtpm_hex(r->seen, sizeof(r->seen), seen, seen_size);
    } else {
        link_seen(r, "nothing");
    }
    evtpm_hex(r->wanted, sizeof(r->wanted), wanted, wanted_size);
}

void link_fail_bytes(struct evtpm_link_result *r, const char *what,
                     const void *seen, size_t seen_size, const void *wanted,
                     size_t wanted_size)
{
    char a[140], b[140];

    link_values(r, seen, seen_size, wanted, wanted_size);
    link_fail(r, "%s: seen %s, wanted %s", what,
              seen_size ? evtpm_hex(a, sizeof(a), seen, seen_size) : "nothing",
              evtpm_hex(b, sizeof(b), wanted, wanted_size));
}

time_t verification_now(const struct verification *v)
{
    return v->policy->now ? v->policy->now : time(NULL);
}

/* Decodes what it can, so that later links can speak; the first fault is this
 * link's. */
static void link_evidence(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_evidence *e = v->evidence;
    struct evtpm_error err = { "" }, first = { "" };

#define DECODE(has, what, call)                                                \
    do {                                                                       \
        v->has = (call) == 0;                                                  \
        if (!v->has && !first.text[0]) {                                       \
            snprintf(first.text, sizeof(first.text), "%s: %.200s", what,       \
                     err.text);                                                \
        }                                                                      \
    } while (0)
    DECODE(has_report, "report",
           snp_report_parse(e->report.data, e->report.size, &v->report, &err));
    DECODE(has_ek, "manifest",
           tpm_parse_tpmt_public(&e->manifest, &v->ek, &err));
    DECODE(has_ak, "ak_public",
           tpm_parse_tpm2b_public(&e->ak_public, &v->ak, &err));
    DECODE(has_attest, "quote.attest",
           tpm_parse_attest(&e->quote_attest, &v->attest, &err));
    DECODE(has_signature, "quote.signature",
           tpm_parse_signature(&e->quote_signature, &v->signature, &err));
#undef DECODE
    v->vlek = v->has_report && SNP_KEY_INFO_SIGNING_KEY(v->report.key_info) ==
                                   SNP_SIGNING_KEY_VLEK;
    link_wanted(r, "a readable document");
    link_seen(r, "%s", first.text[0] ? first.text : "a readable document");
    if (first.text[0]) {
        link_fail(r, "%s", first.text);
        return;
    }
    link_pass(r, "report, certificates, TPM structures and logs are readable");
}

static void link_nonce(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *nonce = &v->evidence->nonce;
    const struct evtpm_blob *wanted = v->policy->nonce;

    if (wanted) {
        link_values(r, nonce->data, nonce->size, wanted->data, wanted->size);
    }
    if (nonce->size != EVTPM_NONCE_SIZE) {
        link_fail(r, "nonce has %zu bytes, not %d", nonce->size,
                  EVTPM_NONCE_SIZE);
    } else if (!wanted && v->policy->recorded) {
        link_skip(r, "recorded evidence: freshness is not checked");
    } else if (!wanted) {
        link_fail(r, "no nonce was given to compare with");
    } else if (!evtpm_blob_equal(nonce, wanted)) {
        link_fail_bytes(r,
                        "the evidence is for another nonce: it is a replay or "
                        "meant for somebody else",
                        nonce->data, 8, wanted->data,
                        wanted->size < 8 ? wanted->size : 8);
    } else {
        link_pass(r, "the evidence was made for this request");
    }
}

/*
 * Evidence cannot be older than its nonce: nobody knew that before it was
 * issued. When that was only the relying party can know, from its own record.
 */
static void link_freshness(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;
    long long age = (long long)verification_now(v) - (long long)p->nonce_issued;

    if (!p->maximum_age) {
        link_skip(r, "the policy sets no maximum age");
        return;
    }
    link_wanted(r, "at most %u s after the nonce was issued", p->maximum_age);
    if (!p->nonce_issued || !p->nonce) {
        link_seen(r, "an unknown age");
        link_fail(r,
                  "the policy allows an age of %u s, but when the nonce was "
                  "issued is not known: give the relying party's own record",
                  p->maximum_age);
        return;
    }
    link_seen(r, "%lld s", age);
    if (age < 0) {
        link_fail(r, "the nonce was issued %lld s in the future", -age);
    } else if (age > (long long)p->maximum_age) {
        link_fail(r, "the nonce was issued %lld s ago, at most %u are allowed",
                  age, p->maximum_age);
    } else {
        link_pass(r, "the nonce was issued %lld s ago", age);
    }
}

static const struct {
    const char *name;
    const char *claim;
    link_fn check;
} links[EVTPM_LINK_COUNT] = {
    [EVTPM_LINK_EVIDENCE] = { "evidence",
                              "the evidence is complete and readable",
                              link_evidence },
    [EVTPM_LINK_NONCE] = { "nonce", "the evidence answers this request",
                           link_nonce },
    [EVTPM_LINK_ROOT] = { "root", "the root certificate is trusted",
                          link_root },
    [EVTPM_LINK_CHAIN] = { "chain", "the root vouches for the VCEK",
                           link_chain },
    [EVTPM_LINK_REPORT_SIGNATURE] = { "report-signature",
                                      "the report is signed by the VCEK",
                                      link_report_signature },
    [EVTPM_LINK_REPORT_FORM] = { "report-form",
                                 "the report is of a kind that can be trusted",
                                 link_report_form },
    [EVTPM_LINK_CHIP] = { "chip", "the VCEK is of the report's chip and TCB",
                          link_chip },
    [EVTPM_LINK_TCB] = { "tcb", "the platform's firmware is recent enough",
                         link_tcb },
    [EVTPM_LINK_POLICY] = { "policy", "the guest policy forbids debugging",
                            link_policy },
    [EVTPM_LINK_VMPL] = { "vmpl", "the report was asked for at VMPL 0",
                          link_vmpl },
    [EVTPM_LINK_LAUNCH_DIGEST] = { "launch-digest",
                                   "the VM started from the expected image",
                                   link_launch_digest },
    [EVTPM_LINK_REPORT_DATA] = { "report-data",
                                 "the report covers nonce and manifest",
                                 link_report_data },
    [EVTPM_LINK_EK] = { "ek", "the manifest's EK is the TPM's", link_ek },
    [EVTPM_LINK_EK_ATTRIBUTES] = { "ek-attributes",
                                   "the EK can only decrypt for its TPM",
                                   link_ek_attributes },
    [EVTPM_LINK_AK_ATTRIBUTES] = { "ak-attributes",
                                   "the AK can only sign what the TPM says",
                                   link_ak_attributes },
    [EVTPM_LINK_AK_NAME] = { "ak-name",
                             "the AK's name is that of its public key",
                             link_ak_name },
    [EVTPM_LINK_AK_BINDING] = { "ak-binding",
                                "the AK lives in the TPM with the EK",
                                link_ak_binding },
    [EVTPM_LINK_QUOTE_FORM] = { "quote-form", "the quote was made by a TPM",
                                link_quote_form },
    [EVTPM_LINK_QUOTE_SIGNATURE] = { "quote-signature",
                                     "the quote is signed by the AK",
                                     link_quote_signature },
    [EVTPM_LINK_QUOTE_NONCE] = { "quote-nonce", "the quote covers the nonce",
                                 link_quote_nonce },
    [EVTPM_LINK_QUOTE_PCRS] = { "quote-pcrs", "the quote covers the PCRs given",
                                link_quote_pcrs },
    [EVTPM_LINK_EVENT_LOG] = { "event-log", "the event log explains the PCRs",
                               link_event_log },
    [EVTPM_LINK_IMA_LOG] = { "ima-log", "the IMA list explains PCR 10",
                             link_ima_log },
    [EVTPM_LINK_REVOCATION] = { "revocation",
                                "no certificate of the chain is revoked",
                                link_revocation },
    [EVTPM_LINK_ID_BLOCK] = { "id-block",
                              "an accepted key signed for the image",
                              link_id_block },
    [EVTPM_LINK_PCR_VALUES] = { "pcr-values",
                                "the PCRs have values that the policy allows",
                                link_pcr_values },
    [EVTPM_LINK_EVENT_RULES] = { "event-rules",
                                 "what was booted is what the policy allows",
                                 link_event_rules },
    [EVTPM_LINK_IMA_FILES] = { "ima-files",
                               "every file that ran is on the allow-list",
                               link_ima_files },
    [EVTPM_LINK_FRESHNESS] = { "freshness", "the evidence is recent enough",
                               link_freshness },
};

const char *evtpm_link_name(enum evtpm_link link)
{
    return link < EVTPM_LINK_COUNT ? links[link].name : "none";
}

const char *evtpm_link_claim(enum evtpm_link link)
{
    return link < EVTPM_LINK_COUNT ? links[link].claim : "";
}

int evtpm_link_exit_status(enum evtpm_link link)
{
    return link < EVTPM_LINK_COUNT ? FIRST_EXIT_STATUS + (int)link : 0;
}

/* Certificates: the evidence's, for the missing ones the policy's. */
static void gather_chain(struct verification *v, struct evtpm_error *err)
{
    const struct evtpm_blob *table = &v->evidence->certificates;
    const struct evtpm_chain *spare = v->policy->certificates;

    if (evtpm_cert_table_parse(table->data, table->size, &v->chain, err) < 0) {
        evtpm_chain_clear(&v->chain);
        return;
    }
    if (!spare) {
        return;
    }
    if (!v->chain.ark.size) {
        evtpm_blob_set(&v->chain.ark, spare->ark.data, spare->ark.size);
    }
    if (!v->chain.ask.size) {
        evtpm_blob_set(&v->chain.ask, spare->ask.data, spare->ask.size);
    }
    if (!v->chain.vcek.size) {
        evtpm_blob_set(&v->chain.vcek, spare->vcek.data, spare->vcek.size);
    }
    if (!v->chain.vlek.size) {
        evtpm_blob_set(&v->chain.vlek, spare->vlek.data, spare->vlek.size);
    }
}

int evtpm_verify(const struct evtpm_evidence *evidence,
                 const struct evtpm_policy *policy, struct evtpm_result *result)
{
    struct verification v = { .evidence = evidence,
                              .policy = policy,
                              .result = result };
    struct evtpm_error err = { "" };

    memset(result, 0, sizeof(*result));
    result->failed = EVTPM_LINK_COUNT;
    gather_chain(&v, &err);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        struct evtpm_link_result *r = &result->link[i];

        links[i].check(&v, r);
        if (i == EVTPM_LINK_EVIDENCE && r->status == EVTPM_PASSED &&
            err.text[0]) {
            link_fail(r, "certificates: %s", err.text);
        }
        if (r->status == EVTPM_FAILED && result->failed == EVTPM_LINK_COUNT) {
            result->failed = i;
        }
    }
    evtpm_chain_clear(&v.chain);
    return evtpm_link_exit_status(result->failed);
}
