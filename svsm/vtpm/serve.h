/* SPDX-License-Identifier: MIT */
/* Answers one frame, whoever it is for. */
#ifndef EVTPM_VTPM_SERVE_H
#define EVTPM_VTPM_SERVE_H

#include <stdint.h>

/* Executes the whole frame @frame of @size bytes (VTPM_HEADER_SIZE to
 * VTPM_FRAME_MAX; may be overwritten). *@response points to the answer until
 * the next call; returns its length. */
uint32_t vtpm_serve(uint8_t *frame, uint32_t size, const uint8_t **response);

/* The answer to a frame with an impossible size. */
uint32_t vtpm_serve_bad_size(const uint8_t **response);

#endif
