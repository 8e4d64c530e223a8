/* SPDX-License-Identifier: MIT */
/* Page tables of KVA_BASE: KVA_TABLES tables of 4K entries, then one 2M entry a
 * vCPU. */
#include "svsm/kva.h"

#include "evtpm/snp.h"
#include "svsm/cpu.h"
#include "svsm/heap.h"
#include "svsm/percpu.h"
#include "svsm/spinlock.h"
#include "svsm/term.h"

#define KVA_TABLES 4
#define KVA_SLOTS (KVA_TABLES * 512)
#define KVA_LARGE_FIRST 256 /* index in the directory */
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | SNP_CBIT)
#define PTE_DATA (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

static uint64_t *directory;
static uint64_t *tables[KVA_TABLES];
static struct spinlock kva_lock; /* guards next_slot */
static unsigned next_slot;

void kva_init(void)
{
    uint64_t *top = (uint64_t *)(read_cr3() & PTE_ADDRESS_MASK);
    uint64_t *pointers = page_alloc_boot();

    directory = page_alloc_boot();
    for (unsigned i = 0; i < KVA_TABLES; i++) {
        tables[i] = page_alloc_boot();
        directory[i] = (uint64_t)tables[i] | PTE_TABLE;
    }
    pointers[0] = (uint64_t)directory | PTE_TABLE;
    top[KVA_SLOT] = (uint64_t)pointers | PTE_TABLE;
}

static uint64_t slots_take(unsigned count)
{
    unsigned first;

    spin_lock(&kva_lock);
    first = next_slot;
    next_slot += count;
    spin_unlock(&kva_lock);
    if (first + count > KVA_SLOTS) {
        fatal(SVSM_TERM_NO_MEMORY, "kernel addresses are used up");
    }
    return KVA_BASE + (uint64_t)first * SNP_PAGE_SIZE;
}

static void slot_set(uint64_t va, uint64_t entry)
{
    uint64_t slot = (va - KVA_BASE) / SNP_PAGE_SIZE;

    svsm_assert(va >= KVA_BASE && slot < KVA_SLOTS);
    if (tables[slot / 512][slot % 512] != entry) {
        tables[slot / 512][slot % 512] = entry;
        invlpg(va);
    }
}

void kva_init_cpu(struct percpu *cpu)
{
    cpu->window_small = slots_take(1);
    cpu->window_large = KVA_BASE + (uint64_t)(KVA_LARGE_FIRST + cpu->index) *
                                       SNP_LARGE_PAGE_SIZE;
    cpu->guest.vmsa_slot = slots_take(1);
    cpu->guest.caa_slot = slots_take(1);
}

uint64_t kva_stack(unsigned pages)
{
    uint64_t guard = slots_take(pages + 1);

    for (unsigned i = 1; i <= pages; i++) {
        slot_set(guard + (uint64_t)i * SNP_PAGE_SIZE,
                 (uint64_t)page_alloc_boot() | PTE_DATA | SNP_CBIT);
    }
    return guard + (uint64_t)(pages + 1) * SNP_PAGE_SIZE;
}

void *kva_map_shared(uint64_t gpa, unsigned pages)
{
    uint64_t va = slots_take(pages);

    for (uint64_t i = 0; i < pages; i++) {
        slot_set(va + i * SNP_PAGE_SIZE, (gpa + i * SNP_PAGE_SIZE) | PTE_DATA);
    }
    return (void *)va;
}

void *kva_map_slot(uint64_t va, uint64_t gpa)
{
    slot_set(va, gpa | PTE_DATA | SNP_CBIT);
    return (void *)va;
}

void kva_unmap_slot(uint64_t va)
{
    slot_set(va, 0);
}

void *window_small(uint64_t gpa)
{
    return kva_map_slot(this_cpu()->window_small, gpa);
}

void *window_large(uint64_t gpa)
{
    struct percpu *cpu = this_cpu();
    uint64_t entry = gpa | PTE_DATA | PTE_LARGE | SNP_CBIT;

    if (directory[KVA_LARGE_FIRST + cpu->index] != entry) {
        directory[KVA_LARGE_FIRST + cpu->index] = entry;
        invlpg(cpu->window_large);
    }
    return (void *)cpu->window_large;
}

void window_close(void)
{
    struct percpu *cpu = this_cpu();

    if (directory[KVA_LARGE_FIRST + cpu->index] != 0) {
        directory[KVA_LARGE_FIRST + cpu->index] = 0;
        invlpg(cpu->window_large);
    }
    kva_unmap_slot(cpu->window_small);
}
