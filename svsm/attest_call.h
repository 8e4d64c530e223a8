/* SPDX-License-Identifier: MIT */
/* Decoding of the attestation protocol's argument block. */
#ifndef SVSM_ATTEST_CALL_H
#define SVSM_ATTEST_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evtpm/svsm.h"

/* Bytes of the block for @call; 0: no such call. */
size_t attest_call_size(uint32_t call);

/*
 * Is the block well formed (alignment, nonce, reserved fields, version)?
 * @single: with the fields of SINGLE_SERVICE. Addresses are not judged.
 */
bool attest_call_valid(const struct svsm_attest_call *args, bool single);

#endif
