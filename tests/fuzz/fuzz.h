/* SPDX-License-Identifier: MIT */
/* What a fuzz target has: an entry that libFuzzer knows, too, and a corpus that it makes itself. */
#ifndef EVTPM_TESTS_FUZZ_H
#define EVTPM_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The target: must come back from any input without a sanitizer's complaint. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Calls fuzz_add() for each good input to start from. */
void fuzz_corpus(void);

/* Copies an input into the corpus. */
void fuzz_add(const void *data, size_t size);

/* The driver's deterministic numbers; 0: all 64 bits. */
uint64_t fuzz_random(uint64_t below);

#endif
