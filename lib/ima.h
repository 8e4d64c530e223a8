/* SPDX-License-Identifier: MIT */
/* Linux IMA's measurement list, binary form (securityfs ima/binary_runtime_measurements). */
#ifndef EVTPM_LIB_IMA_H
#define EVTPM_LIB_IMA_H

#include "lib/eventlog.h"

#define EVTPM_IMA_PCR 10

/*
 * Extends PCR 10 in the SHA-256 bank, entry by entry, from its value in `pcrs` until it equals
 * `wanted`. The list may go on after that: it was read later than the quote was made. *count
 * receives the entries used. -1: malformed, or `wanted` is never reached.
 */
int evtpm_ima_replay(const void *list, size_t size, struct evtpm_pcrs *pcrs,
                     const uint8_t wanted[32], uint32_t *count,
                     struct evtpm_error *err);

#endif
