/* SPDX-License-Identifier: MIT */
/* Between the files of the verifier only. */
#ifndef EVTPM_LIB_VERIFY_PRIV_H
#define EVTPM_LIB_VERIFY_PRIV_H

#include "lib/ima.h"
#include "lib/tpm_structs.h"
#include "lib/verify.h"

/* Evidence decoded; what `has_` denies is not to be looked at. */
struct verification {
    const struct evtpm_evidence *evidence;
    const struct evtpm_policy *policy;
    struct evtpm_result *result;

    struct evtpm_chain chain;
    bool has_report;
    struct snp_attestation_report report;
    bool vlek; /* the report says that it is signed by a VLEK, not by a VCEK */
    bool has_vcek; /* what the VCEK or VLEK says was read */
    struct evtpm_vcek_info vcek;
    bool has_ek, has_ak, has_attest, has_signature;
    TPMT_PUBLIC ek; /* from the manifest */
    TPMT_PUBLIC ak;
    TPMS_ATTEST attest;
    TPMT_SIGNATURE signature;
    bool ima_replayed;  /* the first ima_count entries lead to PCR 10 */
    uint32_t ima_count;
};

typedef void (*link_fn)(struct verification *v, struct evtpm_link_result *r);

/* Each sets the status and writes the detail. */
void link_pass(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void link_fail(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void link_skip(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The value looked at and the one asked for, whatever the verdict will be. */
void link_seen(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void link_wanted(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Both in hex. */
void link_values(struct evtpm_link_result *r, const void *seen,
                 size_t seen_size, const void *wanted, size_t wanted_size);

/* "seen X, wanted Y" with both in hex. */
void link_fail_bytes(struct evtpm_link_result *r, const char *what,
                     const void *seen, size_t seen_size, const void *wanted,
                     size_t wanted_size);

/* The policy's time, or the clock's. */
time_t verification_now(const struct verification *v);

/* verify_chain.c: certificates */
const char *endorsement_name(const struct verification *v); /* "VCEK" */
const struct evtpm_blob *endorsement_key(const struct verification *v);
void link_root(struct verification *v, struct evtpm_link_result *r);
void link_chain(struct verification *v, struct evtpm_link_result *r);
void link_report_signature(struct verification *v, struct evtpm_link_result *r);
void link_chip(struct verification *v, struct evtpm_link_result *r);
void link_revocation(struct verification *v, struct evtpm_link_result *r);

/* verify_report.c: what the report says */
void link_report_form(struct verification *v, struct evtpm_link_result *r);
void link_tcb(struct verification *v, struct evtpm_link_result *r);
void link_policy(struct verification *v, struct evtpm_link_result *r);
void link_vmpl(struct verification *v, struct evtpm_link_result *r);
void link_launch_digest(struct verification *v, struct evtpm_link_result *r);
void link_report_data(struct verification *v, struct evtpm_link_result *r);
void link_id_block(struct verification *v, struct evtpm_link_result *r);

/* verify_tpm.c: from the manifest to the quote */
void link_ek(struct verification *v, struct evtpm_link_result *r);
void link_ek_attributes(struct verification *v, struct evtpm_link_result *r);
void link_ak_attributes(struct verification *v, struct evtpm_link_result *r);
void link_ak_name(struct verification *v, struct evtpm_link_result *r);
void link_ak_binding(struct verification *v, struct evtpm_link_result *r);
void link_quote_form(struct verification *v, struct evtpm_link_result *r);
void link_quote_signature(struct verification *v, struct evtpm_link_result *r);
void link_quote_nonce(struct verification *v, struct evtpm_link_result *r);

/* verify_pcrs.c: PCRs and the logs that explain them */
/* The PCRs of the quote's one selection, which must be of the SHA-256 bank. */
bool quoted_pcrs(const struct verification *v, uint32_t *mask);
int replay_event_log(const struct verification *v, struct evtpm_eventlog *log,
                     struct evtpm_pcrs *pcrs, struct evtpm_error *err);
void link_quote_pcrs(struct verification *v, struct evtpm_link_result *r);
void link_event_log(struct verification *v, struct evtpm_link_result *r);
void link_ima_log(struct verification *v, struct evtpm_link_result *r);

/* verify_values.c: what the policy wants PCRs and logs to say */
void link_pcr_values(struct verification *v, struct evtpm_link_result *r);
void link_event_rules(struct verification *v, struct evtpm_link_result *r);
void link_ima_files(struct verification *v, struct evtpm_link_result *r);

#endif
