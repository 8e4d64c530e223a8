/* SPDX-License-Identifier: MIT */
/*
 * Restricted injection with the APIC in x2APIC mode, reached by MSR events alone, as SVSMs drive
 * it. Starts with SEV_FEATURES 0x29.
 */
#include "tests/guest/guest.h"

#define MSR_APIC_BASE 0x1bu
#define X2APIC_ENABLE 0xc00u
#define X2APIC_ID 0x802u
#define X2APIC_EOI 0x80bu
#define X2APIC_SPURIOUS 0x80fu
#define X2APIC_ISR 0x810u
#define X2APIC_SELF_IPI 0x83fu
#define VECTOR 0x31u
#define IPI 0xe1u
#define NFS HV_EVENT_NO_FURTHER_SIGNAL

static volatile struct hv_doorbell *bell;
static volatile unsigned int hv_count;

static void hv(void)
{
    hv_count++;
}

static uint64_t msr_write(uint32_t msr, uint64_t value)
{
    ghcb_begin();
    GHCB_SET(rcx, msr);
    GHCB_SET(rax, (uint32_t)value);
    GHCB_SET(rdx, value >> 32);
    return ghcb_call(SVM_EXIT_MSR, 1, 0);
}

static uint64_t msr_read(uint32_t msr)
{
    ghcb_begin();
    GHCB_SET(rcx, msr);
    if (ghcb_call(SVM_EXIT_MSR, 0, 0) != 0) {
        return ~0ull;
    }
    return ghcb->rdx << 32 | (uint32_t)ghcb->rax;
}

static uint16_t take(void)
{
    return __atomic_exchange_n(&bell->events, 0, __ATOMIC_SEQ_CST);
}

static bool in_service(void)
{
    return msr_read(X2APIC_ISR + VECTOR / 32) >> VECTOR % 32 & 1;
}

static void check_enable(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE);

    report(msr_write(MSR_APIC_BASE, base | X2APIC_ENABLE) == 0 &&
               msr_read(MSR_APIC_BASE) == (base | X2APIC_ENABLE),
           "x2APIC mode is enabled");
    report(msr_write(X2APIC_SPURIOUS, 0x1ff) == 0 &&
               msr_read(X2APIC_SPURIOUS) == 0x1ff,
           "the APIC is enabled");
    report(msr_read(X2APIC_ID) == 0, "its id");
}

static void check_interrupt(void)
{
    report(msr_write(X2APIC_SELF_IPI, VECTOR) == 0 && hv_count == 1 &&
               take() == (NFS | VECTOR),
           "an interrupt of the APIC comes by #HV");
    report(in_service(), "it is in service");
    report(msr_write(X2APIC_EOI, 0) == 0 && !in_service(), "until its EOI");
}

static void check_ipi(void)
{
    uint64_t sent;

    msr_write(X2APIC_SELF_IPI, VECTOR);
    take();
    ghcb_begin();
    sent = ghcb_call(GHCB_NAE_HV_IPI,
                     GHCB_ICR_ALL << GHCB_ICR_SHORTHAND_SHIFT | IPI, 0);
    report(sent == 0 && hv_count == 3 && take() == (NFS | IPI),
           "an #HV IPI to all");
    report(msr_write(X2APIC_EOI, 0) == 0 && in_service(),
           "its EOI is not the APIC's");
    report(msr_write(X2APIC_EOI, 0) == 0 && !in_service(), "the next one is");
}

void guest_main(void)
{
    hv_handler = hv;
    bell = page_share(page_alloc());
    ghcb_begin();
    report(ghcb_call(GHCB_NAE_HV_DOORBELL, GHCB_DOORBELL_SET,
                     (uint64_t)bell) == 0,
           "the doorbell page is set");
    check_enable();
    check_interrupt();
    check_ipi();
}
