/* SPDX-License-Identifier: MIT */
/*
 * What one vCPU changes in the RMP while another uses the page, and VMSAs that run. The other vCPU is at
 * VMPL2 most of the time; it flushes its TLB after each access, as software must after RMPADJUST and
 * PVALIDATE (APM vol. 2 15.36.15). Its VMPL0 runs again after a nested page fault (reflect-npf=on).
 */
#include "tests/guest/guest.h"

#define SPINS 3000000000ull
#define ROUNDS 50

enum { READ, WRITE, FETCH };
static const char *const kind_name[] = { "read", "write", "fetch" };
static const unsigned int right_of[] = { RMP_PERM_READ, RMP_PERM_WRITE,
                                         RMP_PERM_EXEC_SUPER };

/* What the first vCPU tells the second one's two levels, and they it. */
static volatile struct {
    uint64_t run, left;  /* VMPL0: turns at VMPL2 asked for, and over */
    uint64_t answer;     /* of the last RUN_VMPL */
    uint64_t stop;       /* VMPL2: leave */
    uint64_t count;      /* accesses of VMPL2 */
    uint64_t trap;       /* vector << 32 | error */
    unsigned int kind;
    uint8_t *page;
} job;
static struct vmsa *lower; /* VMPL2 of the second vCPU */

static void use_page(void *arg)
{
    (void)arg;
    for (; !job.stop; job.count++) {
        uint64_t cr3;

        switch (job.kind) {
        case READ:
            (void)*(volatile uint8_t *)job.page;
            break;
        case WRITE:
            *(volatile uint8_t *)(job.page + 8) = 1;
            break;
        default:
            ((void (*)(void))(uint64_t)job.page)();
            break;
        }
        __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3"
                         : "=r"(cr3)
                         :
                         : "memory");
    }
}

static void lower_main(void *arg)
{
    for (;;) {
        if (trap_catch(use_page, arg)) {
            job.trap = last_trap.vector << 32 | last_trap.error;
        }
        wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
        vmgexit();
    }
}

static void ap_main(void *arg)
{
    (void)arg;
    for (;;) {
        while (job.run == job.left) {
            __asm__ volatile("pause");
        }
        job.answer = vmpl_run(2);
        job.left++;
    }
}

static bool wait_for(const volatile uint64_t *value, uint64_t least)
{
    for (uint64_t i = 0; i < SPINS && *value < least; i++) {
        __asm__ volatile("pause");
    }
    return *value >= least;
}

/* VMPL2 of the second vCPU goes on, and is seen to. */
static bool start(void)
{
    uint64_t at = job.count;

    job.stop = 0;
    job.run++;
    return wait_for(&job.count, at + ROUNDS);
}

static bool stop(void)
{
    job.stop = 1;
    return wait_for(&job.left, job.run) && job.answer == VMPL_RUN_OK;
}

static bool goes_on(void)
{
    return wait_for(&job.count, job.count + ROUNDS);
}

static uint64_t create(unsigned int request, unsigned int vmpl,
                       const void *vmsa)
{
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    return (uint32_t)ghcb_call(GHCB_NAE_AP_CREATION,
                               1ull << 32 | (uint64_t)vmpl << 16 | request,
                               (uint64_t)vmsa);
}

static void start_ap(void)
{
    vmpl_grant_image(2);
    lower = vmpl_vmsa(2, lower_main, NULL);
    report(create(GHCB_AP_CREATE, 0, vmpl_vmsa(0, ap_main, NULL)) == 0 &&
               create(GHCB_AP_CREATE_ON_INIT, 2, lower) == 0,
           "a second vCPU with VMPL0 and VMPL2");
}

static void set_rights(uint8_t *page, bool large, unsigned int vmpl,
                       unsigned int perms)
{
    if (rmpadjust(page, large, rdx_of(vmpl, perms)).eax != SNP_OK) {
        report(false, "rights can be set");
        finish();
    }
}

/* 15.36.7, 15.36.15: a right that is gone is gone on all vCPUs; given back, the access goes on. */
static void check_revoke(uint8_t *page, bool large, unsigned int kind)
{
    const char *size = large ? "2 MiB" : "4 KiB";
    const uint64_t want = NPF_RMP | NPF_VMPL | NPF_FINAL;
    bool running;

    set_rights(page, large, 2, RMP_PERM_ALL);
    job.kind = kind;
    job.page = page;
    running = start();
    set_rights(page, large, 2, RMP_PERM_ALL & ~right_of[kind]);
    report(running && wait_for(&job.left, job.run) &&
               lower->guest_exit_code == SVM_EXIT_NPF &&
               (lower->guest_exit_info_1 & want) == want &&
               lower->guest_exit_info_2 / PAGE == (uint64_t)page / PAGE,
           "the right to %s, revoked while another vCPU uses it, %s: NPF "
           "[15.36.15]", kind_name[kind], size);
    set_rights(page, large, 2, RMP_PERM_ALL);
    report(start(), "given back: the %s restarts, %s [15.36.7]",
           kind_name[kind], size);
    report(stop(), "and ends well");
}

/* Each right for itself: the others may go. */
static void check_other_rights(uint8_t *page, unsigned int kind)
{
    bool good;

    job.kind = kind;
    job.page = page;
    set_rights(page, false, 2, RMP_PERM_ALL);
    good = start();
    set_rights(page, false, 2, right_of[kind]);
    set_rights(page, false, 1, RMP_PERM_ALL);
    set_rights(page, false, 1, 0);
    set_rights(page, false, 3, RMP_PERM_READ);
    report(good && goes_on() && stop(),
           "the right to %s stays when the others go, of this VMPL and of others "
           "[15.36.7]", kind_name[kind]);
}

/* 15.36.6: rescinded while another vCPU uses it */
static void check_rescind(uint8_t *page, bool large, unsigned int kind)
{
    bool good;

    job.kind = kind;
    job.page = page;
    job.trap = 0;
    set_rights(page, large, 2, RMP_PERM_ALL);
    good = start() && pvalidate(page, large, false).eax == SNP_OK;
    report(good && wait_for(&job.left, job.run) &&
               job.trap == ((uint64_t)SNP_VECTOR_VC << 32 |
                            SVM_EXIT_PAGE_NOT_VALIDATED),
           "rescinded while another vCPU's %s goes on, %s: #VC 404 [15.36.6]",
           kind_name[kind], large ? "2 MiB" : "4 KiB");
    pvalidate(page, large, true);
}

/* 15.36.12: a VMSA runs on one vCPU at a time, and is nothing else meanwhile. */
static void check_vmsa(uint8_t *page)
{
    uint64_t rip;
    bool good;

    set_rights(page, false, 2, RMP_PERM_ALL);
    job.kind = READ;
    job.page = page;
    good = start();
    report(good && rmpadjust(lower, false, rdx_of(1, 0)).eax != SNP_OK,
           "a VMSA that runs stays one [15.36.12]");
    report(psc((uint64_t)lower, GHCB_PSC_SHARED) != 0,
           "its page cannot become shared");
    report(vmpl_register(2, lower) != 0 || vmpl_run(2) >> 32 != 0,
           "another vCPU cannot enter it [15.36.12]");
    report(goes_on() && stop(), "where it runs, it goes on");

    rip = lower->rip;
    job.stop = 1;
    report(vmpl_register(2, lower) == 0 && vmpl_run(2) == VMPL_RUN_OK &&
               lower->rip == rip,
           "once it is left, another vCPU can enter it [15.36.12]");
    report(rmpadjust(lower, false, rdx_of(1, 0)).eax == SNP_OK &&
               vmpl_run(2) >> 32 != 0,
           "without the VMSA bit no vCPU enters it [15.36.12]");
    job.run++;
    report(wait_for(&job.left, job.run) && job.answer >> 32 != 0,
           "nor does the one that ran it");
    report(rmpadjust(lower, false, rdx_of(1, 0) | RMPADJUST_VMSA).eax ==
                   SNP_OK &&
               start() && stop(),
           "with the bit again, it goes on");
}

static uint8_t *prepare(uint8_t *page)
{
    page[0] = 0xc3; /* ret */
    *page_pte(page) &= ~PTE_NX;
    invlpg(page);
    return page;
}

void guest_main(void)
{
    uint8_t *small = prepare(page_alloc()), *large = large_raw();

    if (pvalidate(large, true, true).eax != SNP_OK) {
        report(false, "2 MiB can be validated");
        return;
    }
    prepare(large);
    start_ap();
    for (unsigned int kind = READ; kind <= FETCH; kind++) {
        check_revoke(small, false, kind);
        check_revoke(large, true, kind);
        check_other_rights(small, kind);
        check_rescind(small, false, kind);
        check_rescind(large, true, kind);
    }
    check_vmsa(small);
}
