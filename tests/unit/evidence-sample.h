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
    unsigned chip_number;
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
    /* what the policy points to */
    uint8_t id_key[1][48], author_key[1][48];
    struct snp_tcb floors[SNP_PRODUCT_COUNT];
    struct evtpm_blob crls[1];
    struct evtpm_pcr_rule pcr_rules[1];
    uint8_t pcr_values[1][32];
    struct evtpm_event_rule rules[10];
    uint8_t kernel[1][32], initrd[1][32], bad_kernel[1][32];
    uint8_t command_line[EVTPM_COMMAND_LINE_DIGESTS][32];
    struct evtpm_allow_list files;
};
#define SAMPLE_DIGESTS(array) ((const uint8_t(*)[32])(array))
#define SAMPLE_KEYS(array) ((const uint8_t(*)[48])(array))

/* The chips are made once and shared: [1] has [0]'s root, [2] its own (and takes
 * seconds), [3] [0]'s root and a provider's VLEK, which signs its reports. */
#define SAMPLE_CHIPS 4
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
#define SAMPLE_BANKS                                                           \
    (1u << EVTPM_SHA1 | 1u << EVTPM_SHA256 | 1u << EVTPM_SHA384)
/* The same with this log of the firmware; IMA's as ever. */
void sample_log(struct sample *s, const GByteArray *log);
/* An AK of another kind: TPM2_ALG_RSASSA, TPM2_ALG_RSAPSS or TPM2_ALG_ECDSA. */
void sample_new_ak(struct sample *s, TPMI_ALG_SIG_SCHEME scheme);
/* Gives the policy all that a policy can have; sample_init() did. */
void sample_policy(struct sample *s);
void sample_policy_clear(struct sample *s);
void sample_add_rule(struct sample *s, enum evtpm_rule_kind kind, unsigned pcr,
                     const uint8_t (*digests)[32], size_t count,
                     const char *name);
/* Replaces the policy's revocation list; `key` is a file of the chip's. */
void sample_make_crl(struct sample *s, const struct evtpm_blob *issuer,
                     const char *key, const struct evtpm_blob *revoked);
/* IMA's list, and the PCR that it leads to. */
void sample_ima(struct sample *s, const GByteArray *list);
/* Publics, the report over them, and a credential made for them: after a change
 * of ek or ak. */
void sample_remake_publics(struct sample *s);
/* The chip's certificates as the policy's own instead of the evidence's, to be
 * altered. */
struct evtpm_chain *sample_own_chain(struct sample *s);

#endif
