/*
 * SEV-SNP emulated by TCG: vCPUs, their VMPLs and what may interrupt them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A level's state lies in its VMSA unless the vCPU runs it: then it is in env
 * and the VMSA is stale. Only the vCPU's own thread moves it: in a helper
 * (RUN_VMPL) or in queued work (launch, AP creation).
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/i386/apic.h"
#include "hw/core/cpu.h"
#include "qemu/main-loop.h"
#include "qemu/thread.h"
#include "system/runstate.h"
#include "system/tcg.h"
#include "internal.h"
#include "evtpm/ghcb.h"
#include "trace/trace-target_i386.h"

#define AP_WAIT_MS 500

/* Features that would let a guest reach state that no VMSA holds. */
static void hide_features(CPUX86State *env)
{
    env->features[FEAT_1_ECX] &= ~CPUID_EXT_MONITOR;
    env->features[FEAT_8000_0001_ECX] &= ~(CPUID_EXT3_SVM |
                                           CPUID_EXT3_SKINIT);
    env->features[FEAT_SVM] = 0;
    env->features[FEAT_7_0_EBX] &= ~CPUID_7_0_EBX_MPX;
    env->features[FEAT_7_0_ECX] &= ~CPUID_7_0_ECX_PKS;
    env->features[FEAT_XSAVE_XCR0_LO] &= ~(XSTATE_BNDREGS_MASK |
                                           XSTATE_BNDCSR_MASK);
}

void snp_vcpu_reset(SnpVcpu *v)
{
    X86CPU *cpu = v->cpu;

    for (int i = 0; i < SNP_VMPL_COUNT; i++) {
        g_free(v->level[i].vmsa_host);
    }
    memset(v, 0, sizeof(*v));
    v->cpu = cpu;
    for (int i = 0; i < SNP_VMPL_COUNT; i++) {
        v->level[i].ghcb_gpa = SNP_NO_GPA;
        v->level[i].vmsa_gpa = SNP_NO_GPA;
        snp_hv_reset(&v->level[i].hv);
        v->level[i].ghcb_msr = (uint64_t)GHCB_PROTOCOL_MAX << 48 |
                               (uint64_t)GHCB_PROTOCOL_MIN << 32 |
                               SNP_CBIT_POS << 24 | GHCB_MSR_SEV_INFO_RESP;
    }
}

void snp_cpu_realize(X86CPU *cpu)
{
    CPUState *cs = CPU(cpu);
    SnpVcpu *v = g_new0(SnpVcpu, 1);

    v->cpu = cpu;
    snp_vcpu_reset(v);
    cpu->snp = v;
    hide_features(&cpu->env);
    cpu_address_space_init(cs, X86ASIdx_SNP, "cpu-snp-private",
                           &snp_vm->private_root);
}

void snp_vcpu_set_launch_vmsa(X86CPU *cpu, const struct vmsa *vmsa)
{
    SnpLevel *level = &cpu->snp->level[0];

    g_free(level->vmsa_host);
    level->vmsa_host = g_memdup2(vmsa, sizeof(*vmsa));
    level->vmsa_gpa = SNP_INITIAL_VMSA_GPA;
}

/* ---- ending the VM ---- */

static void G_GNUC_PRINTF(3, 0) report_end(CPUState *cs, int status,
                                           const char *fmt, va_list args)
{
    X86CPU *cpu = X86_CPU(cs);
    g_autofree char *what = g_strdup_vprintf(fmt, args);
    bool locked = bql_locked();

    if (qatomic_xchg(&snp_vm->ended, 1)) {
        return;
    }
    error_report("SNP guest ended: vCPU %d VMPL%u RIP 0x%" PRIx64 ": %s",
                 cs->cpu_index, cpu->snp->vmpl, (uint64_t)cpu->env.eip, what);
    if (!locked) {
        bql_lock();
    }
    qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_GUEST_PANIC,
                                           status);
    if (!locked) {
        bql_unlock();
    }
}

/* The vCPU runs no further; the VM stops when the main loop gets to it. */
static void stop_vcpu(CPUState *cs)
{
    cs->halted = 1;
    cs->stop = true;
    cs->exception_index = EXCP_HLT;
    cpu_exit(cs);
}

void snp_terminate(CPUState *cs, int status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    report_end(cs, status, fmt, args);
    va_end(args);
    stop_vcpu(cs);
    cpu_loop_exit(cs);
}

void snp_terminate_ra(CPUState *cs, uintptr_t retaddr, int status,
                      const char *fmt, ...)
{
    va_list args;

    cpu_restore_state(cs, retaddr);
    va_start(args, fmt);
    report_end(cs, status, fmt, args);
    va_end(args);
    stop_vcpu(cs);
    cpu_loop_exit(cs);
}

/* The same outside cpu_exec. */
static void G_GNUC_PRINTF(3, 4) end_from_work(CPUState *cs, int status,
                                              const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    report_end(cs, status, fmt, args);
    va_end(args);
    stop_vcpu(cs);
}

/* ---- levels ---- */

/* The VMSA of @vmpl into *vmsa, marked as running. NULL, or why not. */
static const char *take_vmsa(SnpVcpu *v, unsigned vmpl, struct vmsa *vmsa)
{
    SnpLevel *level = &v->level[vmpl];
    const char *why;

    if (level->vmsa_host) {
        *vmsa = *level->vmsa_host;
        return snp_vmsa_check(&v->cpu->env, vmsa, vmpl);
    }
    if (level->vmsa_gpa == SNP_NO_GPA) {
        return "no VMSA was given";
    }
    if (!rmp_vmsa_enter(snp_vm->rmp, level->vmsa_gpa)) {
        return "not a VMSA page, or one that runs";
    }
    why = "no private memory";
    if (snp_private_read(level->vmsa_gpa, vmsa, sizeof(*vmsa))) {
        why = snp_vmsa_check(&v->cpu->env, vmsa, vmpl);
    }
    if (why) {
        rmp_vmsa_leave(snp_vm->rmp, level->vmsa_gpa);
    }
    return why;
}

static void store_exit(CPUX86State *env, struct vmsa *vmsa,
                       uint64_t exit_code, bool in_exec)
{
    snp_vmsa_save(env, vmsa, in_exec);
    vmsa->guest_exit_code = exit_code;
    vmsa->guest_exit_info_1 = 0;
    vmsa->guest_exit_info_2 = 0;
    vmsa->guest_exit_int_info = 0;
    vmsa->guest_nrip = vmsa->rip;
}

/* env back into the VMSA of the level that runs. */
static void leave_level(SnpVcpu *v, uint64_t exit_code, bool in_exec)
{
    CPUX86State *env = &v->cpu->env;
    SnpLevel *level = &v->level[v->vmpl];
    struct vmsa vmsa;

    level->nmi_masked = env->hflags2 & HF2_NMI_MASK;
    if (level->vmsa_host) {
        store_exit(env, level->vmsa_host, exit_code, in_exec);
    } else {
        snp_private_read(level->vmsa_gpa, &vmsa, sizeof(vmsa));
        store_exit(env, &vmsa, exit_code, in_exec);
        snp_private_write(level->vmsa_gpa, &vmsa, sizeof(vmsa));
        rmp_vmsa_leave(snp_vm->rmp, level->vmsa_gpa);
    }
    v->started = false;
}

/* The APIC becomes another level's; the one before keeps its priority. */
static void give_apic(SnpVcpu *v, unsigned vmpl)
{
    DeviceState *apic = v->cpu->apic_state;
    bool locked = bql_locked();

    if (!locked) {
        bql_lock();
    }
    v->level[v->delivery_vmpl].tpr = cpu_get_apic_tpr(apic);
    cpu_set_apic_tpr(apic, 0);
    if (!locked) {
        bql_unlock();
    }
    v->delivery_vmpl = vmpl;
}

static void enter_level(SnpVcpu *v, unsigned vmpl, const struct vmsa *vmsa,
                        bool in_exec)
{
    CPUX86State *env = &v->cpu->env;
    SnpLevel *level = &v->level[vmpl];

    trace_snp_vmpl_switch(CPU(v->cpu)->cpu_index, v->vmpl, vmpl, vmsa->rip);
    snp_vmsa_load(env, vmsa, in_exec);
    if (level->nmi_masked) {
        env->hflags2 |= HF2_NMI_MASK;
    }
    v->vmpl = vmpl;
    v->sev_features = vmsa->sev_features;
    level->restricted = vmsa->sev_features & SEV_FEATURE_RESTRICTED_INJECTION;
    if (vmpl > v->delivery_vmpl) {
        give_apic(v, vmpl);
    }
    v->started = true;
    level->on_init = false;
    level->fresh = false;
    CPU(v->cpu)->halted = level->reset_hold;
}

const char *snp_vcpu_enter(SnpVcpu *v, unsigned vmpl)
{
    struct vmsa vmsa;
    const char *why = take_vmsa(v, vmpl, &vmsa);

    if (!why) {
        enter_level(v, vmpl, &vmsa, true);
    }
    return why;
}

static bool switch_level(SnpVcpu *v, unsigned target, uint64_t exit_code)
{
    struct vmsa vmsa;
    const char *why = take_vmsa(v, target, &vmsa);

    if (why) {
        trace_snp_vmsa_refused(CPU(v->cpu)->cpu_index, target, why);
        return false;
    }
    leave_level(v, exit_code, true);
    enter_level(v, target, &vmsa, true);
    qatomic_inc(&snp_vm->vmpl_switches);
    return true;
}

bool snp_vcpu_preempt(SnpVcpu *v, unsigned target)
{
    return switch_level(v, target, SVM_EXIT_INTR);
}

int snp_vcpu_run_vmpl(SnpVcpu *v, unsigned target)
{
    if (target >= SNP_VMPL_COUNT) {
        return 1;
    }
    if (target == v->vmpl) {
        return 0;
    }
    return !switch_level(v, target, SVM_EXIT_VMGEXIT);
}

bool snp_vcpu_reflect_npf(SnpVcpu *v, uint64_t info_1, uint64_t info_2)
{
    hwaddr gpa = v->level[v->vmpl].vmsa_gpa;
    uint64_t info[] = { cpu_to_le64(info_1), cpu_to_le64(info_2) };

    if (!v->vmpl || !switch_level(v, 0, SVM_EXIT_NPF)) {
        return false;
    }
    snp_private_write(gpa + offsetof(struct vmsa, guest_exit_info_1), info,
                      sizeof(info));
    return true;
}

/* ---- launch ---- */

static void launch_work(CPUState *cs, run_on_cpu_data data)
{
    SnpVcpu *v = X86_CPU(cs)->snp;
    struct vmsa vmsa;
    const char *why;

    if (!cpu_is_bsp(v->cpu)) {
        /* It waits for AP creation, or for SIPI if it has a VMSA. */
        cs->halted = 1;
        return;
    }
    why = take_vmsa(v, 0, &vmsa);
    if (why) {
        end_from_work(cs, SNP_EXIT_INVALID_VMSA, "launch VMSA: %s", why);
        return;
    }
    enter_level(v, 0, &vmsa, false);
}

static void vm_state_change(void *opaque, bool running, RunState state)
{
    if (running && !snp_vm->launches) {
        snp_launch_finish();
        snp_vcpu_launch();
    }
}

void snp_vcpu_launch(void)
{
    CPUState *cs;

    snp_vm->launches++;
    CPU_FOREACH(cs) {
        run_on_cpu(cs, launch_work, RUN_ON_CPU_NULL);
    }
}

void snp_vcpu_init_once(void)
{
    qemu_add_vm_change_state_handler(vm_state_change, NULL);
}

/* ---- AP creation ---- */

/* Given to the target's thread; whoever is last frees it. */
typedef struct ApRequest {
    unsigned vmpl, request;
    hwaddr vmsa_gpa;
    unsigned launch;       /* of which it is a part: a reset may come first */
    QemuSemaphore done;
} ApRequest;

static void request_clear(void *request)
{
    qemu_sem_destroy(&((ApRequest *)request)->done);
}

static void request_unref(ApRequest *r)
{
    g_atomic_rc_box_release_full(r, request_clear);
}

static void forget_level(SnpVcpu *v, unsigned vmpl)
{
    SnpLevel *level = &v->level[vmpl];

    g_clear_pointer(&level->vmsa_host, g_free);
    level->vmsa_gpa = SNP_NO_GPA;
    level->on_init = false;
    level->fresh = false;
    level->nmi_masked = false;
    level->reset_hold = false;
    level->tpr = 0;
    level->restricted = false;
    snp_hv_reset(&level->hv);
    v->delivery_vmpl = 0;
    for (unsigned i = 1; i < SNP_VMPL_COUNT; i++) {
        if (v->level[i].vmsa_gpa != SNP_NO_GPA && !v->level[i].on_init &&
            !v->level[i].fresh) {
            v->delivery_vmpl = i;
        }
    }
}

static void ap_change(CPUState *cs, const ApRequest *r)
{
    SnpVcpu *v = X86_CPU(cs)->snp;
    struct vmsa vmsa;
    const char *why;
    bool below = v->started && v->vmpl < r->vmpl;

    /* Create leaves whatever level runs; destroy and on-init only theirs. */
    if (v->started && !below &&
        (r->request == GHCB_AP_CREATE || v->vmpl == r->vmpl)) {
        leave_level(v, SVM_EXIT_INTR, false);
        cs->halted = 1;
    }
    forget_level(v, r->vmpl);
    if (r->request == GHCB_AP_DESTROY) {
        return;
    }
    v->level[r->vmpl].vmsa_gpa = r->vmsa_gpa;
    if (r->request == GHCB_AP_CREATE_ON_INIT) {
        v->level[r->vmpl].on_init = true;
        return;
    }
    if (below) {
        /* The level that runs here is to enter it, and to wake up for that. */
        v->level[r->vmpl].fresh = true;
        return;
    }
    why = take_vmsa(v, r->vmpl, &vmsa);
    if (why) {
        end_from_work(cs, SNP_EXIT_INVALID_VMSA,
                      "VMSA at 0x%" PRIx64 " of a created AP: %s",
                      (uint64_t)r->vmsa_gpa, why);
        return;
    }
    enter_level(v, r->vmpl, &vmsa, false);
}

static void ap_work(CPUState *cs, run_on_cpu_data data)
{
    ApRequest *r = data.host_ptr;

    if (r->launch == snp_vm->launches) {
        ap_change(cs, r);
    }
    qemu_sem_post(&r->done);
    request_unref(r);
}

/*
 * A hypervisor's kick takes microseconds, a thread's may take long on a busy
 * host: guests free the VMSA of an AP right after they had it destroyed, so
 * wait for the other thread, as one that is outside the execution loop. Not
 * for ever: two vCPUs may be after each other.
 */
static void wait_for_ap(CPUState *cs, ApRequest *r)
{
    if (!qemu_tcg_mttcg_enabled()) {
        return;
    }
    cpu_exec_end(cs);
    qemu_sem_timedwait(&r->done, AP_WAIT_MS);
    cpu_exec_start(cs);
}

static X86CPU *cpu_by_apic_id(uint32_t apic_id)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (X86_CPU(cs)->apic_id == apic_id) {
            return X86_CPU(cs);
        }
    }
    return NULL;
}

int snp_vcpu_ap_creation(SnpVcpu *caller, uint32_t apic_id, unsigned vmpl,
                         unsigned request, hwaddr vmsa_gpa, uint64_t features)
{
    const uint64_t injection = SEV_FEATURE_RESTRICTED_INJECTION |
                               SEV_FEATURE_ALTERNATE_INJECTION;
    X86CPU *cpu = cpu_by_apic_id(apic_id);
    ApRequest *r;
    struct vmsa vmsa;

    if (!cpu || vmpl >= SNP_VMPL_COUNT || vmpl < caller->vmpl) {
        return GHCB_ERR_INVALID_INPUT;
    }
    switch (request) {
    case GHCB_AP_CREATE_ON_INIT:
    case GHCB_AP_CREATE:
        /* A large-page boundary never holds one: an erratum forbids it. */
        if ((vmsa_gpa & (RMP_PAGE_SIZE - 1)) ||
            !(vmsa_gpa & (RMP_LARGE_SIZE - 1)) ||
            !(rmp_entry(snp_vm->rmp, vmsa_gpa) & RMP_VMSA) ||
            !snp_private_read(vmsa_gpa, &vmsa, sizeof(vmsa)) ||
            !snp_vmsa_features_ok(features) ||
            ((vmsa.sev_features ^ features) & injection)) {
            return GHCB_ERR_INVALID_INPUT;
        }
        break;
    case GHCB_AP_DESTROY:
        break;
    default:
        return GHCB_ERR_INVALID_INPUT;
    }
    r = g_atomic_rc_box_new(ApRequest);
    *r = (ApRequest){ vmpl, request, vmsa_gpa, snp_vm->launches };
    qemu_sem_init(&r->done, 0);
    trace_snp_ap_creation(CPU(caller->cpu)->cpu_index, apic_id, vmpl, request,
                          vmsa_gpa);
    /* A target about to sleep misses a kick that comes without the lock. */
    bql_lock();
    async_run_on_cpu(CPU(cpu), ap_work,
                     RUN_ON_CPU_HOST_PTR(g_atomic_rc_box_acquire(r)));
    bql_unlock();
    if (cpu != caller->cpu) {
        wait_for_ap(CPU(caller->cpu), r);
    }
    request_unref(r);
    return 0;
}
