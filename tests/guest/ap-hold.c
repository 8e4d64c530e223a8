/* SPDX-License-Identifier: MIT */
/*
 * Several vCPUs as firmware and kernels manage them: the list of APIC ids, and AP reset hold in both
 * protocols (GHCB 4.1.6 and 2.3.2), which only a SIPI ends.
 */
#include "tests/guest/guest.h"

#define SPINS 2000000000ull
#define CPUS 3
#define ICR_INIT 0x4500u
#define ICR_STARTUP 0x4608u
#define INTERRUPT 0x4031u

/* Steps are counted by the AP; it uses the GHCB page while VMPL0's vCPU 0 waits. */
static volatile struct {
    uint64_t begin, step, answer;
} ap[CPUS];

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

static void hold_by_msr(void *arg)
{
    uint64_t n = (uint64_t)arg;

    for (;;) {
        ap[n].step++;
        ap[n].answer = ghcb_msr(GHCB_MSR_AP_RESET_HOLD_REQ);
        ap[n].step++;
        wait_for(&ap[n].begin, ap[n].step / 2);
    }
}

/* A GHCB of its own: vCPU 0 prints while this one is held. */
static void hold_by_event(void *arg)
{
    volatile struct ghcb *own = arg;

    ghcb_msr((uint64_t)own | GHCB_MSR_REG_GPA_REQ);
    for (;;) {
        const unsigned int bit[] = { GHCB_VALID_BIT(sw_exit_code),
                                     GHCB_VALID_BIT(sw_exit_info_1),
                                     GHCB_VALID_BIT(sw_exit_info_2) };

        memset((void *)own, 0, PAGE);
        own->sw_exit_code = GHCB_NAE_AP_RESET_HOLD;
        for (unsigned int i = 0; i < 3; i++) {
            own->valid_bitmap[bit[i] / 8] |= (uint8_t)(1u << bit[i] % 8);
        }
        ap[2].step++;
        wrmsr(MSR_AMD64_GHCB, (uint64_t)own);
        vmgexit();
        ap[2].answer = own->sw_exit_info_1 == 0 ? own->sw_exit_info_2 : 0;
        ap[2].step++;
        wait_for(&ap[2].begin, ap[2].step / 2);
    }
}

static void start(uint64_t id, void (*fn)(void *), void *arg)
{
    struct vmsa *vmsa = vmpl_vmsa(0, fn, arg);

    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    report(ghcb_call(GHCB_NAE_AP_CREATION, id << 32 | GHCB_AP_CREATE,
                     (uint64_t)vmsa) == 0,
           "AP %lu is created", id);
}

static void pass_time(void)
{
    for (unsigned int i = 0; i < 1000; i++) {
        io_in(0x80, 1);
    }
}

static void send(uint64_t id, uint32_t icr)
{
    apic_write(APIC_ICR_HIGH, (uint32_t)id << 24);
    apic_write(APIC_ICR_LOW, icr);
}

static void check_hold(uint64_t id, const char *how)
{
    report(wait_for(&ap[id].step, 1), "%s: the AP asks", how);
    pass_time();
    report(ap[id].step == 1, "%s: and is held", how);
    send(id, INTERRUPT);
    pass_time();
    report(ap[id].step == 1, "%s: an interrupt does not end it", how);
    send(id, ICR_INIT);
    pass_time();
    report(ap[id].step == 1, "%s: nor does INIT", how);
    send(id, ICR_STARTUP);
    report(wait_for(&ap[id].step, 2), "%s: SIPI does", how);
    report(ap[id].answer != 0, "%s: the answer is not zero", how);
}

static void check_again(uint64_t id, const char *how)
{
    ap[id].begin = 1;
    report(wait_for(&ap[id].step, 3), "%s: it asks once more", how);
    pass_time();
    report(ap[id].step == 3, "%s: and is held again", how);
    send(id, ICR_INIT);
    send(id, ICR_STARTUP);
    report(wait_for(&ap[id].step, 4), "%s: the next SIPI ends it", how);
}

static uint64_t apic_ids(uint64_t gpa, uint64_t pages)
{
    ghcb_begin();
    GHCB_SET(rax, pages);
    return ghcb_call(GHCB_NAE_APIC_ID_LIST, gpa, 0);
}

static void check_ids(void)
{
    uint32_t *list = page_share(page_alloc());

    report(apic_ids((uint64_t)list, 0) == 0 && ghcb->rax == 1,
           "no page for the APIC ids: one is needed");
    report(list[0] == 0, "nothing was written");
    report(apic_ids((uint64_t)list, 1) == 0 && list[0] == CPUS,
           "the list has all vCPUs");
    report(list[1] == 0 && list[2] == 1 && list[3] == 2 && list[4] == 0,
           "with their ids");
}

void guest_main(void)
{
    void *own = page_share(page_alloc());

    apic_write(APIC_SPURIOUS, 0x1ff);
    check_ids();
    start(1, hold_by_msr, (void *)1);
    check_hold(1, "MSR");
    check_again(1, "MSR");
    start(2, hold_by_event, own);
    check_hold(2, "event");
    check_again(2, "event");
}
