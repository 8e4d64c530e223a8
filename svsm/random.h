/* SPDX-License-Identifier: MIT */
/* Entropy of the processor: nobody else's is trusted. */
#ifndef SVSM_RANDOM_H
#define SVSM_RANDOM_H

#include <stddef.h>

/* Finds RDSEED or RDRAND and tries it; fatal() when there is neither. */
void random_init(void);

/* Fills @to; fatal() when the processor gives nothing. */
void random_bytes(void *to, size_t size);

#endif
