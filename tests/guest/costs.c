/* SPDX-License-Identifier: MIT */
/* What SNP's own instructions and exits cost, for tests/bench/bench-costs.sh:
 * lines "# cost NAME NANOSECONDS". Then all RAM is used, privately, then
 * shared, so that its use of the host's memory can be seen.
 *
 * The clock is the local APIC's timer, which counts QEMU's nanoseconds. */
#include "tests/guest/guest.h"

#define APIC_CURRENT 0x390
#define DIVIDE_BY_1 0xb
#define MASKED (1u << 16)
#define ROUNDS 2000u
#define FW_CFG_SELECT 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_RAM_SIZE 3
#define RAM_BEGIN 0x100000u

static uint8_t *page, *large;
static uint64_t ram_size;

static void cost_exit_msr(void)
{
    ghcb_msr(GHCB_MSR_HV_FEATURES_REQ);
}

static void cost_exit_page(void)
{
    ghcb_begin();
    ghcb_call(GHCB_NAE_HV_FEATURES, 0, 0);
}

/* there and back */
static void cost_vmpl(void)
{
    vmpl_run(2);
}

/* Each rescinds and validates: two instructions. */
static void cost_pvalidate(void)
{
    pvalidate(page, false, false);
    pvalidate(page, false, true);
}

static void cost_pvalidate_large(void)
{
    pvalidate(large, true, false);
    pvalidate(large, true, true);
}

static void cost_rmpadjust(void)
{
    rmpadjust(page, false, rdx_of(1, RMP_PERM_ALL));
    rmpadjust(page, false, rdx_of(1, 0));
}

static void cost_rmpadjust_large(void)
{
    rmpadjust(large, true, rdx_of(1, RMP_PERM_ALL));
    rmpadjust(large, true, rdx_of(1, 0));
}

/* To shared and back: two page state changes. */
static void cost_psc(void)
{
    psc((uint64_t)page, GHCB_PSC_SHARED);
    psc((uint64_t)page, GHCB_PSC_PRIVATE);
}

static const struct {
    const char *name;
    void (*run)(void);
    unsigned int steps; /* in one run */
} costs[] = {
    { "exit-msr", cost_exit_msr, 1 },
    { "exit-ghcb", cost_exit_page, 1 },
    { "vmpl-round-trip", cost_vmpl, 1 },
    { "pvalidate-4k", cost_pvalidate, 2 },
    { "pvalidate-2m", cost_pvalidate_large, 2 },
    { "rmpadjust-4k", cost_rmpadjust, 2 },
    { "rmpadjust-2m", cost_rmpadjust_large, 2 },
    { "page-state-4k", cost_psc, 2 },
};

static uint32_t measure(void (*run)(void))
{
    uint32_t left;

    apic_write(APIC_COUNT, ~0u);
    for (unsigned int i = 0; i < ROUNDS; i++) {
        run();
    }
    left = apic_read(APIC_CURRENT);
    return ~0u - left;
}

/* At VMPL2, which then goes back as often as it runs. */
static void nothing(void *arg)
{
    (void)arg;
}

static void ready_pages(void)
{
    struct vmsa *vmsa;

    page = page_alloc();
    large = large_raw();
    pvalidate(large, true, true);
    /* A TLB has them, as it has what a guest takes back. */
    page[0] = large[0] = 1;
    vmpl_grant_image(2);
    vmsa = vmpl_vmsa(2, nothing, NULL);
    report(vmpl_register(2, vmsa) == 0 && vmpl_run(2) == VMPL_RUN_OK,
           "VMPL2 comes back");
}

static void read_ram_size(void)
{
    io_out(FW_CFG_SELECT, 2, FW_CFG_RAM_SIZE);
    for (unsigned int i = 0; i < 8; i++) {
        ram_size |= (uint64_t)(io_in(FW_CFG_DATA, 1) & 0xff) << 8 * i;
    }
}

/* Writes to every page of RAM; true if all of them took it. */
static bool use_ram(bool private)
{
    volatile uint64_t *window = page_window();
    uint64_t flags = private ? PTE_PRIVATE_RW : PTE_SHARED_RW;
    bool good = true;

    for (uint64_t gpa = RAM_BEGIN; gpa < ram_size; gpa += PAGE) {
        page_map((void *)window, gpa, PTE_PRIVATE_RW);
        if (!private) {
            pvalidate(window, false, false);
            good = good && psc(gpa, GHCB_PSC_SHARED) == 0;
            page_map((void *)window, gpa, flags);
        } else {
            good = good && pvalidate(window, false, true).eax == SNP_OK;
        }
        window[0] = gpa;
        good = good && window[0] == gpa;
    }
    return good;
}

void guest_main(void)
{
    apic_write(APIC_SPURIOUS, 0x1ff);
    apic_write(APIC_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_TIMER, MASKED | 32);
    ready_pages();
    for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
        uint32_t ns = measure(costs[i].run) / (ROUNDS * costs[i].steps);

        print("# cost %s %u\n", costs[i].name, ns);
        report(ns > 0, "%s takes time", costs[i].name);
    }
    read_ram_size();
    report(ram_size > RAM_BEGIN, "there is RAM");
    report(use_ram(true), "all of it is private and used");
    report(use_ram(false), "all of it is shared and used");
}
