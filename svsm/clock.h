/* SPDX-License-Identifier: MIT */
/* Time since start. The TPM's clock is no better than the host lets it be: see
 * clock.c. */
#ifndef SVSM_CLOCK_H
#define SVSM_CLOCK_H

#include <stdint.h>

void clock_init(void);

/* Nanoseconds since clock_init(); monotonic as far as the TSC is. */
uint64_t clock_ns(void);

#endif
