/* SPDX-License-Identifier: MIT */
/*
 * #HV IPIs between vCPUs under restricted injection: they reach VMPL0 of their
 * target also while VMPL2 runs there and never leaves by itself. Starts with
 * SEV_FEATURES 0x29.
 */
#include "tests/guest/guest.h"

#define FEATURES                                                               \
    (SEV_FEATURE_SNP_ACTIVE | SEV_FEATURE_RESTRICTED_INJECTION |               \
     SEV_FEATURE_DEBUG_SWAP)
#define IPI 0x71
#define NFS HV_EVENT_NO_FURTHER_SIGNAL
#define SPINS 2000000000ull
#define APS 2

/* One per AP; the GHCB page is used by one vCPU at a time, in turns. */
static volatile struct {
    struct hv_doorbell *bell;
    struct vmsa *guest;
    uint64_t step, count, answer, exit_code, event, begin, go, gone;
} ap[APS];
static volatile uint64_t hv_count;

static void hv(void)
{
    __atomic_add_fetch(&hv_count, 1, __ATOMIC_SEQ_CST);
}

static bool wait_for(volatile uint64_t *value, uint64_t least)
{
    for (uint64_t i = 0; i < SPINS; i++) {
        if (*value >= least) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

static uint64_t call(uint64_t code, uint64_t info_1, uint64_t info_2)
{
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    return (uint32_t)ghcb_call(code, info_1, info_2);
}

/* VMPL2: never asks for anything. */
static void guest_vmpl2(void *arg)
{
    for (;;) {
        ap[(uint64_t)arg].count++;
    }
}

static void prepare(uint64_t n)
{
    uint64_t id = n + 1;

    wait_for(&ap[n].begin, 1);
    ghcb_msr(SVSM_GHCB_GPA | GHCB_MSR_REG_GPA_REQ);
    ap[n].answer =
        call(GHCB_NAE_HV_DOORBELL, GHCB_DOORBELL_SET, (uint64_t)ap[n].bell) |
        call(GHCB_NAE_AP_CREATION, id << 32 | 2u << 16 | GHCB_AP_CREATE_ON_INIT,
             (uint64_t)ap[n].guest);
    ap[n].step = 1;
}

static void ap_main(void *arg)
{
    uint64_t n = (uint64_t)arg;

    prepare(n);
    for (uint64_t round = 1;; round++) {
        ap[n].answer = vmpl_run(2);
        ap[n].exit_code = ap[n].guest->guest_exit_code;
        ap[n].event =
            __atomic_exchange_n(&ap[n].bell->events, 0, __ATOMIC_SEQ_CST);
        ap[n].step = round + 1;
        wait_for(&ap[n].go, round);
        apic_write(APIC_EOI, 0);
        ap[n].gone = round;
    }
}

static void start(uint64_t n)
{
    struct vmsa *vmsa = vmpl_vmsa(0, ap_main, (void *)n);

    ap[n].bell = page_share(page_alloc());
    ap[n].guest = vmpl_vmsa(2, guest_vmpl2, (void *)n);
    vmsa->sev_features = FEATURES;
    ghcb_begin();
    GHCB_SET(rax, FEATURES);
    report(ghcb_call(GHCB_NAE_AP_CREATION, (n + 1) << 32 | GHCB_AP_CREATE,
                     (uint64_t)vmsa) == 0,
           "AP %lu is created with restricted injection", n);
    ap[n].begin = 1;
}

static bool guest_runs(uint64_t n)
{
    uint64_t at = ap[n].count;

    return wait_for(&ap[n].count, at + 1000);
}

static void check_preempted(uint64_t n, uint64_t step, uint64_t event)
{
    report(wait_for(&ap[n].step, step), "VMPL0 of AP %lu gets the vCPU", n);
    report(ap[n].event == (NFS | event), "its page says why");
    report(ap[n].exit_code == SVM_EXIT_INTR,
           "VMPL2's VMSA says that it did not ask: INTR");
    report(ap[n].answer == VMPL_RUN_OK, "its RUN_VMPL stands answered");
}

/* Lets the AP give its EOI and go back to VMPL2. */
static void proceed(uint64_t n, uint64_t round)
{
    ap[n].go = round;
    wait_for(&ap[n].gone, round);
    report(guest_runs(n), "VMPL2 of AP %lu goes on", n);
}

void guest_main(void)
{
    hv_handler = hv;
    vmpl_grant_image(2);
    for (uint64_t n = 0; n < APS; n++) {
        start(n);
        report(wait_for(&ap[n].step, 1) && ap[n].answer == 0,
               "AP %lu has a doorbell page and a VMSA for VMPL2", n);
        report(guest_runs(n), "VMPL2 of AP %lu runs", n);
    }
    report(call(GHCB_NAE_HV_IPI, 1ull << 32 | IPI, 0) == 0, "IPI to AP 0");
    check_preempted(0, 2, IPI);
    report(guest_runs(1) && ap[1].step == 1 && hv_count == 1,
           "the other one was not disturbed");
    proceed(0, 1);
    report(call(GHCB_NAE_HV_IPI,
                GHCB_ICR_OTHERS << GHCB_ICR_SHORTHAND_SHIFT | (IPI + 1),
                0) == 0,
           "IPI to all others");
    check_preempted(0, 3, IPI + 1);
    check_preempted(1, 2, IPI + 1);
    report(hv_count == 3, "one #HV each");
    proceed(0, 2);
    proceed(1, 1);
}
