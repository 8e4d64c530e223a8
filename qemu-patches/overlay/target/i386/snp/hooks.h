/*
 * SEV-SNP emulated by TCG: what the rest of target/i386 may call
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Self-contained on purpose: the MMU, the translator and the CPU object
 * include this one only.
 */
#ifndef TARGET_I386_SNP_HOOKS_H
#define TARGET_I386_SNP_HOOKS_H

#include "exec/hwaddr.h"
#include "exec/memattrs.h"
#include "exec/mmu-access-type.h"
#include "exec/vaddr.h"
#include "target/i386/cpu-qom.h"

typedef struct SnpVm SnpVm;
typedef struct SnpVcpu SnpVcpu;
struct CPUArchState;

#ifdef CONFIG_USER_ONLY
static inline bool snp_on(void)
{
    return false;
}

static inline bool snp_debug_allowed(void)
{
    return true;
}
#else
/* One VM per process; NULL while SNP is off. */
extern SnpVm *snp_vm;

static inline bool snp_on(void)
{
    return unlikely(snp_vm != NULL);
}

/* May the host see registers and private memory? True if SNP is off. */
bool snp_debug_allowed(void);
#endif

/* The C-bit in CR3 and in page table entries. */
#define SNP_PTE_CBIT (1ULL << 51)

/* MemTxAttrs::space of an access to private memory. */
#define SNP_SPACE_PRIVATE 1

/* ---- CPU object ---- */

/* Attach the SNP state and address space to a CPU that is being realized. */
void snp_cpu_realize(X86CPU *cpu);
/* CPU_INTERRUPT_* that may be delivered, or that end HLT; 0: none. */
int snp_pending_interrupt(X86CPU *cpu, int interrupt_request);
bool snp_has_work(X86CPU *cpu, int interrupt_request);
/* CR8 of a level that the APIC does not belong to, or NULL. */
uint8_t *snp_own_tpr(X86CPU *cpu);
/* CPU_INTERRUPT_HV: tell a level by its #HV doorbell page. */
void snp_deliver_hv(X86CPU *cpu);
/* INIT and SIPI never touch the registers of a private vCPU. */
void snp_cpu_init(X86CPU *cpu);
void snp_cpu_sipi(X86CPU *cpu);

/* ---- Debuggers ---- */

/* CPUClass::memory_rw_debug of a private vCPU */
int snp_memory_rw_debug(CPUState *cs, vaddr addr, uint8_t *buf, size_t len,
                        bool is_write);

/* ---- MMU ---- */

/*
 * The RMP's word on an access that the page tables permit: removes from *prot
 * what it denies and tells in *attrs which memory to use. @table: a page table
 * walk. False: the fault is kept for snp_mmu_raise().
 */
bool snp_mmu_check(X86CPU *cpu, hwaddr gpa, bool private, bool user,
                   bool table, MMUAccessType access, int *prot,
                   MemTxAttrs *attrs);
/* Raise #VC for that fault, or end the VM. */
G_NORETURN void snp_mmu_raise(struct CPUArchState *env, uintptr_t retaddr);

/* ---- Instructions ---- */

/* Is SVM intercept @type one that raises #VC, as far as translation knows? */
bool snp_vc_at_translation(uint32_t type);
/* Raise #VC if intercept @type is in force; MSR in ECX. Returns if not. */
void snp_check_vc(struct CPUArchState *env, uint32_t type, uint64_t param,
                  uintptr_t retaddr);
/* MSRs that exist with SNP only: false if @msr is none of them. */
bool snp_rdmsr(struct CPUArchState *env, uint32_t msr, uint64_t *value);
bool snp_wrmsr(struct CPUArchState *env, uint32_t msr, uint64_t value,
               bool *fault);
G_NORETURN void snp_triple_fault(struct CPUArchState *env, uintptr_t retaddr);

/* ---- Implemented by tcg/system for the SNP code ---- */

/*
 * Translate @addr as a read by the current privilege level would, without the
 * RMP's word on the result. Raises what the page tables raise.
 */
hwaddr x86_translate_for_rmp(struct CPUArchState *env, vaddr addr,
                             uintptr_t retaddr);

#endif
