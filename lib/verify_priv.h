/* SPDX-License-Identifier: MIT */
/* Between the files of the verifier only. */
#ifndef EVTPM_LIB_VERIFY_PRIV_H
#define EVTPM_LIB_VERIFY_PRIV_H

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
    bool has_vcek;
    struct evtpm_vcek_info vcek;
    bool has_ek, has_ak, has_attest, has_signature;
    TPMT_PUBLIC ek; /* from the manifest */
    TPMT_PUBLIC ak;
    TPMS_ATTEST attest;
    TPMT_SIGNATURE signature;
};

typedef void (*link_fn)(struct verification *v, struct evtpm_link_result *r);

/* Each sets the status and writes the detail. */
void link_pass(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void link_fail(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void link_skip(struct evtpm_link_result *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "seen X, wanted Y" with both in hex. */
void link_fail_bytes(struct evtpm_link_result *r, const char *what,
                     const void *seen, size_t seen_size, const void *wanted,
                     size_t wanted_size);

/* verify_chain.c: certificates */
void link_root(struct verification *v, struct evtpm_link_result *r);
void link_chain(struct verification *v, struct evtpm_link_result *r);
void link_report_signature(struct verification *v, struct evtpm_link_result *r);
void link_chip(struct verification *v, struct evtpm_link_result *r);

/* verify_report.c: what the report says */
void link_report_form(struct verification *v, struct evtpm_link_result *r);
void link_tcb(struct verification *v, struct evtpm_link_result *r);
void link_policy(struct verification *v, struct evtpm_link_result *r);
void link_vmpl(struct verification *v, struct evtpm_link_result *r);
void link_launch_digest(struct verification *v, struct evtpm_link_result *r);
void link_report_data(struct verification *v, struct evtpm_link_result *r);

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
void link_quote_pcrs(struct verification *v, struct evtpm_link_result *r);
void link_event_log(struct verification *v, struct evtpm_link_result *r);
void link_ima_log(struct verification *v, struct evtpm_link_result *r);

#endif
