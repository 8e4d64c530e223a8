/* SPDX-License-Identifier: MIT */
/* The vTPM: a CPL3 process behind the frames of svsm/vtpm/protocol.h. */
#ifndef SVSM_VTPM_H
#define SVSM_VTPM_H

#include <stddef.h>
#include <stdint.h>

/* Loads the program and runs it until it waits for its first command. */
void vtpm_start(const uint8_t *file, size_t size);

/*
 * One TPM command of the guest; always gives a response, an error if there is
 * no TPM any more. @response has VTPM_FRAME_MAX bytes; returns its size.
 */
size_t vtpm_command(uint8_t locality, const uint8_t *command, size_t size,
                    uint8_t *response);

/* The RSA-2048 EK's TPMT_PUBLIC into @to; its size, 0 if there is no TPM. */
size_t vtpm_ek_public(uint8_t *to, size_t room);

#endif
