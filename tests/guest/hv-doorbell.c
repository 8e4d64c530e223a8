/* SPDX-License-Identifier: MIT */
/*
 * Restricted injection at VMPL0, GHCB section 5: the doorbell page, its event
 * word and #HV; while VMPL2 of the same vCPU gets its interrupts the usual way.
 * Starts with SEV_FEATURES 0x29.
 */
#include "tests/guest/guest.h"

#define LOW 0x21
#define TIMER 0x31
#define HIGH 0x61
#define IPI 0x71
#define SELF (GHCB_ICR_SELF << GHCB_ICR_SHORTHAND_SHIFT)
#define NFS HV_EVENT_NO_FURTHER_SIGNAL
#define SPINS 200000000u

static volatile struct hv_doorbell *bell;
static volatile unsigned int hv_count;

static void hv(void)
{
    hv_count++;
}

/* ---- the doorbell event ---- */

static bool failed(uint64_t result, unsigned int error)
{
    return (uint32_t)result == GHCB_RESULT_ERROR &&
           ghcb->sw_exit_info_2 == error;
}

static uint64_t doorbell(unsigned int op, uint64_t gpa)
{
    ghcb_begin();
    return ghcb_call(GHCB_NAE_HV_DOORBELL, op, gpa);
}

static bool queried(uint64_t gpa)
{
    return doorbell(GHCB_DOORBELL_QUERY, 0) == 0 && ghcb->sw_exit_info_2 == gpa;
}

static void check_features(void)
{
    const uint64_t ours =
        SEV_FEATURE_RESTRICTED_INJECTION | SEV_FEATURE_DEBUG_SWAP;
    uint64_t status = rdmsr(MSR_AMD64_SEV_STATUS) >> 2;
    uint64_t offered;

    report((status & ours) == ours,
           "SEV_STATUS: restricted injection and DebugSwap");
    ghcb_begin();
    ghcb_call(GHCB_NAE_HV_FEATURES, 0, 0);
    offered = ghcb->sw_exit_info_2;
    report(offered & GHCB_HV_FT_RESTRICTED_INJECTION,
           "features: restricted injection");
    report(!(offered & (GHCB_HV_FT_RI_TIMER | 1u << 9)),
           "features: neither its timer nor external interrupts");
}

static void check_page(void)
{
    uint64_t gpa = (uint64_t)bell;

    report(doorbell(GHCB_DOORBELL_PREFERRED, 0) == 0 &&
               ghcb->sw_exit_info_2 == GHCB_DOORBELL_NONE,
           "no address is preferred");
    report(queried(GHCB_DOORBELL_NONE), "none is set at first");
    report(
        failed(doorbell(GHCB_DOORBELL_SET, gpa + 64), GHCB_ERR_INVALID_INPUT),
        "set, not page aligned: 5");
    report(failed(doorbell(GHCB_DOORBELL_SET, (uint64_t)page_alloc()),
                  GHCB_ERR_INVALID_INPUT),
           "set, a private page: 5");
    report(failed(doorbell(GHCB_DOORBELL_SET, 0x7f00000000),
                  GHCB_ERR_INVALID_INPUT),
           "set, no memory: 5");
    report(failed(doorbell(4, gpa), GHCB_ERR_INVALID_INPUT), "operation 4: 5");
    report(doorbell(GHCB_DOORBELL_SET, gpa) == 0 && ghcb->sw_exit_info_2 == gpa,
           "set: the answer is the address");
    report(queried(gpa), "query");
    report(doorbell(GHCB_DOORBELL_CLEAR, 0) == 0 && queried(GHCB_DOORBELL_NONE),
           "clear");
}

/* ---- interrupts ---- */

static bool wait_for(unsigned int count)
{
    for (unsigned int i = 0; i < SPINS && hv_count < count; i++) {
        __asm__ volatile("pause");
    }
    return hv_count == count;
}

/* Takes the word out of the page, as a guest does. */
static uint16_t take(void)
{
    return __atomic_exchange_n(&bell->events, 0, __ATOMIC_SEQ_CST);
}

static void send_self(unsigned int vector)
{
    apic_write(APIC_ICR_LOW, SELF | vector);
}

static bool in_service(unsigned int vector)
{
    return apic_read(APIC_ISR + vector / 32 * 16) >> vector % 32 & 1;
}

static void check_waiting(void)
{
    send_self(TIMER);
    __asm__ volatile("sti; nop; nop; cli" ::: "memory");
    report(irq_count == 0 && hv_count == 0 && bell->events == 0,
           "without a page nothing arrives");
    doorbell(GHCB_DOORBELL_SET, (uint64_t)bell);
    report(wait_for(1) && bell->events == (NFS | TIMER),
           "once it is set, #HV, and the vector in the page");
    report(irq_count == 0, "which the processor never saw");
    report(bell->no_eoi_required == 0, "it needs an EOI");
    take();
    apic_write(APIC_EOI, 0);
}

static void check_masked(void)
{
    unsigned int before = hv_count;

    apic_write(APIC_COUNT, 10000);
    report(wait_for(before + 1) && take() == (NFS | TIMER),
           "#HV comes with RFLAGS.IF clear");
    apic_write(APIC_EOI, 0);
    apic_write(APIC_COUNT, 2000000);
    __asm__ volatile("cli; hlt" ::: "memory");
    report(hv_count == before + 2 && take() == (NFS | TIMER), "it ends HLT");
    apic_write(APIC_EOI, 0);
    apic_write(APIC_COUNT, 2000000);
    __asm__ volatile("sti; hlt; cli" ::: "memory");
    report(hv_count == before + 3 && irq_count == 0 && take() == (NFS | TIMER),
           "also with interrupts enabled");
    apic_write(APIC_EOI, 0);
    report(!in_service(TIMER), "the EOI reached the APIC");
}

/* One signal until the guest looks; the highest vector stands in the page. */
static void check_priority(void)
{
    unsigned int before = hv_count;

    send_self(TIMER);
    report(wait_for(before + 1), "one #HV for the first");
    send_self(LOW);
    report(bell->events == (NFS | TIMER), "a lower vector waits");
    send_self(HIGH);
    report(bell->events == (NFS | HIGH), "a higher vector takes its place");
    report(hv_count == before + 1, "no further signal for either");
    report(take() == (NFS | HIGH), "the guest takes it");
    apic_write(APIC_EOI, 0);
    report(wait_for(before + 2) && take() == (NFS | TIMER),
           "after its EOI the first one is back, with #HV");
    report(bell->events == 0, "not the lower one, before another EOI");
    apic_write(APIC_EOI, 0);
    report(wait_for(before + 3) && take() == (NFS | LOW), "then it is");
    apic_write(APIC_EOI, 0);
    report(!in_service(LOW) && !in_service(TIMER) && !in_service(HIGH) &&
               bell->events == 0,
           "nothing is left");
}

static void check_nmi(void)
{
    unsigned int before = hv_count;

    apic_write(APIC_ICR_HIGH, 0);
    apic_write(APIC_ICR_LOW, GHCB_ICR_MODE_NMI << GHCB_ICR_MODE_SHIFT);
    report(wait_for(before + 1) && take() == (NFS | HV_EVENT_NMI),
           "an NMI is a bit in the page");
    bell->events = NFS;
    send_self(TIMER);
    report(hv_count == before + 1 && bell->events == (NFS | TIMER),
           "with NoFurtherSignal set by the guest: event, no #HV");
    take();
    apic_write(APIC_EOI, 0);
}

/* ---- IPIs ---- */

static uint64_t hv_ipi(uint64_t icr)
{
    ghcb_begin();
    return ghcb_call(GHCB_NAE_HV_IPI, icr, 0);
}

static void check_ipi(void)
{
    unsigned int before = hv_count;

    report(hv_ipi(SELF | IPI) == 0 && wait_for(before + 1) &&
               take() == (NFS | IPI),
           "#HV IPI to itself");
    apic_write(APIC_EOI, 0);
    report(hv_ipi(IPI) == 0 && wait_for(before + 2) && take() == (NFS | IPI),
           "to its APIC id");
    apic_write(APIC_EOI, 0);
    report(hv_ipi(1ull << 32 | GHCB_ICR_LOGICAL | IPI) == 0 &&
               wait_for(before + 3) && take() == (NFS | IPI),
           "to its logical id");
    apic_write(APIC_EOI, 0);
    report(hv_ipi(SELF | GHCB_ICR_MODE_NMI << GHCB_ICR_MODE_SHIFT) == 0 &&
               wait_for(before + 4) && take() == (NFS | HV_EVENT_NMI),
           "an NMI by #HV IPI");
    report(hv_ipi(9ull << 32 | IPI) == 0 && hv_ipi(1ull << 44 | IPI) == 0 &&
               bell->events == 0,
           "to nobody: nothing");
    report(failed(hv_ipi(SELF | 5u << GHCB_ICR_MODE_SHIFT),
                  GHCB_ERR_INVALID_INPUT) &&
               failed(hv_ipi(SELF | 6u << GHCB_ICR_MODE_SHIFT | IPI),
                      GHCB_ERR_INVALID_INPUT),
           "INIT and SIPI: 5");
    report(failed(hv_ipi(SELF | 15), GHCB_ERR_INVALID_INPUT), "vector 15: 5");
}

static void check_ipi_eoi(void)
{
    send_self(TIMER);
    take();
    hv_ipi(SELF | IPI);
    report(take() == (NFS | IPI) && in_service(TIMER),
           "an IPI while the APIC's interrupt is in service");
    apic_write(APIC_EOI, 0);
    report(in_service(TIMER), "its EOI is not the APIC's");
    apic_write(APIC_EOI, 0);
    report(!in_service(TIMER), "the next one is");
    doorbell(GHCB_DOORBELL_CLEAR, 0);
    hv_ipi(SELF | IPI);
    report(bell->events == 0, "no page, no event");
    doorbell(GHCB_DOORBELL_SET, (uint64_t)bell);
    report(take() == (NFS | IPI), "it waited for the page");
    apic_write(APIC_EOI, 0);
}

/* The host writes to shared memory only: a page that became private stays as it is. */
static void check_private_page(void)
{
    volatile struct hv_doorbell *other = page_share(page_alloc());
    unsigned int before = hv_count;

    doorbell(GHCB_DOORBELL_SET, (uint64_t)other);
    report(psc((uint64_t)other, GHCB_PSC_PRIVATE) == 0,
           "the page becomes private");
    page_map((void *)other, (uint64_t)other, PTE_PRIVATE_RW);
    pvalidate(other, false, true);
    other->events = 0x7777;
    hv_ipi(SELF | IPI);
    report(other->events == 0x7777, "and is not written any more");
    doorbell(GHCB_DOORBELL_CLEAR, 0);
    doorbell(GHCB_DOORBELL_SET, (uint64_t)bell);
    take();
    apic_write(APIC_EOI, 0);
    report(hv_ipi(SELF | (IPI + 16)) == 0 && hv_count > before &&
               take() == (NFS | (IPI + 16)),
           "another page can take its place");
    apic_write(APIC_EOI, 0);
}

/* ---- VMPL2 without restricted injection ---- */

static volatile struct {
    uint64_t status, irqs, dr0, write_error, unregistered, refused;
} vmpl2;

static void write_dr7(void *arg)
{
    (void)arg;
    __asm__ volatile("mov %0, %%dr7" : : "r"(0x400ull));
}

static void back(void)
{
    wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
    vmgexit();
}

static void guest_vmpl2(void *arg)
{
    uint64_t dr0 = 0x2222;

    (void)arg;
    vmpl2.status = rdmsr(MSR_AMD64_SEV_STATUS) >> 2;
    vmpl2.write_error = trap_catch(write_dr7, NULL) ? last_trap.error : 0;
    __asm__ volatile("mov %0, %%dr0" : : "r"(dr0));
    ghcb_begin();
    vmpl2.unregistered = (uint32_t)ghcb_call(GHCB_NAE_HV_IPI, SELF | IPI, 0)
                             << 8 |
                         ghcb->sw_exit_info_2;
    ghcb_msr(SVSM_GHCB_GPA | GHCB_MSR_REG_GPA_REQ);
    ghcb_begin();
    vmpl2.refused = (uint32_t)ghcb_call(GHCB_NAE_HV_IPI, SELF | IPI, 0) << 8 |
                    ghcb->sw_exit_info_2;
    back();
    for (;;) {
        __asm__ volatile("sti; hlt; cli" ::: "memory");
        vmpl2.irqs = irq_count;
        __asm__ volatile("mov %%dr0, %0" : "=r"(dr0));
        vmpl2.dr0 = dr0;
        back();
    }
}

static void check_vmpl2_features(void)
{
    report(vmpl2.status == SEV_FEATURE_SNP_ACTIVE,
           "VMPL2's SEV_STATUS: SNP alone");
    report(vmpl2.write_error == 0x37,
           "VMPL2: DR7 raises #VC, without DebugSwap");
    report_no_trap(write_dr7, NULL, "VMPL0: it does not, with DebugSwap");
    report(vmpl2.unregistered ==
               (GHCB_RESULT_ERROR << 8 | GHCB_ERR_NOT_REGISTERED),
           "VMPL2: the GHCB that VMPL0 registered is not its own: 1");
    report(vmpl2.refused == (GHCB_RESULT_ERROR << 8 | GHCB_ERR_INVALID_EVENT),
           "VMPL2: #HV IPI without restricted injection: 6");
}

static void check_vmpl2(void)
{
    uint64_t dr0 = 0x1111;
    unsigned int before;
    struct vmsa *vmsa;

    vmpl_grant_image(2);
    vmsa = vmpl_vmsa(2, guest_vmpl2, NULL);
    report(vmpl_register(2, vmsa) == 0, "a VMSA without it for VMPL2");
    __asm__ volatile("mov %0, %%dr0" : : "r"(dr0));
    report(vmpl_run(2) == VMPL_RUN_OK, "VMPL2 runs");
    check_vmpl2_features();
    before = hv_count;
    apic_write(APIC_COUNT, 2000000);
    report(vmpl_run(2) == VMPL_RUN_OK && vmpl2.irqs == 1,
           "VMPL2 gets the timer's interrupt at its vector");
    report(hv_count == before && bell->events == 0, "and VMPL0 no #HV");
    __asm__ volatile("mov %%dr0, %0" : "=r"(dr0));
    report(dr0 == 0x1111 && vmpl2.dr0 == 0x2222, "DR0 is each level's own");
    apic_write(APIC_EOI, 0);
    report(in_service(TIMER), "an EOI by VMPL0 does not end VMPL2's interrupt");
    hv_ipi(SELF | IPI);
    report(wait_for(before + 1) && take() == (NFS | IPI),
           "VMPL0's IPIs still come by #HV");
}

void guest_main(void)
{
    hv_handler = hv;
    bell = page_share(page_alloc());
    apic_write(APIC_SPURIOUS, 0x1ff);
    apic_write(APIC_DIVIDE, 0xb);
    apic_write(APIC_TIMER, TIMER);
    check_features();
    check_page();
    check_waiting();
    check_masked();
    check_priority();
    check_nmi();
    check_ipi();
    check_ipi_eoi();
    check_private_page();
    check_vmpl2();
}
