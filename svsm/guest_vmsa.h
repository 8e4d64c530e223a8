/* SPDX-License-Identifier: MIT */
/* The register state in which the guest's boot vCPU starts. */
#ifndef SVSM_GUEST_VMSA_H
#define SVSM_GUEST_VMSA_H

#include <stdint.h>

#include "evtpm/vmsa.h"

/* Real mode at @entry (below 4 GiB), RDX = @signature (CPUID 1 EAX), as after
 * INIT. */
void guest_vmsa_reset(struct vmsa *vmsa, uint64_t entry, unsigned vmpl,
                      uint64_t sev_features, uint32_t signature);

#endif
