/* SPDX-License-Identifier: MIT */
/* The RMP instructions. */
#include "svsm/rmp.h"

#include "evtpm/snp.h"
#include "svsm/term.h"

#define ON_FAULT                                                               \
    ".pushsection .extable, \"a\"\n\t"                                         \
    ".quad 1b, 2b\n\t"                                                         \
    ".popsection\n\t"

uint32_t rmp_pvalidate(uint64_t va, bool large, bool validate, bool *changed)
{
    uint64_t result = va;
    uint8_t carry;

    asm volatile("1: .byte 0xf2, 0x0f, 0x01, 0xff\n\t"
                 "2: setc %1\n\t" ON_FAULT
                 : "+a"(result), "=qm"(carry)
                 : "c"((uint64_t)large), "d"((uint64_t)validate)
                 : "memory", "cc");
    *changed = !carry;
    return (uint32_t)result;
}

uint32_t rmp_adjust(uint64_t va, bool large, unsigned vmpl, unsigned perms,
                    bool vmsa)
{
    uint64_t result = va;
    uint64_t attributes =
        vmpl | perms << RMPADJUST_PERM_SHIFT | (vmsa ? RMPADJUST_VMSA : 0);

    asm volatile("1: .byte 0xf3, 0x0f, 0x01, 0xfe\n\t"
                 "2:\n\t" ON_FAULT
                 : "+a"(result)
                 : "c"((uint64_t)large), "d"(attributes)
                 : "memory", "cc");
    return (uint32_t)result;
}

static void validate_small(uint64_t va)
{
    bool changed;
    uint32_t result = rmp_pvalidate(va, false, true, &changed);

    /* Validated already means that somebody else has a copy of this page */
    if (result != SNP_OK || !changed) {
        fatal(SVSM_TERM_PVALIDATE, "own page %lx: result %u%s", va, result,
              changed ? "" : ", unchanged");
    }
}

void rmp_validate_own(uint64_t va, uint64_t size)
{
    uint64_t end = va + size;
    bool changed;

    while (va < end) {
        if (va % SNP_LARGE_PAGE_SIZE == 0 && end - va >= SNP_LARGE_PAGE_SIZE &&
            rmp_pvalidate(va, true, true, &changed) == SNP_OK) {
            if (!changed) {
                fatal(SVSM_TERM_PVALIDATE, "own 2M page %lx: unchanged", va);
            }
            va += SNP_LARGE_PAGE_SIZE;
            continue;
        }
        /* Mapped or assigned by 4K pages: one after the other to the next 2M */
        do {
            validate_small(va);
            va += SNP_PAGE_SIZE;
        } while (va < end && va % SNP_LARGE_PAGE_SIZE != 0);
    }
}
