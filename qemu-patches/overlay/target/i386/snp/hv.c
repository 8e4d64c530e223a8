/*
 * Restricted injection: #HV and the doorbell page (AMD 56421, section 5)
 *
 * A level whose VMSA asks for it gets no interrupt and no NMI. They are put
 * into the first word of a shared page that it named, and #HV tells of them
 * unless the word says that the level has not looked since the last one. What
 * it takes out of the word it has accepted. Here, as with KVM, an interrupt
 * of the APIC is in service once it stands in the page.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "hw/i386/apic.h"
#include "qemu/main-loop.h"
#include "tcg/helper-tcg.h"
#include "ghcb_decode.h"
#include "host.h"
#include "internal.h"

void snp_hv_reset(SnpHv *hv)
{
    *hv = (SnpHv) { .gpa = SNP_NO_GPA };
}

/* ---- What there is to tell ---- */

static bool owns_apic(const SnpVcpu *v, unsigned vmpl)
{
    return vmpl == v->delivery_vmpl;
}

static int highest_of(SnpVcpu *v, unsigned vmpl, int interrupt_request)
{
    const SnpHv *hv = &v->level[vmpl].hv;
    int vector = MAX(vectors_highest(hv->ipis),
                     vectors_highest(hv->displaced));

    if (owns_apic(v, vmpl) && (interrupt_request & CPU_INTERRUPT_HARD)) {
        vector = MAX(vector, apic_pending_vector(v->cpu->apic_state));
    }
    return vector;
}

/* The vector to put into the page, or 0; it may take the place of a lesser. */
static uint8_t next_vector(SnpVcpu *v, unsigned vmpl, int interrupt_request)
{
    const SnpHv *hv = &v->level[vmpl].hv;
    int vector = highest_of(v, vmpl, interrupt_request);
    int shown = qatomic_read(hv->events) & HV_EVENT_VECTOR_MASK;
    int busy = MAX(shown, vectors_highest(hv->service));

    return vector > 0 && vector >> 4 > (MAX(busy, 0) >> 4) ? vector : 0;
}

static bool next_nmi(SnpVcpu *v, unsigned vmpl, int interrupt_request)
{
    const SnpHv *hv = &v->level[vmpl].hv;
    bool nmi = hv->nmi || (owns_apic(v, vmpl) &&
                           (interrupt_request & CPU_INTERRUPT_NMI));

    return nmi && !(qatomic_read(hv->events) & HV_EVENT_NMI);
}

static bool has_news(SnpVcpu *v, unsigned vmpl, int interrupt_request,
                     bool wake)
{
    const SnpLevel *level = &v->level[vmpl];

    if (!level->restricted || !level->hv.events ||
        (wake &&
         (qatomic_read(level->hv.events) & HV_EVENT_NO_FURTHER_SIGNAL))) {
        return false;
    }
    return next_vector(v, vmpl, interrupt_request) ||
           next_nmi(v, vmpl, interrupt_request);
}

int snp_hv_level(SnpVcpu *v, int interrupt_request, bool wake)
{
    const int kinds = CPU_INTERRUPT_HARD | CPU_INTERRUPT_NMI |
                      CPU_INTERRUPT_HV;
    bool shadow = v->cpu->env.hflags & HF_INHIBIT_IRQ_MASK;

    if (!(interrupt_request & kinds)) {
        return -1;
    }
    /* One that runs already: a more privileged one is let in at once. */
    for (unsigned i = 0; i < v->vmpl; i++) {
        if (!v->level[i].reset_hold &&
            has_news(v, i, interrupt_request, true)) {
            return i;
        }
    }
    if (!v->level[v->vmpl].reset_hold && (wake || !shadow) &&
        has_news(v, v->vmpl, interrupt_request, wake)) {
        return v->vmpl;
    }
    return -1;
}

/* ---- Telling it ---- */

static void take_out(SnpVcpu *v, SnpHv *hv, uint8_t vector)
{
    if (vectors_has(hv->ipis, vector)) {
        vectors_remove(hv->ipis, vector);
        vectors_add(hv->service, vector);
    } else if (vectors_has(hv->displaced, vector)) {
        vectors_remove(hv->displaced, vector);
    } else {
        apic_accept_vector(v->cpu->apic_state, vector);
    }
}

/* It stood in the page, and a greater one takes its place. */
static void put_back(SnpHv *hv, uint8_t vector)
{
    if (vectors_has(hv->service, vector)) {
        vectors_remove(hv->service, vector);
        vectors_add(hv->ipis, vector);
    } else if (vector) {
        vectors_add(hv->displaced, vector);
    }
}

static void take_nmi(SnpVcpu *v, unsigned vmpl)
{
    if (!v->level[vmpl].hv.nmi) {
        cpu_reset_interrupt(CPU(v->cpu), CPU_INTERRUPT_NMI);
    }
    v->level[vmpl].hv.nmi = false;
}

/* Another vCPU of the guest may write to the word at the same time. */
static bool write_events(SnpVcpu *v, unsigned vmpl, int interrupt_request)
{
    SnpHv *hv = &v->level[vmpl].hv;
    uint8_t vector = next_vector(v, vmpl, interrupt_request);
    bool nmi = next_nmi(v, vmpl, interrupt_request);
    uint16_t old, seen = qatomic_read(hv->events);
    bool raise;

    do {
        old = seen;
        seen = qatomic_cmpxchg(hv->events, old,
                               hv_events_add(old, vector, nmi, &raise));
    } while (seen != old);
    if (vector) {
        take_out(v, hv, vector);
        put_back(hv, old & HV_EVENT_VECTOR_MASK);
    }
    if (nmi) {
        take_nmi(v, vmpl);
    }
    return raise;
}

static bool anything_waits(const SnpVcpu *v)
{
    for (unsigned i = 0; i < SNP_VMPL_COUNT; i++) {
        const SnpHv *hv = &v->level[i].hv;

        if (hv->nmi || vectors_highest(hv->ipis) >= 0 ||
            vectors_highest(hv->displaced) >= 0) {
            return true;
        }
    }
    return false;
}

void snp_deliver_hv(X86CPU *cpu)
{
    CPUState *cs = CPU(cpu);
    SnpVcpu *v = cpu->snp;
    int request = cs->interrupt_request;
    int vmpl = snp_hv_level(v, request, false);
    bool raise = false;

    if (vmpl == v->vmpl || (vmpl >= 0 && snp_vcpu_preempt(v, vmpl))) {
        raise = write_events(v, vmpl, request);
    }
    cs->interrupt_request &= ~CPU_INTERRUPT_HV;
    if (anything_waits(v)) {
        cs->interrupt_request |= CPU_INTERRUPT_HV;
    }
    if (raise) {
        do_interrupt_x86_hardirq(&cpu->env, EXCP1C_HV, 0);
    }
}

/* ---- Events of the GHCB page ---- */

static uint16_t *map_events(hwaddr gpa)
{
    hwaddr offset, len = SNP_PAGE_SIZE;
    MemoryRegion *mr;

    if (gpa % SNP_PAGE_SIZE || !snp_page_is_shared(gpa)) {
        return NULL;
    }
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&address_space_memory, gpa, &offset, &len,
                                 true, MEMTXATTRS_UNSPECIFIED);
    if (len < SNP_PAGE_SIZE || !memory_region_is_ram(mr) ||
        memory_region_is_ram_device(mr) || mr->readonly) {
        return NULL;
    }
    /* Memory of such a VM is never unplugged. */
    return memory_region_get_ram_ptr(mr) + offset;
}

static bool set_doorbell(SnpVcpu *v, hwaddr gpa)
{
    SnpHv *hv = &v->level[v->vmpl].hv;

    hv->events = map_events(gpa);
    hv->gpa = hv->events ? gpa : SNP_NO_GPA;
    if (hv->events && anything_waits(v)) {
        cpu_interrupt(CPU(v->cpu), CPU_INTERRUPT_HV);
    }
    return hv->events;
}

void ghcb_handle_doorbell(GhcbCall *call)
{
    SnpHv *hv = &call->v->level[call->v->vmpl].hv;
    hwaddr gpa = call->g->sw_exit_info_2;

    BQL_LOCK_GUARD();
    switch (call->g->sw_exit_info_1) {
    case GHCB_DOORBELL_PREFERRED:
        call->info_2 = GHCB_DOORBELL_NONE;
        break;
    case GHCB_DOORBELL_SET:
        if (!set_doorbell(call->v, gpa)) {
            ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
            break;
        }
        /* fall through */
    case GHCB_DOORBELL_QUERY:
        QEMU_BUILD_BUG_ON(SNP_NO_GPA != GHCB_DOORBELL_NONE);
        call->info_2 = hv->gpa;
        break;
    case GHCB_DOORBELL_CLEAR:
        hv->events = NULL;
        hv->gpa = SNP_NO_GPA;
        break;
    default:
        ghcb_fail(call, GHCB_ERR_INVALID_INPUT);
        break;
    }
}

/* To the same VMPL of the vCPUs that are meant. */
static void send_ipi(SnpVcpu *to, unsigned vmpl, uint8_t vector)
{
    SnpHv *hv = &to->level[vmpl].hv;

    if (vector) {
        vectors_add(hv->ipis, vector);
    } else {
        hv->nmi = true;
    }
    cpu_interrupt(CPU(to->cpu), CPU_INTERRUPT_HV);
}

void ghcb_handle_hv_ipi(GhcbCall *call)
{
    SnpVcpu *v = call->v;
    CPUState *cs;
    unsigned error;
    GhcbIpi ipi;

    if (!v->level[v->vmpl].restricted) {
        ghcb_fail(call, GHCB_ERR_INVALID_EVENT);
        return;
    }
    error = ghcb_decode_icr(call->g->sw_exit_info_1, &ipi);
    if (error) {
        ghcb_fail(call, error);
        return;
    }
    BQL_LOCK_GUARD();
    CPU_FOREACH(cs) {
        X86CPU *cpu = X86_CPU(cs);

        if (ghcb_ipi_reaches(&ipi, cpu->apic_id, cpu == v->cpu)) {
            send_ipi(cpu->snp, v->vmpl, ipi.vector);
        }
    }
}

/*
 * Which EOI is meant is known by priority, as in an APIC. The one of a level
 * that gets none of the APIC's interrupts is never the APIC's.
 */
bool snp_hv_eoi(SnpVcpu *v)
{
    SnpHv *hv = &v->level[v->vmpl].hv;
    int vector = vectors_highest(hv->service);

    if (!v->level[v->vmpl].restricted) {
        return false;
    }
    BQL_LOCK_GUARD();
    if (owns_apic(v, v->vmpl) &&
        apic_service_vector(v->cpu->apic_state) > vector) {
        return false;
    }
    if (vector >= 0) {
        vectors_remove(hv->service, vector);
    }
    return vector >= 0 || !owns_apic(v, v->vmpl);
}
