/* SPDX-License-Identifier: MIT */
/*
 * AP creation for VMPL2 on a vCPU whose VMPL0 runs, as an SVSM has it: VMPL0,
 * asleep, wakes up and runs VMPL2, which does not run by itself. Two vCPUs.
 */
#include "tests/guest/guest.h"

#define SPINS 2000000000ull

static volatile uint64_t asleep, awake, back;
static struct {
    volatile uint64_t ran, awake_then;
} lower; /* VMPL2 may write it */

static void at_vmpl2(void *arg)
{
    (void)arg;
    for (;;) {
        lower.awake_then = awake;
        lower.ran++;
        wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
        vmgexit();
    }
}

static void ap_main(void *arg)
{
    (void)arg;
    asleep = 1;
    __asm__ volatile("cli; hlt");
    awake = 1;
    back = vmpl_run(2) == VMPL_RUN_OK;
    for (;;) {
        __asm__ volatile("pause");
    }
}

static bool wait_for(volatile uint64_t *value)
{
    for (uint64_t i = 0; i < SPINS && *value == 0; i++) {
        __asm__ volatile("pause");
    }
    return *value != 0;
}

static uint64_t create(unsigned int vmpl, const struct vmsa *vmsa)
{
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    return (uint32_t)ghcb_call(GHCB_NAE_AP_CREATION,
                               1ull << 32 | vmpl << 16 | GHCB_AP_CREATE,
                               (uint64_t)vmsa);
}

void guest_main(void)
{
    const struct vmsa *vmsa;

    vmpl_grant_image(2);
    vmsa = vmpl_vmsa(2, at_vmpl2, NULL);
    report(create(0, vmpl_vmsa(0, ap_main, NULL)) == 0 && wait_for(&asleep),
           "the AP runs at VMPL0");
    for (unsigned int i = 0; i < 1000; i++) {
        io_in(0x80, 1); /* time to fall asleep */
    }
    report(awake == 0, "and sleeps");
    report(create(2, vmsa) == 0, "AP creation for its VMPL2");
    report(wait_for(&awake), "wakes VMPL0");
    report(wait_for(&back), "which runs VMPL2 and gets back");
    report(lower.ran == 1 && lower.awake_then == 1,
           "VMPL2 ran once, and not before VMPL0");
}
