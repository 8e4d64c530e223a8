/*
 * SEV-SNP emulated by TCG: what the CPU side's files share among themselves
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef TARGET_I386_SNP_INTERNAL_H
#define TARGET_I386_SNP_INTERNAL_H

#include "rmp.h"
#include "snp.h"

/* SnpFault::kind beyond RmpFault: a shared access to what is not RAM. */
#define SNP_FAULT_MMIO 0x100

/* ---- memory.c ---- */

/*
 * A shared access to a private page makes the page shared, as KVM and its
 * userspace do. False if a VMSA runs there.
 */
bool snp_convert_implicitly(CPUState *cs, hwaddr gpa);

/* ---- vmsa.c ---- */

/*
 * Between env and @vmsa. @in_exec: called by a helper, where the arithmetic
 * flags are not in env->eflags. Fields that no register backs are kept.
 */
void snp_vmsa_save(CPUX86State *env, struct vmsa *vmsa, bool in_exec);
void snp_vmsa_load(CPUX86State *env, const struct vmsa *vmsa, bool in_exec);
/* NULL, or why @vmsa cannot be entered at @vmpl. */
const char *snp_vmsa_check(CPUX86State *env, const struct vmsa *vmsa,
                           unsigned vmpl);

/* Can a guest have these SEV_FEATURES? */
bool snp_vmsa_features_ok(uint64_t features);

/* ---- hv.c ---- */

/* Forget a level's doorbell and events. */
void snp_hv_reset(SnpHv *hv);
/* VMPL whose doorbell has news, or -1; @wake: news that raise #HV. */
int snp_hv_level(SnpVcpu *v, int interrupt_request, bool wake);

/* ---- vcpu.c ---- */

void snp_vcpu_init_once(void);
/* NULL, or why VMPL @vmpl of a vCPU that runs none cannot be entered. */
const char *snp_vcpu_enter(SnpVcpu *v, unsigned vmpl);
/* The host lets VMPL @target run, which did not ask. False: it cannot. */
bool snp_vcpu_preempt(SnpVcpu *v, unsigned target);
/*
 * #VMEXIT(NPF) of a level other than VMPL0: its VMSA tells why, VMPL0 runs.
 * False, and nothing happened, if VMPL0 cannot be entered.
 */
bool snp_vcpu_reflect_npf(SnpVcpu *v, uint64_t info_1, uint64_t info_2);
/* As snp_terminate(), with @retaddr from generated code, or 0. */
G_NORETURN void snp_terminate_ra(CPUState *cs, uintptr_t retaddr, int status,
                                 const char *fmt, ...)
    G_GNUC_PRINTF(4, 5);

#endif
