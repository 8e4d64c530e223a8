/* SPDX-License-Identifier: MIT */
/* Interrupts and HLT are automatic exits: no #VC, at VMPL0 and at VMPL2. */
#include "tests/guest/guest.h"

#define VECTOR 40

static volatile uint64_t vmpl2_count, vmpl2_rounds;

static void timer(uint32_t count)
{
    apic_write(APIC_COUNT, count);
}

static void halt_once(void)
{
    __asm__ volatile("sti; hlt; cli" ::: "memory");
}

static void check_vmpl0(void)
{
    timer(10000);
    halt_once();
    report(irq_count == 1, "HLT ends when the timer's interrupt comes");
    apic_write(APIC_EOI, 0);
    timer(10000);
    for (uint64_t i = 0; i < 1000000000 && irq_count < 2; i++) {
        __asm__ volatile("sti; nop; cli" ::: "memory");
    }
    report(irq_count == 2, "an interrupt comes between instructions");
    apic_write(APIC_EOI, 0);
}

/* VMPL2 has no GHCB here: VMPL0 arms the timer and gives EOI for it. */
static void guest_vmpl2(void *arg)
{
    (void)arg;
    for (;;) {
        uint64_t before = irq_count;

        halt_once();
        vmpl2_count += irq_count - before;
        vmpl2_rounds++;
        wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
        vmgexit();
    }
}

static void check_vmpl2(void)
{
    struct vmsa *vmsa;

    vmpl_grant_image(2);
    vmsa = vmpl_vmsa(2, guest_vmpl2, NULL);
    report(vmpl_register(2, vmsa) == 0, "VMPL2 is ready");
    timer(2000000);
    report(vmpl_run(2) == VMPL_RUN_OK && vmpl2_rounds == 1 &&
               vmpl2_count == 1,
           "at VMPL2: HLT ends when the interrupt comes");
    apic_write(APIC_EOI, 0);
    timer(2000000);
    report(vmpl_run(2) == VMPL_RUN_OK && vmpl2_count == 2, "and again");
    apic_write(APIC_EOI, 0);
}

void guest_main(void)
{
    apic_write(APIC_SPURIOUS, 0x1ff);
    apic_write(APIC_DIVIDE, 0xb);
    apic_write(APIC_TIMER, VECTOR);
    check_vmpl0();
    check_vmpl2();
}
