/* SPDX-License-Identifier: MIT */
/* A guest's side of messages to the AMD-SP. */
#ifndef EVTPM_TESTS_GUEST_MESSAGE_H
#define EVTPM_TESTS_GUEST_MESSAGE_H

#include "lib/amdsp.h"

/* A header as the guest's next message would have it, and its payload; not yet encrypted. */
void message_prepare(const struct amdsp_guest *guest, unsigned vmpck,
                     unsigned type, unsigned version, const void *payload,
                     size_t size, struct snp_guest_msg *msg);
/* Encrypts in place and writes the tag. */
void message_seal(const uint8_t vmpck[32], struct snp_guest_msg *msg);
/* Decrypts in place; false when the tag is wrong. */
bool message_open(const uint8_t vmpck[32], struct snp_guest_msg *msg);

/*
 * One whole exchange that must be well-formed both ways: the response has the next sequence
 * number, the next type, and exactly `rsp_size` bytes. Returns the firmware's status.
 */
unsigned message_exchange(struct amdsp_guest *guest, unsigned vmpck,
                          unsigned type, unsigned version, const void *req,
                          size_t req_size, void *rsp, size_t rsp_size);

#endif
