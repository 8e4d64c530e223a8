/* SPDX-License-Identifier: MIT */
/* Sealed messages between a guest and the AMD-SP (SNP firmware ABI 8.26). */
#ifndef SVSM_GUEST_MSG_H
#define SVSM_GUEST_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "evtpm/report.h"
#include "svsm/aes.h"

/* Which message: all of it is authenticated. */
struct guest_msg_id {
    uint64_t seqno;
    uint8_t type;
    uint8_t vmpck;
};

/* Builds the message for @size bytes of @payload; @size <= SNP_MSG_PAYLOAD_MAX.
 */
void guest_msg_seal(struct snp_guest_msg *msg, const struct aes256 *key,
                    const struct guest_msg_id *id, const void *payload,
                    uint16_t size);

/*
 * Opens @msg, a private copy, in place. True when it is the message @id with
 * exactly @size bytes, made by one who has the key.
 */
bool guest_msg_open(struct snp_guest_msg *msg, const struct aes256 *key,
                    const struct guest_msg_id *id, uint16_t size);

#endif
