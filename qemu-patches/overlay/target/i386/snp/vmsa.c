/*
 * SEV-SNP emulated by TCG: vCPU state to and from a VMSA
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/cputlb.h"
#include "tcg/helper-tcg.h"
#include "internal.h"

#define VMSA_FEATURES_KNOWN \
    (SEV_FEATURE_SNP_ACTIVE | SEV_FEATURE_RESTRICTED_INJECTION | \
     SEV_FEATURE_DEBUG_SWAP | SEV_FEATURE_PREVENT_HOST_IBS | \
     SEV_FEATURE_BTB_ISOLATION)

/* Bits of rflags that are not reserved. */
#define RFLAGS_VALID 0x3f7fd5

static void save_seg(struct vmsa_seg *to, const SegmentCache *from)
{
    to->selector = from->selector;
    to->attrib = ((from->flags >> 8) & 0xff) | ((from->flags >> 12) & 0xf00);
    to->limit = from->limit;
    to->base = from->base;
}

static void load_seg(SegmentCache *to, const struct vmsa_seg *from)
{
    to->selector = from->selector;
    to->flags = ((from->attrib & 0xff) << 8) | ((from->attrib & 0xf00) << 12);
    to->limit = from->limit;
    /* As VMRUN: sign-extended from the width of virtual addresses. */
    to->base = sextract64(from->base, 0, 57);
}

static struct vmsa_seg *vmsa_seg(struct vmsa *vmsa, int seg)
{
    switch (seg) {
    case R_ES:
        return &vmsa->es;
    case R_CS:
        return &vmsa->cs;
    case R_SS:
        return &vmsa->ss;
    case R_DS:
        return &vmsa->ds;
    case R_FS:
        return &vmsa->fs;
    default:
        return &vmsa->gs;
    }
}

/* Where a general register lies; they are in no order. */
static uint64_t *vmsa_reg(struct vmsa *vmsa, int reg)
{
    switch (reg) {
    case R_EAX:
        return &vmsa->rax;
    case R_ECX:
        return &vmsa->rcx;
    case R_EDX:
        return &vmsa->rdx;
    case R_EBX:
        return &vmsa->rbx;
    case R_ESP:
        return &vmsa->rsp;
    case R_EBP:
        return &vmsa->rbp;
    case R_ESI:
        return &vmsa->rsi;
    case R_EDI:
        return &vmsa->rdi;
    default:
        return &vmsa->r8 + (reg - 8);
    }
}

/* The two-bit tag of a register that is not empty. */
static unsigned x87_tag(floatx80 value)
{
    unsigned exponent = value.high & 0x7fff;

    if (exponent == 0 && value.low == 0) {
        return 1;
    }
    return exponent == 0 || exponent == 0x7fff || !(value.low >> 63) ? 2 : 0;
}

static void save_fpu(CPUX86State *env, struct vmsa *vmsa)
{
    unsigned i;

    update_mxcsr_from_sse_status(env);
    vmsa->mxcsr = env->mxcsr;
    vmsa->x87_fcw = env->fpuc;
    vmsa->x87_fsw = (env->fpus & ~0x3800) | (env->fpstt & 7) << 11;
    vmsa->x87_fop = env->fpop;
    vmsa->x87_cs = env->fpcs;
    vmsa->x87_ds = env->fpds;
    vmsa->x87_rip = env->fpip;
    vmsa->x87_dp = env->fpdp;
    vmsa->x87_ftw = 0;
    for (i = 0; i < 8; i++) {
        floatx80 st = env->fpregs[(env->fpstt + i) & 7].d;

        stq_le_p(vmsa->x87_regs + 8 * i, st.low);
        stw_le_p(vmsa->x87_regs + 64 + 2 * i, st.high);
        vmsa->x87_ftw |= (env->fptags[i] ? 3 : x87_tag(env->fpregs[i].d))
                         << (2 * i);
    }
    for (i = 0; i < 16; i++) {
        const ZMMReg *reg = &env->xmm_regs[i];

        stq_le_p(vmsa->xmm + 16 * i, reg->ZMM_Q(0));
        stq_le_p(vmsa->xmm + 16 * i + 8, reg->ZMM_Q(1));
        stq_le_p(vmsa->ymm_high + 16 * i, reg->ZMM_Q(2));
        stq_le_p(vmsa->ymm_high + 16 * i + 8, reg->ZMM_Q(3));
    }
}

static void load_fpu(CPUX86State *env, const struct vmsa *vmsa)
{
    unsigned i;

    cpu_init_fp_statuses(env);
    env->fpus = vmsa->x87_fsw & ~0x3800;
    env->fpstt = (vmsa->x87_fsw >> 11) & 7;
    env->fpop = vmsa->x87_fop;
    env->fpcs = vmsa->x87_cs;
    env->fpds = vmsa->x87_ds;
    env->fpip = vmsa->x87_rip;
    env->fpdp = vmsa->x87_dp;
    for (i = 0; i < 8; i++) {
        floatx80 *st = &env->fpregs[(env->fpstt + i) & 7].d;

        st->low = ldq_le_p(vmsa->x87_regs + 8 * i);
        st->high = lduw_le_p(vmsa->x87_regs + 64 + 2 * i);
        env->fptags[i] = ((vmsa->x87_ftw >> (2 * i)) & 3) == 3;
    }
    cpu_set_fpuc(env, vmsa->x87_fcw);
    cpu_set_mxcsr(env, vmsa->mxcsr & 0xffff);
    for (i = 0; i < 16; i++) {
        ZMMReg *reg = &env->xmm_regs[i];

        memset(reg, 0, sizeof(*reg));
        reg->ZMM_Q(0) = ldq_le_p(vmsa->xmm + 16 * i);
        reg->ZMM_Q(1) = ldq_le_p(vmsa->xmm + 16 * i + 8);
        reg->ZMM_Q(2) = ldq_le_p(vmsa->ymm_high + 16 * i);
        reg->ZMM_Q(3) = ldq_le_p(vmsa->ymm_high + 16 * i + 8);
    }
}

static void save_msrs(CPUX86State *env, struct vmsa *vmsa)
{
    vmsa->efer = env->efer;
    vmsa->star = env->star;
    vmsa->lstar = env->lstar;
    vmsa->cstar = env->cstar;
    vmsa->sfmask = env->fmask;
    vmsa->kernel_gs_base = env->kernelgsbase;
    vmsa->sysenter_cs = env->sysenter_cs;
    vmsa->sysenter_esp = env->sysenter_esp;
    vmsa->sysenter_eip = env->sysenter_eip;
    vmsa->g_pat = env->pat;
    vmsa->spec_ctrl = env->spec_ctrl;
    vmsa->pkru = env->pkru;
    vmsa->tsc_aux = env->tsc_aux;
    vmsa->xcr0 = env->xcr0;
    vmsa->xss = env->xss;
}

void snp_vmsa_save(CPUX86State *env, struct vmsa *vmsa, bool in_exec)
{
    int i;

    for (i = 0; i < CPU_NB_REGS; i++) {
        *vmsa_reg(vmsa, i) = env->regs[i];
    }
    vmsa->rip = env->eip;
    vmsa->rflags = in_exec ? cpu_compute_eflags(env) : env->eflags;
    for (i = 0; i < 6; i++) {
        save_seg(vmsa_seg(vmsa, i), &env->segs[i]);
    }
    save_seg(&vmsa->gdtr, &env->gdt);
    save_seg(&vmsa->idtr, &env->idt);
    save_seg(&vmsa->ldtr, &env->ldt);
    save_seg(&vmsa->tr, &env->tr);
    vmsa->cpl = env->hflags & HF_CPL_MASK;
    vmsa->cr0 = env->cr[0];
    vmsa->cr2 = env->cr[2];
    vmsa->cr3 = env->cr[3];
    vmsa->cr4 = env->cr[4];
    for (i = 0; i < 4; i++) {
        vmsa->dr[i] = env->dr[i];
    }
    vmsa->dr6 = env->dr[6];
    vmsa->dr7 = env->dr[7];
    save_msrs(env, vmsa);
    save_fpu(env, vmsa);
}

static void load_msrs(CPUX86State *env, const struct vmsa *vmsa)
{
    uint64_t xcr0 = env->features[FEAT_XSAVE_XCR0_LO] |
                    (uint64_t)env->features[FEAT_XSAVE_XCR0_HI] << 32;

    env->star = vmsa->star;
    env->lstar = vmsa->lstar;
    env->cstar = vmsa->cstar;
    env->fmask = vmsa->sfmask;
    env->kernelgsbase = vmsa->kernel_gs_base;
    env->sysenter_cs = vmsa->sysenter_cs;
    env->sysenter_esp = vmsa->sysenter_esp;
    env->sysenter_eip = vmsa->sysenter_eip;
    env->pat = vmsa->g_pat;
    env->spec_ctrl = vmsa->spec_ctrl;
    env->pkru = vmsa->pkru;
    env->tsc_aux = vmsa->tsc_aux;
    env->xcr0 = (vmsa->xcr0 & xcr0) | XSTATE_FP_MASK;
    env->xss = vmsa->xss & env->features[FEAT_XSAVE_XSS_LO];
}

/*
 * Control registers, from a state with none of their effects: the setters
 * derive hidden flags from the difference of old and new.
 */
static void load_control(CPUX86State *env, const struct vmsa *vmsa)
{
    bool lma = (vmsa->efer & MSR_EFER_LME) && (vmsa->cr0 & CR0_PG_MASK);

    cpu_x86_update_dr7(env, 0);
    env->hflags = 0;
    env->hflags2 = HF2_GIF_MASK | HF2_VGIF_MASK;
    env->cr[0] = CR0_ET_MASK;
    env->cr[4] = 0;
    env->efer = 0;
    env->eflags = 2;
    cpu_x86_update_cr4(env, vmsa->cr4);
    cpu_x86_update_cr0(env, vmsa->cr0);
    cpu_load_efer(env, (vmsa->efer & ~MSR_EFER_LMA) |
                       (lma ? MSR_EFER_LMA : 0));
    env->cr[2] = vmsa->cr2;
    cpu_x86_update_cr3(env, vmsa->cr3);
}

void snp_vmsa_load(CPUX86State *env, const struct vmsa *vmsa, bool in_exec)
{
    CPUState *cs = env_cpu(env);
    struct vmsa *v = (struct vmsa *)vmsa;
    uint64_t rflags = (vmsa->rflags & RFLAGS_VALID) | 2;
    int i;

    load_control(env, vmsa);
    load_msrs(env, vmsa);
    env->eflags = rflags;
    if (in_exec) {
        env->eflags = 2;
        cpu_load_eflags(env, rflags, ~(CC_O | CC_S | CC_Z | CC_A | CC_P |
                                       CC_C | DF_MASK));
    }
    for (i = 0; i < 6; i++) {
        SegmentCache sc;

        load_seg(&sc, vmsa_seg(v, i));
        cpu_x86_load_seg_cache(env, i, sc.selector, sc.base, sc.limit,
                               sc.flags);
    }
    load_seg(&env->gdt, &vmsa->gdtr);
    load_seg(&env->idt, &vmsa->idtr);
    load_seg(&env->ldt, &vmsa->ldtr);
    load_seg(&env->tr, &vmsa->tr);
    /* ADDSEG and CPL depend on all of CS, SS, DS and ES. */
    cpu_x86_load_seg_cache(env, R_SS, env->segs[R_SS].selector,
                           env->segs[R_SS].base, env->segs[R_SS].limit,
                           env->segs[R_SS].flags);
    for (i = 0; i < CPU_NB_REGS; i++) {
        env->regs[i] = *vmsa_reg(v, i);
    }
    env->eip = vmsa->rip;
    if (!(env->hflags & HF_CS64_MASK)) {
        env->eip = (uint32_t)env->eip;
        env->segs[R_CS].base = (uint32_t)env->segs[R_CS].base;
    }
    load_fpu(env, vmsa);
    for (i = 0; i < 4; i++) {
        env->dr[i] = vmsa->dr[i];
    }
    env->dr[6] = vmsa->dr6 | DR6_FIXED_1;
    cpu_x86_update_dr7(env, vmsa->dr7);
    cpu_sync_avx_hflag(env);
    env->old_exception = -1;
    cs->exception_index = -1;
    /* Even if no control register differs: the rights may. */
    tlb_flush(cs);
}

static const char *check_control(CPUX86State *env, const struct vmsa *vmsa)
{
    bool long_mode = (vmsa->efer & MSR_EFER_LME) && (vmsa->cr0 & CR0_PG_MASK);

    if (!(vmsa->efer & MSR_EFER_SVME)) {
        return "EFER.SVME is clear";
    }
    if (vmsa->efer & MSR_EFER_RESERVED) {
        return "reserved EFER bits";
    }
    if ((vmsa->cr0 >> 32) ||
        ((vmsa->cr0 & CR0_NW_MASK) && !(vmsa->cr0 & CR0_CD_MASK)) ||
        ((vmsa->cr0 & CR0_PG_MASK) && !(vmsa->cr0 & CR0_PE_MASK))) {
        return "invalid CR0";
    }
    if (vmsa->cr4 & cr4_reserved_bits(env)) {
        return "CR4 bits that this CPU model lacks";
    }
    if (long_mode && !(vmsa->cr4 & CR4_PAE_MASK)) {
        return "long mode without CR4.PAE";
    }
    if (long_mode && (vmsa->cr3 & ~SNP_PTE_CBIT &
                      (~0ull << env_archcpu(env)->phys_bits))) {
        return "reserved CR3 bits";
    }
    if ((vmsa->dr6 >> 32) || (vmsa->dr7 >> 32)) {
        return "reserved DR6 or DR7 bits";
    }
    return NULL;
}

bool snp_vmsa_features_ok(uint64_t features)
{
    return (features & SEV_FEATURE_SNP_ACTIVE) &&
           !(features & ~VMSA_FEATURES_KNOWN);
}

const char *snp_vmsa_check(CPUX86State *env, const struct vmsa *vmsa,
                           unsigned vmpl)
{
    bool long_mode = (vmsa->efer & MSR_EFER_LME) && (vmsa->cr0 & CR0_PG_MASK);
    unsigned dpl = (vmsa->ss.attrib >> 5) & 3;
    const char *why = check_control(env, vmsa);

    if (why) {
        return why;
    }
    if (!(vmsa->sev_features & SEV_FEATURE_SNP_ACTIVE)) {
        return "SEV_FEATURES lacks SNPActive";
    }
    if (vmsa->sev_features & ~VMSA_FEATURES_KNOWN) {
        return "unsupported SEV_FEATURES";
    }
    if (vmsa->vmpl != vmpl) {
        return "made for another VMPL";
    }
    if (vmsa->cpl > 3 || vmsa->cpl != dpl ||
        (!(vmsa->cr0 & CR0_PE_MASK) && vmsa->cpl)) {
        return "CPL does not agree with SS";
    }
    if (long_mode && ((vmsa->rflags & VM_MASK) ||
                      (vmsa->cs.attrib & 0x600) == 0x600)) {
        return "no such mode of execution";
    }
    return NULL;
}
