/* SPDX-License-Identifier: MIT */
/* The only source of randomness: getrandom(2). */
#ifndef EVTPM_VTPM_ENTROPY_H
#define EVTPM_VTPM_ENTROPY_H

#include <stdbool.h>

/* Makes libcrypto, and with it libtpms, take every random byte from getrandom,
 * without configuration files or devices. A failing getrandom ends the process:
 * a TPM without entropy must not answer. */
bool vtpm_entropy_init(void);

#endif
