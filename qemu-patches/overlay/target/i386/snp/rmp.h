/*
 * The reverse map table: state of every 4 KiB page of private memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Knows nothing of QEMU, so that a host test can drive it. Entries are read
 * without a lock by every TLB fill, and changed under one.
 */
#ifndef TARGET_I386_SNP_RMP_H
#define TARGET_I386_SNP_RMP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "evtpm/snp.h"

#define RMP_PAGE_SIZE 0x1000ull
#define RMP_LARGE_SIZE 0x200000ull

/* Result of RMPADJUST on a VMSA that a vCPU runs. */
#define RMP_FAIL_INUSE 3u

/* An entry. Bits 32.. hold the flush epoch in which a TLB last cached it. */
#define RMP_COVERED (1ull << 0)
#define RMP_ASSIGNED (1ull << 1)
#define RMP_VALIDATED (1ull << 2)
#define RMP_VMSA (1ull << 3)
#define RMP_VMSA_RUNNING (1ull << 4)
#define RMP_LARGE (1ull << 5)
#define RMP_PERM_SHIFT(vmpl) (8 + 4 * (vmpl)) /* of VMPL1-3 */
#define RMP_PERMS_MASK (0xfffull << RMP_PERM_SHIFT(1))
#define RMP_EPOCH_SHIFT 32

typedef enum RmpFault {
    RMP_FAULT_NONE,
    RMP_FAULT_NOT_COVERED,   /* no private memory at this address */
    RMP_FAULT_NOT_ASSIGNED,  /* the page is shared */
    RMP_FAULT_NOT_VALIDATED, /* #VC */
    RMP_FAULT_PERMISSION,    /* of this VMPL */
    RMP_FAULT_VMSA_RUNNING,  /* a running VMSA cannot be rescinded */
} RmpFault;

/* What an instruction reports, unless it faults. */
typedef struct RmpResult {
    RmpFault fault;
    uint32_t eax;            /* SNP_OK, SNP_FAIL_* */
    bool unchanged;          /* PVALIDATE: CF */
    bool flush;              /* some TLB may hold what is now too loose */
    unsigned perms;          /* RMPQUERY */
    bool vmsa, large;        /* RMPQUERY */
} RmpResult;

typedef struct RmpCounts {
    uint64_t pages, assigned, validated, vmsa, large;
} RmpCounts;

typedef struct SnpRmp SnpRmp;

SnpRmp *rmp_new(void);
void rmp_free(SnpRmp *rmp);

/*
 * Cover [gpa, gpa + size): assigned, not validated, large where possible.
 * Only while no vCPU runs. False if misaligned, empty, wrapping, overlapping.
 */
bool rmp_add(SnpRmp *rmp, uint64_t gpa, uint64_t size);
/* All that is covered again as rmp_add() made it; no vCPU runs. */
void rmp_reset(SnpRmp *rmp);
bool rmp_covers(const SnpRmp *rmp, uint64_t gpa, uint64_t size);
/* The entry of a page, 0 if not covered. */
uint64_t rmp_entry(const SnpRmp *rmp, uint64_t gpa);
static inline unsigned rmp_perms(uint64_t entry, unsigned vmpl)
{
    return vmpl ? (entry >> RMP_PERM_SHIFT(vmpl)) & RMP_PERM_ALL
                : RMP_PERM_ALL;
}

/* Launch: assigned and validated, no rights for VMPL1-3. */
bool rmp_launch(SnpRmp *rmp, uint64_t gpa);

/*
 * A private access at @vmpl that needs the right @need (RMP_PERM_*).
 * *rights: all that the page grants.
 */
RmpFault rmp_access(SnpRmp *rmp, uint64_t gpa, unsigned vmpl, unsigned need,
                    unsigned *rights);

/*
 * Page state change by the host. False if not covered, misaligned, or a VMSA
 * that runs; *changed: contents are to be dropped (to shared) or start empty.
 */
bool rmp_convert(SnpRmp *rmp, uint64_t gpa, bool large, bool private,
                 bool *changed, bool *flush);
/* PSMASH and UNSMASH: large entry <-> 512 small ones. */
bool rmp_smash(SnpRmp *rmp, uint64_t gpa);
bool rmp_unsmash(SnpRmp *rmp, uint64_t gpa);

void rmp_pvalidate(SnpRmp *rmp, uint64_t gpa, bool large, bool validate,
                   RmpResult *res);
/* @rdx as the instruction has it: target VMPL, permissions, VMSA. */
void rmp_adjust(SnpRmp *rmp, uint64_t gpa, bool large, unsigned vmpl,
                uint64_t rdx, RmpResult *res);
void rmp_query(SnpRmp *rmp, uint64_t gpa, unsigned vmpl, unsigned target,
               RmpResult *res);

/* A vCPU enters or leaves a VMSA page; false: none, or running already. */
bool rmp_vmsa_enter(SnpRmp *rmp, uint64_t gpa);
void rmp_vmsa_leave(SnpRmp *rmp, uint64_t gpa);

/* All TLBs are about to be flushed. */
void rmp_flushed(SnpRmp *rmp);

void rmp_count(SnpRmp *rmp, RmpCounts *counts);

#endif
