/* SPDX-License-Identifier: MIT */
/* Builder: page tables and the boot vCPU's save area. */
#include "lib/igvm_build_internal.h"

#include <string.h>

#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_NX (1ull << 63)

#define TABLE_ENTRIES 512
#define LEAF_TABLES (SVSM_REGION_SIZE / SNP_LARGE_PAGE_SIZE)
/* One table each of levels 4, 3 and 2, then the leaf tables. */
#define TABLES (3 + LEAF_TABLES)

_Static_assert(SVSM_BASE % (1ull << 30) == 0 &&
                   SVSM_REGION_SIZE <= (1ull << 30) &&
                   SVSM_REGION_SIZE % SNP_LARGE_PAGE_SIZE == 0,
               "the region needs one level 2 table");

static uint64_t leaf(uint64_t gpa, uint8_t map)
{
    uint64_t pte = gpa | PTE_P | PTE_A;

    if (map == 0) {
        return 0;
    }
    if (map & MAP_WRITE) {
        pte |= PTE_W | PTE_D;
    }
    if (!(map & MAP_EXEC)) {
        pte |= PTE_NX;
    }
    return map & MAP_SHARED ? pte : pte | SNP_CBIT;
}

uint64_t page_tables_size(void)
{
    return TABLES * (uint64_t)PAGE;
}

void page_tables_fill(void *tables, uint64_t base,
                      const uint8_t map[REGION_PAGES])
{
    const uint64_t table_flags = PTE_P | PTE_W | PTE_A | SNP_CBIT;
    uint64_t(*table)[TABLE_ENTRIES] = tables;

    memset(tables, 0, page_tables_size());
    table[0][(SVSM_BASE >> 39) % TABLE_ENTRIES] = (base + PAGE) | table_flags;
    table[1][(SVSM_BASE >> 30) % TABLE_ENTRIES] = (base + 2 * PAGE) |
                                                  table_flags;
    for (unsigned int i = 0; i < LEAF_TABLES; i++) {
        table[2][(SVSM_BASE >> 21) % TABLE_ENTRIES + i] =
            (base + (3 + i) * PAGE) | table_flags;
    }
    for (unsigned int i = 0; i < REGION_PAGES; i++) {
        table[3 + i / TABLE_ENTRIES][i % TABLE_ENTRIES] =
            leaf(SVSM_BASE + i * (uint64_t)PAGE, map[i]);
    }
}

/* attrib: type, S, DPL, P, AVL, L, D/B, G, as vmsa.h packs them */
#define ATTR_CODE64 0xa9bu
#define ATTR_DATA 0xc93u
#define ATTR_LDT 0x082u
#define ATTR_TSS 0x08bu

#define CR0_PE_ET_NE_WP_PG 0x80010031ull
#define CR4_PAE_MCE_OSFXSR_OSXMMEXCPT 0x660ull
#define EFER_LME_LMA_NXE 0xd00ull

void boot_vmsa_fill(struct vmsa *vmsa, uint64_t entry, uint64_t cr3,
                    uint64_t sev_features)
{
    const struct vmsa_seg code = { .selector = 0x08, .attrib = ATTR_CODE64,
                                   .limit = 0xffffffff };
    const struct vmsa_seg data = { .selector = 0x10, .attrib = ATTR_DATA,
                                   .limit = 0xffffffff };

    memset(vmsa, 0, sizeof(*vmsa));
    vmsa->cs = code;
    vmsa->ds = vmsa->es = vmsa->ss = vmsa->fs = vmsa->gs = data;
    /* The IDT stays empty: an exception before the program has its own ends the VM at once. */
    vmsa->ldtr = (struct vmsa_seg){ .attrib = ATTR_LDT, .limit = 0xffff };
    vmsa->tr = (struct vmsa_seg){ .attrib = ATTR_TSS, .limit = 0xffff };
    vmsa->efer = EFER_LME_LMA_NXE | VMSA_EFER_SVME;
    vmsa->cr0 = CR0_PE_ET_NE_WP_PG;
    vmsa->cr3 = cr3;
    vmsa->cr4 = CR4_PAE_MCE_OSFXSR_OSXMMEXCPT;
    vmsa->dr6 = 0xffff0ff0;
    vmsa->dr7 = 0x400;
    vmsa->rflags = 2;
    vmsa->rip = entry;
    vmsa->rdi = SVSM_BOOT_INFO_GPA;
    vmsa->g_pat = 0x0007040600070406ull;
    vmsa->sev_features = sev_features;
    vmsa->xcr0 = 1;
    vmsa->mxcsr = 0x1f80;
    vmsa->x87_fcw = 0x37f; /* as KVM's launch writes it, tags empty */
}
