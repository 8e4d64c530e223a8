/*
 * SEV-SNP emulated by TCG: builds without it
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * snp_on() is false, so none of these is reached.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "hooks.h"
#ifdef CONFIG_TCG
#include "exec/helper-proto.h"
#endif

SnpVm *snp_vm;

void snp_cpu_realize(X86CPU *cpu)
{
    g_assert_not_reached();
}

int snp_pending_interrupt(X86CPU *cpu, int interrupt_request)
{
    g_assert_not_reached();
}

uint8_t *snp_own_tpr(X86CPU *cpu)
{
    g_assert_not_reached();
}

bool snp_has_work(X86CPU *cpu, int interrupt_request)
{
    g_assert_not_reached();
}

void snp_cpu_init(X86CPU *cpu)
{
    g_assert_not_reached();
}

void snp_deliver_hv(X86CPU *cpu)
{
    g_assert_not_reached();
}

void snp_cpu_sipi(X86CPU *cpu)
{
    g_assert_not_reached();
}

bool snp_debug_allowed(void)
{
    return true;
}

int snp_memory_rw_debug(CPUState *cs, vaddr addr, uint8_t *buf, size_t len,
                        bool is_write)
{
    g_assert_not_reached();
}

bool snp_mmu_check(X86CPU *cpu, hwaddr gpa, bool private, bool user,
                   bool table, MMUAccessType access, int *prot,
                   MemTxAttrs *attrs)
{
    g_assert_not_reached();
}

void snp_mmu_raise(CPUX86State *env, uintptr_t retaddr)
{
    g_assert_not_reached();
}

bool snp_vc_at_translation(uint32_t type)
{
    g_assert_not_reached();
}

void snp_check_vc(CPUX86State *env, uint32_t type, uint64_t param,
                  uintptr_t retaddr)
{
    g_assert_not_reached();
}

bool snp_rdmsr(CPUX86State *env, uint32_t msr, uint64_t *value)
{
    g_assert_not_reached();
}

bool snp_wrmsr(CPUX86State *env, uint32_t msr, uint64_t value, bool *fault)
{
    g_assert_not_reached();
}

void snp_triple_fault(CPUX86State *env, uintptr_t retaddr)
{
    g_assert_not_reached();
}

#ifdef CONFIG_TCG
void helper_snp_vc_io(CPUX86State *env, uint32_t rep)
{
    g_assert_not_reached();
}

void helper_pvalidate(CPUX86State *env, target_ulong addr)
{
    g_assert_not_reached();
}

void helper_rmpadjust(CPUX86State *env, target_ulong addr)
{
    g_assert_not_reached();
}

void helper_rmpquery(CPUX86State *env, target_ulong addr)
{
    g_assert_not_reached();
}

void helper_vmgexit(CPUX86State *env, int next_eip_addend)
{
    g_assert_not_reached();
}
#endif
