/*
 * SEV-SNP emulated by TCG: what interrupts a vCPU or wakes it, INIT, SIPI
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A vCPU has one APIC. Its interrupts go to the least privileged VMPL that
 * ran, and to nobody while another one runs.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "hw/core/cpu.h"
#include "internal.h"

static bool takes_interrupts(const SnpVcpu *v)
{
    return v->vmpl == v->delivery_vmpl &&
           !(v->sev_features & SEV_FEATURE_RESTRICTED_INJECTION);
}

uint8_t *snp_own_tpr(X86CPU *cpu)
{
    SnpVcpu *v = cpu->snp;

    return v->vmpl == v->delivery_vmpl ? NULL : &v->level[v->vmpl].tpr;
}

int snp_pending_interrupt(X86CPU *cpu, int interrupt_request)
{
    SnpVcpu *v = cpu->snp;
    CPUX86State *env = &cpu->env;

    if (interrupt_request & CPU_INTERRUPT_SIPI) {
        return CPU_INTERRUPT_SIPI;
    }
    if (!v->started) {
        return 0;
    }
    if (snp_hv_level(v, interrupt_request, false) >= 0) {
        return CPU_INTERRUPT_HV;
    }
    if (!takes_interrupts(v) || v->level[v->vmpl].reset_hold) {
        return 0;
    }
    if ((interrupt_request & CPU_INTERRUPT_NMI) &&
        !(env->hflags2 & HF2_NMI_MASK)) {
        return CPU_INTERRUPT_NMI;
    }
    if ((interrupt_request & CPU_INTERRUPT_HARD) && (env->eflags & IF_MASK) &&
        !(env->hflags & HF_INHIBIT_IRQ_MASK)) {
        return CPU_INTERRUPT_HARD;
    }
    return 0;
}

/* The level that SIPI would enter, or -1. */
static int sipi_level(const SnpVcpu *v)
{
    if (v->started) {
        return -1;
    }
    for (int i = 0; i < SNP_VMPL_COUNT; i++) {
        if (v->level[i].on_init ? v->init_seen
                                : v->level[i].vmsa_host && i == 0) {
            return i;
        }
    }
    return -1;
}

bool snp_has_work(X86CPU *cpu, int interrupt_request)
{
    SnpVcpu *v = cpu->snp;

    if (interrupt_request & CPU_INTERRUPT_POLL) {
        return true;
    }
    if (!v->started) {
        return (interrupt_request & CPU_INTERRUPT_INIT) ||
               ((interrupt_request & CPU_INTERRUPT_SIPI) &&
                sipi_level(v) >= 0);
    }
    if (snp_hv_level(v, interrupt_request, true) >= 0) {
        return true;
    }
    if (v->level[v->vmpl].reset_hold) {
        return interrupt_request & CPU_INTERRUPT_SIPI;
    }
    for (unsigned i = v->vmpl + 1; i < SNP_VMPL_COUNT; i++) {
        if (v->level[i].fresh) {
            return true;
        }
    }
    if (takes_interrupts(v)) {
        return snp_pending_interrupt(cpu, interrupt_request);
    }
    if (v->vmpl == v->delivery_vmpl) {
        return interrupt_request & CPU_INTERRUPT_SIPI;
    }
    /* Another level's event: HLT here must not keep it waiting. */
    return interrupt_request & (CPU_INTERRUPT_HARD | CPU_INTERRUPT_NMI |
                                CPU_INTERRUPT_SIPI);
}

/* A vCPU that cannot run goes back to sleep. */
static void sleep_unless_started(SnpVcpu *v)
{
    if (!v->started) {
        CPU(v->cpu)->halted = 1;
    }
}

void snp_cpu_init(X86CPU *cpu)
{
    SnpVcpu *v = cpu->snp;

    CPU(cpu)->interrupt_request &= ~CPU_INTERRUPT_INIT;
    v->init_seen = true;
    sleep_unless_started(v);
}

void snp_cpu_sipi(X86CPU *cpu)
{
    SnpVcpu *v = cpu->snp;
    CPUState *cs = CPU(cpu);
    int level = sipi_level(v);
    const char *why;

    if (v->started) {
        if (v->level[v->vmpl].reset_hold) {
            v->level[v->vmpl].reset_hold = false;
            cs->halted = 0;
        }
        return;
    }
    if (level >= 0) {
        why = snp_vcpu_enter(v, level);
        if (why) {
            snp_terminate(cs, SNP_EXIT_INVALID_VMSA, "VMSA at SIPI: %s", why);
        }
        return;
    }
    cs->halted = 1;
    cs->exception_index = EXCP_HLT;
    cpu_loop_exit(cs);
}
