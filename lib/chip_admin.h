/* SPDX-License-Identifier: MIT */
/* Chip directories from the side of whoever makes and publishes them. */
#ifndef EVTPM_LIB_CHIP_ADMIN_H
#define EVTPM_LIB_CHIP_ADMIN_H

#include "lib/chip.h"

/* The TCB that evtpm_chip_create() gives a chip of this product by default. */
struct snp_tcb evtpm_chip_default_tcb(enum snp_product product);

/*
 * A revocation list (DER) of the chip's ARK, as AMD publishes one of its own: nothing is revoked,
 * valid from now on for a year. Returns 0 or -1.
 */
int evtpm_chip_crl(const char *dir, struct evtpm_blob *der,
                   struct evtpm_error *err);

#endif
