/* SPDX-License-Identifier: MIT */
/* Public areas of the endorsement keys, without touching the live TPM.
 *
 * A primary key follows from the hierarchy's seed and the template alone. The
 * seed is part of the permanent state, which can be read at any time; the key
 * is then made in the shadow TPM from a copy of that state. Hence no handle,
 * session, counter, clock, audit digest or authorization of the guest matters
 * or changes, and the answer is right before TPM2_Startup and after TPM2_Clear
 * or TPM2_ChangeEPS alike. */
#ifndef EVTPM_VTPM_EK_H
#define EVTPM_VTPM_EK_H

#include <stdint.h>

#include "svsm/vtpm/protocol.h"

/* Writes the marshalled TPMT_PUBLIC of the key (VTPM_EK_RSA2048 or
 * VTPM_EK_ECC_P256) to @to, which has room for VTPM_EK_PUBLIC_MAX bytes, and
 * its length to *@size. Returns a TPM response code. Computed once per seed. */
#define VTPM_EK_PUBLIC_MAX 512u
uint32_t vtpm_ek_public(uint32_t key, uint8_t *to, uint32_t *size);

/* The live TPM has executed the command with code @command_code. */
void vtpm_ek_notice(uint32_t command_code);

#endif
