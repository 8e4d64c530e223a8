/* SPDX-License-Identifier: MIT */
/* The two TPMs of the program: libtpms, linked in twice.
 *
 * libtpms keeps its state in globals, so one copy is one TPM. The live copy is
 * the guest's. The shadow copy exists only while an endorsement key is computed
 * (ek.h): it starts from the live TPM's permanent state and is thrown away. So
 * nothing that the program does for itself can be seen in the live TPM. */
#ifndef EVTPM_VTPM_TPM_H
#define EVTPM_VTPM_TPM_H

#include <stdbool.h>
#include <stdint.h>

#include <libtpms/tpm_library.h>

#include "svsm/vtpm/protocol.h"

struct vtpm_response {
    unsigned char *data; /* allocated and reused by libtpms */
    uint32_t size;
    uint32_t room;
};

/* Manufactures the live TPM: new seeds, empty NV, PCRs in the SHA-256 bank
 * alone, powered on, waiting for TPM2_Startup. False when that failed. */
bool vtpm_live_start(void);

/* Locality of the commands that follow. */
void vtpm_live_set_locality(uint8_t locality);

/* Executes one command; false when libtpms could not even answer. */
bool vtpm_live_process(uint8_t *command, uint32_t size,
                       struct vtpm_response *response);

/* A copy of the live TPM's permanent state, seeds included; the caller cleanses
 * and frees it. Reads only. */
bool vtpm_live_permanent_state(unsigned char **blob, uint32_t *size);

/* Powers the shadow TPM on with that state. */
bool vtpm_shadow_start(const unsigned char *blob, uint32_t size);
bool vtpm_shadow_process(uint8_t *command, uint32_t size,
                         struct vtpm_response *response);
void vtpm_shadow_stop(void);

#endif
