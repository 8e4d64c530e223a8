/* SPDX-License-Identifier: MIT */
/*
 * The AMD-SP model: what the security processor's firmware keeps for one guest and how it
 * answers that guest's messages (SNP firmware ABI 56860: LAUNCH_START, LAUNCH_FINISH,
 * GUEST_REQUEST). Memory and the launch digest are the caller's business; see launch_digest.h.
 *
 * Not thread-safe: calls on one guest must be serialized by the caller (QEMU: the big lock).
 * Different guests share nothing but the chip, which is only read.
 *
 * Functions that stand for firmware commands return its status: SNP_FW_OK (0) or another
 * SNP_FW_*. With `err` they also say why, in words for the VM's owner.
 *
 * Departures from hardware: derived keys come from a function of our own (AMD's is not public),
 * so they differ from those of any real chip; migration agents do not exist.
 */
#ifndef EVTPM_LIB_AMDSP_H
#define EVTPM_LIB_AMDSP_H

#include "lib/chip.h"

#define AMDSP_VMPCK_COUNT 4

struct amdsp_guest {
    const struct evtpm_chip *chip; /* borrowed, must outlive the guest */
    uint64_t policy;
    uint8_t vmpck[AMDSP_VMPCK_COUNT][32];
    uint64_t msg_count[AMDSP_VMPCK_COUNT]; /* last sequence number used, 0 at first */
    uint8_t report_id[32];
    uint8_t vmrk[32];
    bool launched; /* LAUNCH_FINISH done: messages are answered */
    uint8_t measurement[48];
    uint8_t host_data[32];
    bool has_id_block, has_author_key;
    bool vcek_dis;
    struct snp_id_block id_block;
    uint8_t id_key_digest[48];
    uint8_t author_key_digest[48];
};

/*
 * LAUNCH_START: checks the policy and draws fresh VMPCKs and a fresh report_id. INVALID_PARAM for
 * reserved bits or bit 17 missing; POLICY_FAILURE for a newer ABI or for protections that the
 * emulated platform does not have (AES-256-XTS, RAPL off, ciphertext hiding).
 */
unsigned amdsp_launch_start(struct amdsp_guest *guest,
                            const struct evtpm_chip *chip, uint64_t policy,
                            struct evtpm_error *err);

/* Fills a secrets page as firmware does: version, fms, VMPCKs. All else, SVSM fields too, is 0. */
void amdsp_fill_secrets(const struct amdsp_guest *guest,
                        struct snp_secrets_page *page);

struct amdsp_finish {
    uint8_t measurement[48]; /* the launch digest that the caller accumulated */
    uint8_t host_data[32];
    const struct snp_id_block *id_block; /* NULL: none */
    const struct snp_id_auth *id_auth;   /* needed with id_block */
    bool auth_key_en;                    /* the author key of id_auth counts */
    bool vcek_dis; /* VCEK_DIS: no report is signed by the VCEK, no key comes from it */
};

/*
 * LAUNCH_FINISH: with an ID block its signatures (BAD_SIGNATURE), its digest (BAD_MEASUREMENT)
 * and its policy (POLICY_FAILURE) must fit. From then on guest messages are answered.
 */
unsigned amdsp_launch_finish(struct amdsp_guest *guest,
                             const struct amdsp_finish *finish,
                             struct evtpm_error *err);

/*
 * GUEST_REQUEST: one encrypted message in, one out. Both are whole pages and may be the same
 * page. On any status but OK the response is left alone and no sequence number is consumed:
 *   INVALID_PARAM    header malformed, unknown VMPCK or type, sequence number not the next one
 *   INVALID_LENGTH   payload longer than a page allows, or not the size its type has
 *   BAD_MEASUREMENT  authentication tag wrong
 *   AEAD_OFLOW       sequence numbers of this VMPCK used up
 *   UNSUPPORTED      a message type that this model does not have (CPUID, migration)
 * A well-formed message with unacceptable contents gets OK and a response whose own status says
 * so (INVALID_PARAM, INVALID_KEY).
 */
unsigned amdsp_guest_request(struct amdsp_guest *guest,
                             const uint8_t request[4096],
                             uint8_t response[4096], struct evtpm_error *err);

/* Wipes the keys. */
void amdsp_guest_clear(struct amdsp_guest *guest);

/* "INVALID_PARAM" and so on; "unknown status" for other values. Static storage. */
const char *amdsp_status_name(unsigned status);

#endif
