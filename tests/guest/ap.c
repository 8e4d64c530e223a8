/* SPDX-License-Identifier: MIT */
/* Two vCPUs: AP creation at VMPL0, its refusals, TLBs of both, destruction. */
#include "tests/guest/guest.h"

#define SPINS 2000000000ull
#define CAUGHT (1ull << 40) /* `alive` of an AP that left read_forever() */

static volatile uint64_t alive, order, result;
static volatile uint8_t *shared_page;
static struct vmsa *ap_vmsa;

static void read_forever(void *page)
{
    for (;;) {
        (void)*(volatile uint8_t *)page;
        alive++;
    }
}

static void ap_main(void *arg)
{
    volatile uint8_t *page = arg;

    result = rdmsr(MSR_AMD64_SEV_STATUS);
    page[0] = 0x42;
    alive = 1;
    while (order == 0) {
        __asm__ volatile("pause");
    }
    result = trap_catch(read_forever, arg) ? last_trap.error : 0;
    alive = CAUGHT;
    for (;;) {
        alive++;
    }
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

static uint64_t create(uint64_t apic_id, unsigned int request, uint64_t gpa)
{
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    return (uint32_t)ghcb_call(GHCB_NAE_AP_CREATION, apic_id << 32 | request,
                               gpa);
}

static void check_create(void)
{
    const struct svsm_general_params *params =
        (void *)SVSM_GENERAL_PARAMS_GPA;

    report(params->vp_count == 2, "VP count is 2");
    shared_page = page_alloc();
    ap_vmsa = vmpl_vmsa(0, ap_main, (void *)shared_page);
    report(create(7, GHCB_AP_CREATE, (uint64_t)ap_vmsa) == GHCB_RESULT_ERROR,
           "APIC id 7 does not exist");
    report(create(1, 3, (uint64_t)ap_vmsa) == GHCB_RESULT_ERROR,
           "request 3 does not exist");
    report(create(1, GHCB_AP_CREATE, (uint64_t)ap_vmsa) == 0, "create");
    report(wait_for(&alive, 1), "the AP runs");
    report(shared_page[0] == 0x42, "and writes the page of its argument");
    report(result == rdmsr(MSR_AMD64_SEV_STATUS), "at an SNP vCPU");
}

static void check_running_vmsa(void)
{
    report(rmpadjust(ap_vmsa, false, rdx_of(1, 0)).eax != SNP_OK,
           "the VMSA bit of a running VMSA cannot be cleared");
}

/* A page that this vCPU rescinds must vanish from the other one's TLB. */
static void check_tlb(void)
{
    order = 1;
    report(wait_for(&alive, 1000), "the AP reads the page");
    report(pvalidate(shared_page, false, false).eax == SNP_OK,
           "the page is rescinded");
    report(wait_for(&alive, CAUGHT), "the AP gets an exception");
    report(result == SVM_EXIT_PAGE_NOT_VALIDATED, "which is #VC 404");
}

/* The AP stops some time after the request: its VMSA is in use until then. */
static bool wait_until_free(void)
{
    for (uint64_t i = 0; i < SPINS / 100; i++) {
        if (rmpadjust(ap_vmsa, false, rdx_of(1, 0)).eax == SNP_OK) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

static void check_destroy(void)
{
    uint64_t at;

    report(create(1, GHCB_AP_DESTROY, 0) == 0, "destroy");
    report(wait_until_free(), "its VMSA page gets free");
    at = alive;
    for (unsigned int i = 0; i < 1000; i++) {
        io_in(0x80, 1); /* time for the other vCPU, if it still ran */
    }
    report(alive == at, "the AP runs no more");
}

void guest_main(void)
{
    check_create();
    check_running_vmsa();
    check_tlb();
    check_destroy();
}
