/* SPDX-License-Identifier: MIT */
/* The CPUID page that the AMD-SP checked: look-ups, and the guest's copy. */
#ifndef SVSM_CPUID_H
#define SVSM_CPUID_H

#include <stdbool.h>
#include <stdint.h>

#include "evtpm/snp.h"

struct cpuid_regs {
    uint32_t eax, ebx, ecx, edx;
};

/* Is the count plausible, and do the leaves say SEV-SNP at our C-bit? */
bool cpuid_page_valid(const struct snp_cpuid_page *page);

/*
 * Leaf @eax, subleaf @ecx of @page into @out. A leaf that is not there reads as
 * zeros, as on the processor; the result then is false.
 */
bool cpuid_page_lookup(const struct snp_cpuid_page *page, uint32_t eax,
                       uint32_t ecx, struct cpuid_regs *out);

/* Copies @from to the guest's page @to and sets there that an SVSM is present.
 */
void cpuid_page_for_guest(struct snp_cpuid_page *to,
                          const struct snp_cpuid_page *from);

/* cpuid_page_lookup() in this machine's page. Kernel only. */
bool cpuid_get(uint32_t eax, uint32_t ecx, struct cpuid_regs *out);

#endif
