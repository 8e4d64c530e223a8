/* SPDX-License-Identifier: MIT */
/*
 * A relying party, a chip and a VM with its TPM, all in memory: makes evidence
 * that verifies, and lets a test change one thing and make the rest again.
 */
#ifndef EVTPM_TESTS_EVIDENCE_SAMPLE_H
#define EVTPM_TESTS_EVIDENCE_SAMPLE_H

#include <glib.h>
#include <tss2/tss2_tpm2_types.h>

#include "lib/amdsp.h"
#include "lib/verify.h"

struct sample {
    struct evtpm_chip *chip;
    struct amdsp_guest guest;
    unsigned report_vmpl;
    struct snp_attestation_report
        report; /* sample_sign_report() puts it into the evidence */

    gnutls_privkey_t ek_key, ak_key;
    TPMT_PUBLIC ek, ak;
    TPMS_ATTEST attest;
    TPMI_ALG_SIG_SCHEME scheme;

    struct evtpm_evidence evidence;
    struct evtpm_blob nonce; /* the relying party's */
    struct evtpm_credential credential;
    uint8_t launch_digest[1][48];
    struct evtpm_chain certificates;
    struct evtpm_blob roots[1];
    struct evtpm_policy policy;
};

/* The chips are made once and shared: [1] has [0]'s root, [2] its own (and takes seconds). */
#define SAMPLE_CHIPS 3
void sample_chips_create(unsigned count);
void sample_chips_remove(void);
const char *sample_chip_dir(unsigned chip);

/* Evidence of VM `vm` (each has its own keys) on a chip; it verifies with
 * sample.policy. */
void sample_init(struct sample *s, unsigned vm, unsigned chip);
void sample_clear(struct sample *s);

/* Steps of making evidence, to be repeated after a change of what is before
 * them. */
void sample_launch(struct sample *s, uint64_t policy);
void sample_publics(
    struct sample *s); /* ek, ak -> manifest, ek_public, ak_public, ak_name */
void sample_report(
    struct sample *s); /* guest message at report_vmpl -> report */
void sample_sign_report(struct sample *s); /* signs s->report -> evidence */
void sample_quote(struct sample *s); /* nonce and PCRs -> attest, signature */
void sample_sign_quote(struct sample *s); /* signs s->attest -> evidence */
/* The firmware's and IMA's logs, and the PCRs that they lead to. */
void sample_logs(struct sample *s);
/* An AK of another kind: TPM2_ALG_RSASSA, TPM2_ALG_RSAPSS or TPM2_ALG_ECDSA. */
void sample_new_ak(struct sample *s, TPMI_ALG_SIG_SCHEME scheme);
/* Publics, the report over them, and a credential made for them: after a change of ek or ak. */
void sample_remake_publics(struct sample *s);
/* The chip's certificates as the policy's own instead of the evidence's, to be altered. */
struct evtpm_chain *sample_own_chain(struct sample *s);

#endif
