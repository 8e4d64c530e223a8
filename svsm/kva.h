/* SPDX-License-Identifier: MIT */
/*
 * Kernel addresses beside the SVSM region, at KVA_BASE (top-level slot 2):
 * guarded stacks, shared pages, pages of the guest. The region itself stays
 * mapped as the IGVM file says, virtual = physical. Top-level slot 0 belongs to
 * the process.
 */
#ifndef SVSM_KVA_H
#define SVSM_KVA_H

#include <stdbool.h>
#include <stdint.h>

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY (1ull << 6)
#define PTE_LARGE (1ull << 7)
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS_MASK 0x0007fffffffff000ull /* below the C-bit */

#define KVA_SLOT 2
#define KVA_BASE ((uint64_t)KVA_SLOT << 39)

struct percpu;

/* Tables for KVA_BASE; needs the heap. */
void kva_init(void);

/* The guest windows of @cpu and its slots for VMSA and calling area. */
void kva_init_cpu(struct percpu *cpu);

/* A stack of @pages with an unmapped page below; returns its top. */
uint64_t kva_stack(unsigned pages);

/* Maps shared pages at a new address. */
void *kva_map_shared(uint64_t gpa, unsigned pages);

/* Maps a private page at the slot @va, in place of what was there. */
void *kva_map_slot(uint64_t va, uint64_t gpa);
void kva_unmap_slot(uint64_t va);

/* This vCPU's window to a page of the guest: valid until the next call. */
void *window_small(uint64_t gpa);
void *window_large(uint64_t gpa);
void window_close(void);

#endif
