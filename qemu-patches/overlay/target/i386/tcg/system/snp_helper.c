/*
 * SEV-SNP emulated by TCG: instructions, #VC, and the RMP's word on accesses
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/helper-proto.h"
#include "exec/page-protection.h"
#include "tcg/helper-tcg.h"
#include "tcg/msr.h"
#include "snp/internal.h"
#include "evtpm/ghcb.h"
#include "trace/trace-target_i386.h"

/* ---- MMU ---- */

static unsigned need_of(MMUAccessType access, bool user, bool table)
{
    if (table) {
        /* The walk sets accessed and dirty bits where it reads. */
        return RMP_PERM_READ | RMP_PERM_WRITE;
    }
    switch (access) {
    case MMU_DATA_LOAD:
        return RMP_PERM_READ;
    case MMU_DATA_STORE:
        return RMP_PERM_WRITE;
    default:
        return user ? RMP_PERM_EXEC_USER : RMP_PERM_EXEC_SUPER;
    }
}

static int prot_of(unsigned rights, bool user)
{
    unsigned exec = user ? RMP_PERM_EXEC_USER : RMP_PERM_EXEC_SUPER;

    return (rights & RMP_PERM_READ ? PAGE_READ : 0) |
           (rights & RMP_PERM_WRITE ? PAGE_WRITE : 0) |
           (rights & exec ? PAGE_EXEC : 0);
}

/* What shared accesses to the page may do: nothing if it is not all RAM. */
static int shared_prot(CPUState *cs, hwaddr gpa)
{
    AddressSpace *as = cpu_get_address_space(cs, X86ASIdx_MEM);
    hwaddr offset, len = TARGET_PAGE_SIZE;
    MemoryRegion *mr;

    mr = address_space_translate(as, gpa & TARGET_PAGE_MASK, &offset, &len,
                                 false, MEMTXATTRS_UNSPECIFIED);
    if (len < TARGET_PAGE_SIZE) {
        return 0;
    }
    if (memory_region_is_ram(mr)) {
        return PAGE_READ | PAGE_WRITE;
    }
    return memory_region_is_romd(mr) ? PAGE_READ : 0;
}

static int check_shared(X86CPU *cpu, hwaddr gpa, MMUAccessType access,
                        int *prot)
{
    int allowed = shared_prot(CPU(cpu), gpa);

    if (!(allowed & (1 << access))) {
        return SNP_FAULT_MMIO;
    }
    if ((rmp_entry(snp_vm->rmp, gpa) & RMP_ASSIGNED) &&
        !snp_convert_implicitly(CPU(cpu), gpa)) {
        return RMP_FAULT_VMSA_RUNNING;
    }
    *prot &= allowed;
    return RMP_FAULT_NONE;
}

bool snp_mmu_check(X86CPU *cpu, hwaddr gpa, bool private, bool user,
                   bool table, MMUAccessType access, int *prot,
                   MemTxAttrs *attrs)
{
    SnpVcpu *v = cpu->snp;
    unsigned rights;
    int kind;

    if (private || access == MMU_INST_FETCH) {
        kind = rmp_access(snp_vm->rmp, gpa, v->vmpl,
                          need_of(access, user, table), &rights);
        if (kind == RMP_FAULT_NONE) {
            *prot &= prot_of(rights, user);
            if (!private) {
                /* A fetch is private, the page's data are not. */
                *prot &= PAGE_EXEC;
            }
            attrs->space = SNP_SPACE_PRIVATE;
            return true;
        }
        private = true;
    } else {
        kind = check_shared(cpu, gpa, access, prot);
        if (kind == RMP_FAULT_NONE) {
            return true;
        }
    }
    v->fault = (SnpFault){ kind, gpa, access, private, table };
    return false;
}

static const char *access_name(const SnpFault *fault)
{
    static const char *const name[] = {
        [MMU_DATA_LOAD] = "read of",
        [MMU_DATA_STORE] = "write to",
        [MMU_INST_FETCH] = "fetch from",
    };

    return fault->table ? "page walk at" : name[fault->access];
}

static G_NORETURN void raise_vc(CPUX86State *env, uint64_t code,
                                uintptr_t retaddr)
{
    trace_snp_vc(env_cpu(env)->cpu_index, env_archcpu(env)->snp->vmpl, code,
                 env->eip);
    raise_exception_err_ra(env, EXCP1D_VC, code, retaddr);
}

/* EXITINFO1 of the #VMEXIT(NPF), APM vol. 2 15.25.6 and 15.36.10 */
static uint64_t npf_info(const SnpFault *fault)
{
    uint64_t info = NPF_USER | (fault->table ? NPF_TABLE : NPF_FINAL);

    if (fault->kind != RMP_FAULT_NOT_COVERED) {
        info |= NPF_PRESENT | NPF_RMP;
    }
    if (fault->kind == RMP_FAULT_PERMISSION) {
        info |= NPF_VMPL;
    }
    /* A walk of the guest's tables counts as a write (15.25.5). */
    if (fault->table || fault->access == MMU_DATA_STORE) {
        info |= NPF_WRITE;
    } else if (fault->access == MMU_INST_FETCH) {
        info |= NPF_FETCH;
    }
    return info | (fault->private ? NPF_ENC : 0);
}

static G_NORETURN void end_by_fault(CPUX86State *env, uintptr_t retaddr)
{
    CPUState *cs = env_cpu(env);
    SnpVcpu *v = env_archcpu(env)->snp;
    const SnpFault *fault = &v->fault;
    unsigned rights = rmp_perms(rmp_entry(snp_vm->rmp, fault->gpa), v->vmpl);
    const char *what = access_name(fault);
    uint64_t gpa = fault->gpa;

    trace_snp_rmp_fault(cs->cpu_index, v->vmpl, gpa, fault->kind,
                        fault->access);
    if (snp_vm->reflect_npf && v->vmpl) {
        cpu_restore_state(cs, retaddr);
        if (snp_vcpu_reflect_npf(v, npf_info(fault), gpa)) {
            cpu_loop_exit(cs);
        }
        retaddr = 0;
    }
    switch (fault->kind) {
    case RMP_FAULT_PERMISSION:
        snp_terminate_ra(cs, retaddr, SNP_EXIT_VMPL_FAULT,
                         "VMPL permission violation: %s GPA 0x%" PRIx64
                         ", where VMPL%u has rights %c%c%c%c%s", what, gpa,
                         v->vmpl, rights & RMP_PERM_READ ? 'r' : '-',
                         rights & RMP_PERM_WRITE ? 'w' : '-',
                         rights & RMP_PERM_EXEC_USER ? 'u' : '-',
                         rights & RMP_PERM_EXEC_SUPER ? 's' : '-',
                         rmp_entry(snp_vm->rmp, gpa) & RMP_VMSA ?
                         " and the page is a VMSA" : "");
    case RMP_FAULT_NOT_ASSIGNED:
        snp_terminate_ra(cs, retaddr, SNP_EXIT_RMP_FAULT, "private %s GPA "
                         "0x%" PRIx64 ", which is a shared page", what, gpa);
    case RMP_FAULT_VMSA_RUNNING:
        snp_terminate_ra(cs, retaddr, SNP_EXIT_RMP_FAULT, "%s GPA 0x%" PRIx64
                         ", a VMSA that a vCPU runs", what, gpa);
    default:
        snp_terminate_ra(cs, retaddr, SNP_EXIT_RMP_FAULT, "private %s GPA "
                         "0x%" PRIx64 ", where there is no memory", what,
                         gpa);
    }
}

void snp_mmu_raise(CPUX86State *env, uintptr_t retaddr)
{
    switch (env_archcpu(env)->snp->fault.kind) {
    case RMP_FAULT_NOT_VALIDATED:
        raise_vc(env, SVM_EXIT_PAGE_NOT_VALIDATED, retaddr);
    case SNP_FAULT_MMIO:
        raise_vc(env, SVM_EXIT_NPF, retaddr);
    default:
        end_by_fault(env, retaddr);
    }
}

/* ---- MSRs that TCG has no register for: the VMSA of the level is it ---- */

#define MSR_DEBUGCTL 0x1d9
#define MSR_LAST_BRANCH_FROM 0x1db
#define MSR_LAST_BRANCH_TO 0x1dc
#define MSR_LAST_EXCEPTION_FROM 0x1dd
#define MSR_LAST_EXCEPTION_TO 0x1de
#define DEBUGCTL_VALID 0x3f

/* Offset of the field, or 0 */
static size_t vmsa_msr(uint32_t msr)
{
    switch (msr) {
    case MSR_DEBUGCTL:
        return offsetof(struct vmsa, dbgctl);
    case MSR_LAST_BRANCH_FROM:
        return offsetof(struct vmsa, br_from);
    case MSR_LAST_BRANCH_TO:
        return offsetof(struct vmsa, br_to);
    case MSR_LAST_EXCEPTION_FROM:
        return offsetof(struct vmsa, last_excp_from);
    case MSR_LAST_EXCEPTION_TO:
        return offsetof(struct vmsa, last_excp_to);
    default:
        return 0;
    }
}

static uint64_t vmsa_field(SnpVcpu *v, size_t offset)
{
    const SnpLevel *level = &v->level[v->vmpl];
    uint64_t value = 0;

    if (level->vmsa_host) {
        return ldq_le_p((char *)level->vmsa_host + offset);
    }
    snp_private_read(level->vmsa_gpa + offset, &value, sizeof(value));
    return le64_to_cpu(value);
}

static void set_vmsa_field(SnpVcpu *v, size_t offset, uint64_t value)
{
    const SnpLevel *level = &v->level[v->vmpl];

    if (level->vmsa_host) {
        stq_le_p((char *)level->vmsa_host + offset, value);
        return;
    }
    value = cpu_to_le64(value);
    snp_private_write(level->vmsa_gpa + offset, &value, sizeof(value));
}

/* ---- intercepts ---- */

bool snp_vc_at_translation(uint32_t type)
{
    return type == SVM_EXIT_INVD || type == SVM_EXIT_WBINVD ||
           type == SVM_EXIT_READ_DR7 || type == SVM_EXIT_WRITE_DR7;
}

/* MSRs that the VMSA holds, or that mean nothing to a host. */
static bool msr_is_guests(uint32_t msr)
{
    switch (msr) {
    case MSR_AMD64_GHCB:
    case MSR_AMD64_SEV_STATUS:
    case MSR_EFER:
    case MSR_PAT:
    case MSR_STAR:
    case MSR_LSTAR:
    case MSR_CSTAR:
    case MSR_FMASK:
    case MSR_FSBASE:
    case MSR_GSBASE:
    case MSR_KERNELGSBASE:
    case MSR_TSC_AUX:
    case MSR_IA32_SYSENTER_CS:
    case MSR_IA32_SYSENTER_ESP:
    case MSR_IA32_SYSENTER_EIP:
    case MSR_IA32_XSS:
    case MSR_IA32_SPEC_CTRL:
    case MSR_IA32_PRED_CMD:
        return true;
    default:
        return vmsa_msr(msr) != 0;
    }
}

void snp_check_vc(CPUX86State *env, uint32_t type, uint64_t param,
                  uintptr_t retaddr)
{
    switch (type) {
    case SVM_EXIT_CPUID:
    case SVM_EXIT_RDPMC:
    case SVM_EXIT_INVD:
    case SVM_EXIT_WBINVD:
    case SVM_EXIT_VMMCALL:
    case SVM_EXIT_MONITOR:
    case SVM_EXIT_MWAIT:
        break;
    case SVM_EXIT_MSR:
        if (msr_is_guests(env->regs[R_ECX])) {
            return;
        }
        break;
    case SVM_EXIT_EXCP_AC:
        break;
    case SVM_EXIT_EXCP_DB: /* or a guest could keep a CPU in #DB for ever */
    case SVM_EXIT_READ_DR7:
    case SVM_EXIT_WRITE_DR7:
        if (env_archcpu(env)->snp->sev_features & SEV_FEATURE_DEBUG_SWAP) {
            return;
        }
        break;
    default:
        return;
    }
    raise_vc(env, type, retaddr);
}

/* @rep: 0, or 1 + the address size of a repeated string instruction. */
void helper_snp_vc_io(CPUX86State *env, uint32_t rep)
{
    target_ulong count = env->regs[R_ECX];

    if (rep) {
        count &= MAKE_64BIT_MASK(0, 8 << (rep - 1));
        if (!count) {
            return;
        }
    }
    raise_vc(env, SVM_EXIT_IOIO, GETPC());
}

void snp_triple_fault(CPUX86State *env, uintptr_t retaddr)
{
    snp_terminate_ra(env_cpu(env), retaddr, SNP_EXIT_TRIPLE_FAULT,
                     "triple fault");
}

/* ---- MSRs ---- */

bool snp_rdmsr(CPUX86State *env, uint32_t msr, uint64_t *value)
{
    SnpVcpu *v = env_archcpu(env)->snp;

    switch (msr) {
    case MSR_AMD64_GHCB:
        *value = v->level[v->vmpl].ghcb_msr;
        return true;
    case MSR_AMD64_SEV_STATUS:
        *value = v->sev_features << SEV_STATUS_FEATURES_SHIFT |
                 SEV_STATUS_ES | SEV_STATUS_SEV;
        return true;
    default:
        if (!vmsa_msr(msr)) {
            return false;
        }
        *value = vmsa_field(v, vmsa_msr(msr));
        return true;
    }
}

bool snp_wrmsr(CPUX86State *env, uint32_t msr, uint64_t value, bool *fault)
{
    SnpVcpu *v = env_archcpu(env)->snp;

    switch (msr) {
    case MSR_AMD64_GHCB:
        v->level[v->vmpl].ghcb_msr = value;
        *fault = false;
        return true;
    case MSR_AMD64_SEV_STATUS:
        *fault = true;
        return true;
    case MSR_DEBUGCTL:
        *fault = value & ~DEBUGCTL_VALID;
        if (!*fault) {
            set_vmsa_field(v, vmsa_msr(msr), value);
        }
        return true;
    default:
        return false;
    }
}

/* MSRs that TCG does not model and a host of such guests serves as zero. */
static bool msr_is_quiet(uint32_t msr)
{
    switch (msr) {
    case 0x17:                    /* PLATFORM_ID */
    case 0x2a:                    /* EBL_CR_POWERON */
    case 0x3b:                    /* TSC_ADJUST */
    case 0xc1 ... 0xc8:           /* performance counters */
    case 0xce:                    /* PLATFORM_INFO */
    case 0x10b:                   /* FLUSH_CMD */
    case 0x140:                   /* MISC_FEATURES */
    case 0x186 ... 0x18d:         /* performance event selectors */
    case 0x1d9:                   /* DEBUGCTL */
    case 0x1db ... 0x1de:         /* last branch records */
    case 0xc0000104:              /* TSC ratio */
    case 0xc0010000 ... 0xc0010007: /* K7 performance monitoring */
    case 0xc0010010:              /* SYSCFG */
    case 0xc0010015:              /* HWCR */
    case 0xc0010016 ... 0xc001001f: /* IORR, TOP_MEM, NB_CFG */
    case 0xc0010055:              /* interrupt pending */
    case 0xc0010058:              /* MMIO configuration base */
    case 0xc0010063 ... 0xc001006b: /* P-states */
    case 0xc0010114:              /* VM_CR */
    case 0xc001011f:              /* virtual SPEC_CTRL */
    case 0xc0010140 ... 0xc0010141: /* OSVW */
    case 0xc0010200 ... 0xc001020b: /* extended performance monitoring */
    case 0xc0011000 ... 0xc001103f: /* chicken bits */
        return true;
    default:
        return false;
    }
}

bool snp_host_rdmsr(X86CPU *cpu, uint32_t msr, uint64_t *value)
{
    bool known;

    if (msr == MSR_IA32_TSC) {
        *value = cpu_get_tsc(&cpu->env);
        return true;
    }
    return x86_rdmsr(&cpu->env, msr, value, &known) &&
           (known || msr_is_quiet(msr));
}

bool snp_host_wrmsr(X86CPU *cpu, uint32_t msr, uint64_t value)
{
    bool known;

    /* What a VMSA holds is no business of the host. */
    if (msr_is_guests(msr)) {
        return false;
    }
    return x86_wrmsr(&cpu->env, msr, value, &known) &&
           (known || msr_is_quiet(msr) || msr == MSR_IA32_TSC);
}

/* ---- PVALIDATE, RMPADJUST, RMPQUERY, VMGEXIT ---- */

/* EAX and flags; or the fault. */
static void finish(CPUX86State *env, hwaddr gpa, const RmpResult *res,
                   uintptr_t retaddr)
{
    SnpVcpu *v = env_archcpu(env)->snp;

    if (res->fault != RMP_FAULT_NONE) {
        v->fault = (SnpFault){ res->fault, gpa, MMU_DATA_LOAD, true, false };
        snp_mmu_raise(env, retaddr);
    }
    if (res->flush) {
        snp_flush(env_cpu(env));
    }
    env->regs[R_EAX] = res->eax;
    CC_OP = CC_OP_EFLAGS;
    CC_SRC = (res->unchanged ? CC_C : 0) | (res->eax == 0 ? CC_Z : 0) |
             (ctpop8(res->eax) & 1 ? 0 : CC_P);
}

void helper_pvalidate(CPUX86State *env, target_ulong addr)
{
    SnpVcpu *v = env_archcpu(env)->snp;
    bool large = env->regs[R_ECX] & 1;
    bool validate = env->regs[R_EDX] & 1;
    RmpResult res;
    hwaddr gpa;

    if (v->vmpl) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, GETPC());
    }
    gpa = x86_translate_for_rmp(env, addr, GETPC());
    rmp_pvalidate(snp_vm->rmp, gpa & TARGET_PAGE_MASK, large, validate, &res);
    trace_snp_pvalidate(env_cpu(env)->cpu_index, gpa, large, validate,
                        res.fault, res.eax, res.unchanged);
    qatomic_inc(&snp_vm->pvalidates);
    finish(env, gpa, &res, GETPC());
}

void helper_invlpgb(CPUX86State *env)
{
    tlb_flush_all_cpus_synced(env_cpu(env));
}

void helper_rmpadjust(CPUX86State *env, target_ulong addr)
{
    SnpVcpu *v = env_archcpu(env)->snp;
    bool large = env->regs[R_ECX] & 1;
    uint64_t rdx = env->regs[R_EDX];
    RmpResult res;
    hwaddr gpa;

    gpa = x86_translate_for_rmp(env, addr, GETPC());
    rmp_adjust(snp_vm->rmp, gpa & TARGET_PAGE_MASK, large, v->vmpl, rdx,
               &res);
    trace_snp_rmpadjust(env_cpu(env)->cpu_index, v->vmpl, gpa, large, rdx,
                        res.fault, res.eax);
    finish(env, gpa, &res, GETPC());
}

void helper_rmpquery(CPUX86State *env, target_ulong addr)
{
    SnpVcpu *v = env_archcpu(env)->snp;
    unsigned target = env->regs[R_EDX] & 0xff;
    RmpResult res;
    hwaddr gpa;

    gpa = x86_translate_for_rmp(env, addr, GETPC());
    rmp_query(snp_vm->rmp, gpa, v->vmpl, target, &res);
    finish(env, gpa, &res, GETPC());
    if (res.eax == SNP_OK) {
        env->regs[R_ECX] = res.large;
        env->regs[R_EDX] = target | res.perms << RMPADJUST_PERM_SHIFT |
                           (res.vmsa ? RMPADJUST_VMSA : 0);
    }
}

void helper_vmgexit(CPUX86State *env, int next_eip_addend)
{
    CPUState *cs = env_cpu(env);
    SnpVcpu *v = env_archcpu(env)->snp;
    unsigned vmpl = v->vmpl;

    env->eip += next_eip_addend;
    do_end_instruction(env);
    snp_vmgexit(v);
    if (cs->halted) {
        cs->exception_index = EXCP_HLT;
        cpu_loop_exit(cs);
    }
    if (v->vmpl == vmpl) {
        helper_rechecking_single_step(env);
    }
}
