/* SPDX-License-Identifier: MIT */
/* CPUID page (SNP firmware ABI 8.17.2.6). Compiles on the host too. */
#include "svsm/cpuid.h"

#include <string.h>

static bool leaf_has_subleaves(uint32_t eax)
{
    switch (eax) {
    case 0x4:
    case 0x7:
    case 0xb:
    case 0xd:
    case 0xf:
    case 0x10:
    case 0x12:
    case 0x14:
    case 0x17:
    case 0x18:
    case 0x1d:
    case 0x1e:
    case 0x1f:
    case 0x8000001d:
    case 0x80000020:
    case 0x80000026:
        return true;
    default:
        return false;
    }
}

/* D/0 and D/1 depend on XCR0 and XSS: the entry for the reset value serves. */
static bool entry_matches(const struct snp_cpuid_entry *e, uint32_t eax,
                          uint32_t ecx)
{
    if (e->eax_in != eax || (leaf_has_subleaves(eax) && e->ecx_in != ecx)) {
        return false;
    }
    if (eax == 0xd && ecx <= 1) {
        return (e->xcr0_in == 1 || e->xcr0_in == 3) && e->xss_in == 0;
    }
    return true;
}

bool cpuid_page_lookup(const struct snp_cpuid_page *page, uint32_t eax,
                       uint32_t ecx, struct cpuid_regs *out)
{
    for (uint32_t i = 0; i < page->count && i < SNP_CPUID_COUNT_MAX; i++) {
        const struct snp_cpuid_entry *e = &page->entry[i];

        if (entry_matches(e, eax, ecx)) {
            *out = (struct cpuid_regs){ e->eax, e->ebx, e->ecx, e->edx };
            return true;
        }
    }
    *out = (struct cpuid_regs){ 0 };
    return false;
}

bool cpuid_page_valid(const struct snp_cpuid_page *page)
{
    struct cpuid_regs sev;

    if (page->count == 0 || page->count > SNP_CPUID_COUNT_MAX) {
        return false;
    }
    if (!cpuid_page_lookup(page, CPUID_SEV_LEAF, 0, &sev)) {
        return false;
    }
    return (sev.eax & CPUID_SEV_EAX_SNP) && (sev.ebx & 0x3f) == SNP_CBIT_POS;
}

void cpuid_page_for_guest(struct snp_cpuid_page *to,
                          const struct snp_cpuid_page *from)
{
    memcpy(to, from, sizeof(*to));
    for (uint32_t i = 0; i < to->count && i < SNP_CPUID_COUNT_MAX; i++) {
        if (to->entry[i].eax_in == CPUID_SEV_LEAF) {
            to->entry[i].eax |= CPUID_SEV_EAX_SVSM;
        }
    }
}
