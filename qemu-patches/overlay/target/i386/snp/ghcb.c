/*
 * VMGEXIT: the host's side of the GHCB protocols (AMD 56421, version 2)
 *
 * A request is copied once, checked, then used; what the guest writes to its
 * page meanwhile changes nothing. Answers go back field by field.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/boards.h"
#include "ghcb_decode.h"
#include "host.h"
#include "trace/trace-target_i386.h"

#define HV_FEATURES (GHCB_HV_FT_SNP | GHCB_HV_FT_AP_CREATION | \
                     GHCB_HV_FT_RESTRICTED_INJECTION | \
                     GHCB_HV_FT_APIC_ID_LIST | GHCB_HV_FT_MULTI_VMPL)

#define GHCB_MSR_DATA_SHIFT 12
#define GHCB_MSR_GPA_MASK 0x000ffffffffff000ull

#define X2APIC_EOI 0x80b

#define CPUID_XSAVE_LEAF 0xd
/* x87, SSE and the header */
#define XSAVE_LEGACY_SIZE 0x240

/* RAX of a VMMCALL: no hypercall exists (KVM's -KVM_ENOSYS) */
#define VMMCALL_ENOSYS (-1000ll)

/* ---- Shared memory ---- */

static bool shared_rw(hwaddr gpa, void *buf, size_t len, bool write)
{
    hwaddr offset, plen = len;
    MemoryRegion *mr;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, gpa, &offset, &plen,
                                 write, MEMTXATTRS_UNSPECIFIED);
    if (plen < len || !memory_region_is_ram(mr) ||
        memory_region_is_ram_device(mr) || (write && mr->readonly)) {
        return false;
    }
    return address_space_rw(&address_space_memory, gpa, MEMTXATTRS_UNSPECIFIED,
                            buf, len, write) == MEMTX_OK;
}

bool snp_shared_read(hwaddr gpa, void *buf, size_t len)
{
    return shared_rw(gpa, buf, len, false);
}

bool snp_shared_write(hwaddr gpa, const void *buf, size_t len)
{
    return shared_rw(gpa, (void *)buf, len, true);
}

/* ---- Both protocols ---- */

static void G_NORETURN terminate(SnpVcpu *v, unsigned set, unsigned code)
{
    snp_terminate(CPU(v->cpu), SNP_EXIT_TERMINATE,
                  "guest asked for termination, reason %u:%u", set, code);
}

/* Sleep until SIPI; the answer is in place already. */
static void hold_until_sipi(SnpVcpu *v)
{
    CPUState *cs = CPU(v->cpu);

    v->level[v->vmpl].reset_hold = true;
    cs->halted = 1;
    cs->exception_index = EXCP_HLT;
}

/* ---- MSR protocol ---- */

static uint64_t msr_cpuid(SnpVcpu *v, uint64_t request)
{
    static const uint8_t order[] = { R_EAX, R_EBX, R_ECX, R_EDX };
    unsigned reg = (request >> 30) & 3;
    uint32_t regs[4];

    /* Guests index by the register number of the answer: it is echoed. */
    snp_cpuid(v->cpu, request >> 32, 0, regs);
    return (uint64_t)regs[order[reg]] << 32 | (uint64_t)reg << 30 |
           GHCB_MSR_CPUID_RESP;
}

static uint64_t msr_register_ghcb(SnpVcpu *v, uint64_t request)
{
    uint64_t gpa = request & ~GHCB_MSR_CODE_MASK;
    uint8_t probe;

    if (!snp_shared_read(gpa, &probe, 1)) {
        return ~GHCB_MSR_CODE_MASK | GHCB_MSR_REG_GPA_RESP;
    }
    v->level[v->vmpl].ghcb_gpa = gpa;
    return gpa | GHCB_MSR_REG_GPA_RESP;
}

static uint64_t msr_psc(SnpVcpu *v, uint64_t request)
{
    uint64_t error = snp_psc_single(v, request & GHCB_MSR_GPA_MASK,
                                    (request >> GHCB_PSC_OP_SHIFT) & 0xf);

    return error << 32 | GHCB_MSR_PSC_RESP;
}

static void msr_run_vmpl(SnpVcpu *v, uint64_t request)
{
    SnpLevel *level = &v->level[v->vmpl];
    uint64_t target = (request >> 32) & 0xff;

    /* The caller finds it when it runs again, so it is written first. */
    level->ghcb_msr = GHCB_MSR_VMPL_RESP;
    if (request >> 40 || snp_vcpu_run_vmpl(v, target)) {
        level->ghcb_msr = 1ull << 32 | GHCB_MSR_VMPL_RESP;
    }
}

static void handle_msr(SnpVcpu *v, uint64_t request)
{
    uint64_t *answer = &v->level[v->vmpl].ghcb_msr;

    trace_snp_vmgexit_msr(CPU(v->cpu)->cpu_index, v->vmpl, request);
    switch (request & GHCB_MSR_CODE_MASK) {
    case GHCB_MSR_SEV_INFO_REQ:
        *answer = (uint64_t)GHCB_PROTOCOL_MAX << 48 |
                  (uint64_t)GHCB_PROTOCOL_MIN << 32 |
                  (uint64_t)SNP_CBIT_POS << 24 | GHCB_MSR_SEV_INFO_RESP;
        break;
    case GHCB_MSR_CPUID_REQ:
        *answer = msr_cpuid(v, request);
        break;
    case GHCB_MSR_AP_RESET_HOLD_REQ:
        *answer = 1ull << GHCB_MSR_DATA_SHIFT | GHCB_MSR_AP_RESET_HOLD_RESP;
        hold_until_sipi(v);
        break;
    case GHCB_MSR_PREF_GPA_REQ:
        *answer = ~GHCB_MSR_CODE_MASK | GHCB_MSR_PREF_GPA_RESP;
        break;
    case GHCB_MSR_REG_GPA_REQ:
        *answer = msr_register_ghcb(v, request);
        break;
    case GHCB_MSR_PSC_REQ:
        *answer = msr_psc(v, request);
        break;
    case GHCB_MSR_VMPL_REQ:
        msr_run_vmpl(v, request);
        break;
    case GHCB_MSR_HV_FEATURES_REQ:
        *answer = HV_FEATURES << GHCB_MSR_DATA_SHIFT |
                  GHCB_MSR_HV_FEATURES_RESP;
        break;
    case GHCB_MSR_TERM_REQ:
        terminate(v, (request >> 12) & 0xf, (request >> 16) & 0xff);
    default:
        snp_terminate(CPU(v->cpu), SNP_EXIT_PROTOCOL,
                      "unknown request 0x%" PRIx64 " of the GHCB MSR protocol",
                      request);
    }
}

/* ---- GHCB page: answers ---- */

void ghcb_fail(GhcbCall *call, unsigned error)
{
    call->result = GHCB_RESULT_ERROR;
    call->info_2 = error;
}

void ghcb_exception(GhcbCall *call, uint64_t exception)
{
    call->result = GHCB_RESULT_EXCEPTION;
    call->info_2 = exception;
}

static void write_fields(GhcbCall *call, size_t offset, size_t size)
{
    snp_shared_write(call->gpa + offset, (char *)call->g + offset, size);
}

#define REGS_SIZE (offsetof(struct ghcb, rbx) + 8 - offsetof(struct ghcb, rcx))
#define INFO_SIZE 16

/* The bitmap says that the fields are there: it is written last. */
void ghcb_write_back(GhcbCall *call)
{
    struct ghcb *g = call->g;

    g->sw_exit_info_1 = call->result;
    g->sw_exit_info_2 = call->info_2;
    write_fields(call, offsetof(struct ghcb, rax), 8);
    write_fields(call, offsetof(struct ghcb, rcx), REGS_SIZE);
    write_fields(call, offsetof(struct ghcb, sw_exit_info_1), INFO_SIZE);

    memset(g->valid_bitmap, 0, sizeof(g->valid_bitmap));
    ghcb_set_valid(g, GHCB_VALID_BIT(rax));
    ghcb_set_valid(g, GHCB_VALID_BIT(rbx));
    ghcb_set_valid(g, GHCB_VALID_BIT(rcx));
    ghcb_set_valid(g, GHCB_VALID_BIT(rdx));
    ghcb_set_valid(g, GHCB_VALID_BIT(sw_exit_info_1));
    ghcb_set_valid(g, GHCB_VALID_BIT(sw_exit_info_2));
    write_fields(call, offsetof(struct ghcb, valid_bitmap),
                 sizeof(g->valid_bitmap));
}

/* ---- GHCB page: events that need no file of their own ---- */

/*
 * EBX of CPUID D, 0 and 1: the size of an XSAVE area with @components, which
 * the guest names, for the host cannot see its XCR0.
 */
static uint32_t xsave_size(X86CPU *cpu, uint64_t components, bool compacted)
{
    uint32_t size = XSAVE_LEGACY_SIZE, regs[4];

    for (int i = 2; i < 63; i++) {
        if (!(components >> i & 1)) {
            continue;
        }
        snp_cpuid(cpu, CPUID_XSAVE_LEAF, i, regs);
        if (!compacted) {
            size = MAX(size, regs[R_EBX] + regs[R_EAX]);
            continue;
        }
        /* ECX bit 1: it starts at a multiple of 64. */
        size = (regs[R_ECX] & 2 ? ROUND_UP(size, 64) : size) + regs[R_EAX];
    }
    return size;
}

static void do_cpuid(GhcbCall *call)
{
    X86CPU *cpu = call->v->cpu;
    uint32_t leaf = call->g->rax, subleaf = call->g->rcx;
    uint64_t components = call->g->xcr0;
    uint32_t regs[4];

    snp_cpuid(cpu, leaf, subleaf, regs);
    if (subleaf && ghcb_is_valid(call->g, GHCB_VALID_BIT(xss))) {
        components |= call->g->xss;
    }
    if (leaf == CPUID_XSAVE_LEAF && subleaf <= 1) {
        regs[R_EBX] = xsave_size(cpu, components, subleaf);
    }
    call->g->rax = regs[R_EAX];
    call->g->rbx = regs[R_EBX];
    call->g->rcx = regs[R_ECX];
    call->g->rdx = regs[R_EDX];
}

static void do_msr(GhcbCall *call)
{
    struct ghcb *g = call->g;
    uint64_t value;

    if (g->sw_exit_info_1 > 1) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
    } else if (g->sw_exit_info_1) {
        value = g->rdx << 32 | (uint32_t)g->rax;
        if ((uint32_t)g->rcx == X2APIC_EOI && snp_hv_eoi(call->v)) {
            return;
        }
        if (!snp_host_wrmsr(call->v->cpu, g->rcx, value)) {
            ghcb_exception(call, GHCB_EXCEPTION_GP);
        }
    } else if (snp_host_rdmsr(call->v->cpu, g->rcx, &value)) {
        g->rax = (uint32_t)value;
        g->rdx = value >> 32;
    } else {
        ghcb_exception(call, GHCB_EXCEPTION_GP);
    }
}

static void do_tsc(GhcbCall *call)
{
    CPUX86State *env = &call->v->cpu->env;
    uint64_t tsc = cpu_get_tsc(env) + env->tsc_offset;

    call->g->rax = (uint32_t)tsc;
    call->g->rdx = tsc >> 32;
    if (call->g->sw_exit_code == SVM_EXIT_RDTSCP) {
        call->g->rcx = (uint32_t)env->tsc_aux;
    }
}

static void do_ap_creation(GhcbCall *call)
{
    struct ghcb *g = call->g;
    uint32_t request = g->sw_exit_info_1;
    unsigned error;

    if (request >> 20) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        return;
    }
    error = snp_vcpu_ap_creation(call->v, g->sw_exit_info_1 >> 32,
                                 request >> 16, request & 0xffff,
                                 g->sw_exit_info_2, g->rax);
    if (error) {
        ghcb_fail(call, error);
    }
}

/* u32 count and the ids into the guest's buffer, or the pages it takes. */
static void do_apic_id_list(GhcbCall *call)
{
    struct ghcb *g = call->g;
    hwaddr gpa = g->sw_exit_info_1;
    unsigned cpus = current_machine->smp.cpus;
    size_t size = (cpus + 1) * sizeof(uint32_t);
    uint64_t pages = DIV_ROUND_UP(size, SNP_PAGE_SIZE);
    g_autofree uint32_t *list = g_new0(uint32_t, cpus + 1);
    CPUState *cs;
    int n = 1;

    if (gpa % SNP_PAGE_SIZE) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        return;
    }
    if (g->rax < pages) {
        g->rax = pages;
        return;
    }
    list[0] = cpu_to_le32(cpus);
    CPU_FOREACH(cs) {
        list[n++] = cpu_to_le32(X86_CPU(cs)->apic_id);
    }
    if (!snp_shared_write(gpa, list, size)) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
    }
}

/* The ES-era way to start APs: two calls that keep one value. */
static void do_ap_jump_table(GhcbCall *call)
{
    SevSnpEmulated *s = snp_object();

    switch (call->g->sw_exit_info_1) {
    case 0:
        qatomic_set_u64(&s->ap_jump_table, call->g->sw_exit_info_2);
        break;
    case 1:
        call->info_2 = qatomic_read_u64(&s->ap_jump_table);
        break;
    default:
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        break;
    }
}

static void do_run_vmpl(GhcbCall *call)
{
    SnpVcpu *v = call->v;
    uint64_t target = call->g->sw_exit_info_1;

    /* As in msr_run_vmpl(): the answer belongs to the level that is left. */
    ghcb_write_back(call);
    call->written = true;
    if (target >= SNP_VMPL_COUNT || snp_vcpu_run_vmpl(v, target)) {
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        call->written = false;
    }
}

static void do_ap_reset_hold(GhcbCall *call)
{
    call->info_2 = 1;
    hold_until_sipi(call->v);
}

static void handle_event(GhcbCall *call)
{
    struct ghcb *g = call->g;
    SnpVcpu *v = call->v;

    switch (g->sw_exit_code) {
    case SVM_EXIT_DR7_READ:
        g->rax = 0x400;        /* the real one is in the VMSA */
        break;
    case SVM_EXIT_DR7_WRITE:
    case SVM_EXIT_INVD:
    case SVM_EXIT_WBINVD:
    case SVM_EXIT_MONITOR:
    case SVM_EXIT_MWAIT:
        break;                 /* nothing for the host to do */
    case SVM_EXIT_RDTSC:
    case SVM_EXIT_RDTSCP:
        do_tsc(call);
        break;
    case SVM_EXIT_RDPMC:
        ghcb_exception(call, GHCB_EXCEPTION_GP);
        break;
    case SVM_EXIT_CPUID:
        do_cpuid(call);
        break;
    case SVM_EXIT_IOIO:
        ghcb_handle_io(call);
        break;
    case SVM_EXIT_MSR:
        do_msr(call);
        break;
    case SVM_EXIT_VMMCALL:
        g->rax = VMMCALL_ENOSYS;
        break;
    case GHCB_NAE_MMIO_READ:
    case GHCB_NAE_MMIO_WRITE:
        ghcb_handle_mmio(call);
        break;
    case GHCB_NAE_NMI_COMPLETE:
        v->cpu->env.hflags2 &= ~HF2_NMI_MASK;
        v->level[v->vmpl].nmi_masked = false;
        break;
    case GHCB_NAE_AP_RESET_HOLD:
        do_ap_reset_hold(call);
        break;
    case GHCB_NAE_AP_JUMP_TABLE:
        do_ap_jump_table(call);
        break;
    case GHCB_NAE_PSC:
        ghcb_handle_psc(call);
        break;
    case GHCB_NAE_GUEST_REQUEST:
    case GHCB_NAE_EXT_GUEST_REQUEST:
        ghcb_handle_guest_request(call);
        break;
    case GHCB_NAE_AP_CREATION:
        do_ap_creation(call);
        break;
    case GHCB_NAE_HV_DOORBELL:
        ghcb_handle_doorbell(call);
        break;
    case GHCB_NAE_HV_IPI:
        ghcb_handle_hv_ipi(call);
        break;
    case GHCB_NAE_APIC_ID_LIST:
        do_apic_id_list(call);
        break;
    case GHCB_NAE_RUN_VMPL:
        do_run_vmpl(call);
        break;
    case GHCB_NAE_HV_FEATURES:
        call->info_2 = HV_FEATURES;
        break;
    case GHCB_NAE_TERMINATE:
        terminate(v, g->sw_exit_info_1 & 0xf, (g->sw_exit_info_1 >> 4) & 0xff);
    case GHCB_NAE_UNSUPPORTED:
        snp_terminate(CPU(v->cpu), SNP_EXIT_PROTOCOL,
                      "the guest cannot handle #VC 0x%" PRIx64,
                      g->sw_exit_info_1);
    default:
        ghcb_fail(call, GHCB_ERR_INVALID_EVENT);
        break;
    }
}

/* Only the fields; the shared buffer is read by those who need it. */
static bool read_ghcb(hwaddr gpa, struct ghcb *g)
{
    const size_t head = offsetof(struct ghcb, x87_state_gpa);
    const size_t tail = offsetof(struct ghcb, protocol_version);

    return snp_shared_read(gpa, g, head) &&
           snp_shared_read(gpa + tail, (char *)g + tail, sizeof(*g) - tail);
}

static void handle_page(SnpVcpu *v, hwaddr gpa)
{
    struct ghcb g;
    GhcbCall call = { .v = v, .gpa = gpa, .g = &g };
    unsigned error;

    if (!read_ghcb(gpa, &g)) {
        snp_terminate(CPU(v->cpu), SNP_EXIT_PROTOCOL,
                      "no shared memory for a GHCB at 0x%" HWADDR_PRIx, gpa);
    }
    trace_snp_vmgexit(CPU(v->cpu)->cpu_index, v->vmpl, g.sw_exit_code,
                      ghcb_event_name(g.sw_exit_code), g.sw_exit_info_1,
                      g.sw_exit_info_2);
    error = ghcb_check(&g);
    if (!error && v->level[v->vmpl].ghcb_gpa != gpa) {
        error = GHCB_ERR_NOT_REGISTERED;
    }
    if (error) {
        ghcb_fail(&call, error);
    } else {
        handle_event(&call);
    }
    if (call.result != GHCB_RESULT_OK) {
        trace_snp_vmgexit_refused(CPU(v->cpu)->cpu_index, v->vmpl,
                                  g.sw_exit_code, call.result, call.info_2);
    }
    if (!call.written) {
        ghcb_write_back(&call);
    }
}

void snp_vmgexit(SnpVcpu *v)
{
    uint64_t request = v->level[v->vmpl].ghcb_msr;

    qatomic_inc(&snp_vm->vmgexits);
    if (request & GHCB_MSR_CODE_MASK) {
        handle_msr(v, request);
    } else {
        handle_page(v, request);
    }
}
