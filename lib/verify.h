/* SPDX-License-Identifier: MIT */
/*
 * The relying party's judgement of evidence. A chain of links, checked in this order:
 *
 *   trusted root -> VCEK -> report -> launch digest (this SVSM and vTPM, at VMPL 0)
 *     -> report data = SHA-512(nonce || manifest) -> EK -> AK -> quote -> PCRs -> logs
 *
 * All links are checked even after one failed, so that a person sees the whole picture; a link
 * whose input is unreadable is skipped, and the link "evidence" has failed then.
 */
#ifndef EVTPM_LIB_VERIFY_H
#define EVTPM_LIB_VERIFY_H

#include <time.h>

#include "lib/allow_list.h"
#include "lib/certs.h"
#include "lib/event_rules.h"
#include "lib/evidence.h"

enum evtpm_link {
    EVTPM_LINK_EVIDENCE,
    EVTPM_LINK_NONCE,
    EVTPM_LINK_ROOT,
    EVTPM_LINK_CHAIN,
    EVTPM_LINK_REPORT_SIGNATURE,
    EVTPM_LINK_REPORT_FORM,
    EVTPM_LINK_CHIP,
    EVTPM_LINK_TCB,
    EVTPM_LINK_POLICY,
    EVTPM_LINK_VMPL,
    EVTPM_LINK_LAUNCH_DIGEST,
    EVTPM_LINK_REPORT_DATA,
    EVTPM_LINK_EK,
    EVTPM_LINK_EK_ATTRIBUTES,
    EVTPM_LINK_AK_ATTRIBUTES,
    EVTPM_LINK_AK_NAME,
    EVTPM_LINK_AK_BINDING,
    EVTPM_LINK_QUOTE_FORM,
    EVTPM_LINK_QUOTE_SIGNATURE,
    EVTPM_LINK_QUOTE_NONCE,
    EVTPM_LINK_QUOTE_PCRS,
    EVTPM_LINK_EVENT_LOG,
    EVTPM_LINK_IMA_LOG,
    /* Numbers are exit statuses: new links are appended. */
    EVTPM_LINK_REVOCATION,
    EVTPM_LINK_ID_BLOCK,
    EVTPM_LINK_PCR_VALUES,
    EVTPM_LINK_EVENT_RULES,
    EVTPM_LINK_IMA_FILES,
    EVTPM_LINK_FRESHNESS,
    EVTPM_LINK_COUNT,
};

/* "report-signature"; for machines, stable. */
const char *evtpm_link_name(enum evtpm_link link);
/* "the report is signed by the VCEK"; for people. */
const char *evtpm_link_claim(enum evtpm_link link);
/* 20 to 48: the exit status of a program for which this link failed first. */
int evtpm_link_exit_status(enum evtpm_link link);

/*
 * The credential that the relying party made (TPM2_MakeCredential) before it asked for evidence.
 * All three matter: a secret wrapped for some other TPM's EK says nothing about this one.
 */
struct evtpm_credential {
    struct evtpm_blob secret;
    struct evtpm_blob ek_public; /* TPM2B_PUBLIC that it was wrapped for */
    struct evtpm_blob ak_name;   /* name that it was made for */
};

/* PCRs 0 to 9 */
#define EVTPM_REQUIRED_PCRS 0x3ffu

/* A PCR's value must be one of these. */
struct evtpm_pcr_rule {
    unsigned pcr;
    const uint8_t (*values)[32];
    size_t value_count;
};

/*
 * What the relying party expects. All zero accepts nothing. Whatever it points to stays the
 * caller's and is only read: one policy may serve several threads at once.
 */
struct evtpm_policy {
    const struct evtpm_blob *nonce;            /* the one sent; NULL fails unless `recorded` */
    const struct evtpm_credential *credential; /* the one made; likewise */
    bool recorded; /* evidence from a file: freshness and AK binding are skipped, not failed */

    /* The image: its launch digest is any of these; or, where none is given, the keys below say
     * so. One of the three lists must not be empty. */
    const uint8_t (*launch_digests)[48];
    size_t launch_digest_count;
    /* SHA-384 of the key (struct snp_ecdsa_key) that signed the launch's ID block, and of the
     * author key that signed that key; each list that is not empty must contain the report's. */
    const uint8_t (*id_keys)[48];
    size_t id_key_count;
    const uint8_t (*author_keys)[48];
    size_t author_key_count;

    const struct evtpm_blob *roots; /* trusted root certificates, DER or PEM, besides AMD's */
    size_t root_count;
    const struct evtpm_chain *certificates; /* for those that the evidence lacks; may be NULL */
    time_t now; /* for certificates and freshness; 0: the clock */
    const struct evtpm_blob *crls; /* DER; those of other roots say nothing */
    size_t crl_count;
    bool require_crl; /* a valid one must cover the chain's ASK or ASVK */

    /* The lowest TCB by product, SNP_PRODUCT_COUNT of them, of the products whose bit is set in
     * tcb_products; others are refused then. NULL: any product, any TCB. */
    const struct snp_tcb *tcb_floors;
    uint32_t tcb_products;
    bool allow_debug;     /* guest policy bit 19 */
    bool allow_migration; /* guest policy bit 18 */
    bool forbid_smt;      /* guest policy bit 16 must be clear */
    bool require_single_socket;
    /* The firmware ABI that the guest's policy must ask for at least */
    uint8_t abi_major, abi_minor;

    uint32_t required_pcrs; /* that the quote must cover; 0: EVTPM_REQUIRED_PCRS */
    uint32_t free_pcrs;     /* that no log need explain: 16 and 23 belong to applications */
    const struct evtpm_pcr_rule *pcr_rules;
    size_t pcr_rule_count;
    const struct evtpm_event_rule *event_rules;
    size_t event_rule_count;
    const struct evtpm_allow_list *ima_files; /* NULL: any file may run */

    /* When the relying party issued the nonce, by its own record; 0: it does not know. Evidence
     * is no older than that. A claim inside the evidence would prove nothing. */
    time_t nonce_issued;
    unsigned maximum_age; /* seconds; 0: any age */
};

enum evtpm_status { EVTPM_SKIPPED, EVTPM_PASSED, EVTPM_FAILED };

struct evtpm_link_result {
    enum evtpm_status status;
    char detail[512]; /* one line: what was seen; on failure what was seen and what was wanted */
    /* The value looked at and the one asked for, one line each; "" when there is none. */
    char seen[256], wanted[256];
};

struct evtpm_result {
    struct evtpm_link_result link[EVTPM_LINK_COUNT];
    /* The first link that failed; EVTPM_LINK_COUNT when the evidence is good. */
    enum evtpm_link failed;
    bool emulated; /* the root is an emulated one */
};

/*
 * Judges the evidence. Returns 0 when every link held (or was skipped as the policy allows), else
 * the exit status of the first that failed. Neither argument is kept.
 */
int evtpm_verify(const struct evtpm_evidence *evidence,
                 const struct evtpm_policy *policy,
                 struct evtpm_result *result);

#endif
