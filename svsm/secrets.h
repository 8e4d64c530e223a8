/* SPDX-License-Identifier: MIT */
/* The guest's copy of the secrets page. */
#ifndef SVSM_SECRETS_H
#define SVSM_SECRETS_H

#include <stdint.h>

#include "evtpm/snp.h"

struct secrets_svsm {
    uint64_t base, size; /* the SVSM's region */
    uint64_t caa;        /* calling area of the boot vCPU */
    unsigned guest_vmpl;
};

/* Copies @from without the VMPCKs of the levels above the guest's, SVSM fields
 * set. */
void secrets_for_guest(struct snp_secrets_page *to,
                       const struct snp_secrets_page *from,
                       const struct secrets_svsm *svsm);

#endif
