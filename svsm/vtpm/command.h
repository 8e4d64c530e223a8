/* SPDX-License-Identifier: MIT */
/* TPM commands that the program itself gives to one of its TPMs: big-endian
 * fields appended one by one (TPM 2.0 part 3, 5). */
#ifndef EVTPM_VTPM_COMMAND_H
#define EVTPM_VTPM_COMMAND_H

#include <stdbool.h>

#include "svsm/vtpm/protocol.h"
#include "svsm/vtpm/tpm.h"

#define VTPM_CC_STARTUP 0x144u
#define VTPM_RH_ENDORSEMENT 0x4000000bu
#define VTPM_RH_PLATFORM 0x4000000cu

struct vtpm_command {
    uint32_t size;
    uint8_t data[VTPM_FRAME_MAX];
};

/* The caller knows that its commands fit. */
void vtpm_put_bytes(struct vtpm_command *command, const void *from,
                    uint32_t count);
void vtpm_put_u8(struct vtpm_command *command, uint8_t value);
void vtpm_put_u16(struct vtpm_command *command, uint16_t value);
void vtpm_put_u32(struct vtpm_command *command, uint32_t value);

/* Header of a command with neither handle nor session. */
void vtpm_begin(struct vtpm_command *command, uint32_t code);

/* Header, one handle and an empty password for it. */
void vtpm_begin_authorized(struct vtpm_command *command, uint32_t code,
                           uint32_t handle);

/* How one of the TPMs executes a command: vtpm_live_process() and its like. */
typedef bool (*vtpm_process_fn)(uint8_t *command, uint32_t size,
                                struct vtpm_response *response);

/* Completes @command and has it executed; returns the answer's code, with its
 * bytes in @response: at least a header where that is TPM_RC_SUCCESS. */
uint32_t vtpm_run(vtpm_process_fn process, struct vtpm_command *command,
                  struct vtpm_response *response);

#endif
