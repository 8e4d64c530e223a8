/* SPDX-License-Identifier: MIT */
/*
 * Evidence: what a confidential VM sends to a relying party. As a document it
 * is JSON with base64 members; reading JSON is the caller's business, this is
 * what comes out of it. Nothing in it is trusted: lib/verify.h judges it.
 */
#ifndef EVTPM_LIB_EVIDENCE_H
#define EVTPM_LIB_EVIDENCE_H

#include "lib/blob.h"

#define EVTPM_PCR_COUNT 24
#define EVTPM_NONCE_SIZE 64

struct evtpm_evidence {
    struct evtpm_blob nonce;
    struct evtpm_blob report; /* SNP attestation report, 1184 bytes */
    struct evtpm_blob
        certificates; /* table of an extended guest request; may be empty */
    struct evtpm_blob
        manifest; /* the SVSM's for its vTPM: TPMT_PUBLIC of the EK */
    struct evtpm_blob ek_public; /* TPM2B_PUBLIC */
    struct evtpm_blob ak_public; /* TPM2B_PUBLIC */
    struct evtpm_blob
        ak_name; /* name algorithm and digest, no size before them */
    struct evtpm_blob credential_secret; /* what TPM2_ActivateCredential gave */
    struct evtpm_blob quote_attest;      /* TPMS_ATTEST */
    struct evtpm_blob quote_signature;   /* TPMT_SIGNATURE */
    struct evtpm_blob event_log; /* TCG crypto-agile log of the firmware */
    struct evtpm_blob ima_log;   /* binary_runtime_measurements; may be empty */
    uint32_t pcr_mask;           /* bit n: pcr[n] was given */
    uint8_t pcr[EVTPM_PCR_COUNT][32]; /* SHA-256 bank */
};

/* The byte members by their names in the document: readers and writers loop
 * over this. */
struct evtpm_evidence_field {
    const char *name; /* "nonce"; members of "quote" as "quote.attest" */
    size_t offset;    /* of the struct evtpm_blob in struct evtpm_evidence */
    size_t most;      /* bytes: larger ones are refused */
    bool may_be_empty;
};
#define EVTPM_EVIDENCE_FIELD_COUNT 12
extern const struct evtpm_evidence_field
    evtpm_evidence_fields[EVTPM_EVIDENCE_FIELD_COUNT];
struct evtpm_blob *
evtpm_evidence_blob(struct evtpm_evidence *evidence,
                    const struct evtpm_evidence_field *field);

/* Frees all members. */
void evtpm_evidence_clear(struct evtpm_evidence *evidence);

#endif
