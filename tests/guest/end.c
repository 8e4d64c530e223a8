/* SPDX-License-Identifier: MIT */
/*
 * Ways in which a VM ends by itself: one program for each, chosen by END_* when it is compiled. Each
 * shows first that it got so far; a guest that lives on says so and fails.
 */
#include "tests/guest/guest.h"

#define VMPL 2

static uint8_t *target; /* at VMPL2: the page it may not touch so */

static void survive(const char *what)
{
    report(false, "the VM ends: %s", what);
    finish();
}

#if defined(END_VMPL_READ) || defined(END_VMPL_WRITE) || \
    defined(END_VMPL_EXEC) || defined(END_VMPL_TABLE)
#define WITH_VMPL 1
#endif

#ifdef WITH_VMPL
static void guest_vmpl2(void *arg)
{
    (void)arg;
#if defined(END_VMPL_READ)
    (void)*(volatile uint8_t *)target;
#elif defined(END_VMPL_WRITE)
    *(volatile uint8_t *)target = 1;
#elif defined(END_VMPL_EXEC)
    ((void (*)(void))(uint64_t)target)();
#else
    /* a page walk through a table that VMPL2 may not read */
    __asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" : : : "rax");
#endif
}

static void end(void)
{
    struct vmsa *vmsa;

    vmpl_grant_image(VMPL);
    target = page_alloc();
    memset(target, 0xc3, PAGE); /* ret */
    *page_pte(target) &= ~PTE_NX;
#if defined(END_VMPL_WRITE)
    vmpl_grant(target, PAGE, VMPL, RMP_PERM_READ);
#elif defined(END_VMPL_EXEC)
    vmpl_grant(target, PAGE, VMPL, RMP_PERM_READ | RMP_PERM_WRITE |
                                       RMP_PERM_EXEC_USER);
#endif
    vmsa = vmpl_vmsa(VMPL, guest_vmpl2, NULL);
#if defined(END_VMPL_TABLE)
    vmpl_grant((void *)boot->page_table_base, PAGE, VMPL, 0);
#endif
    report(vmpl_register(VMPL, vmsa) == 0, "VMPL2 is ready");
    vmpl_run(VMPL);
    survive("VMPL violation");
}

#elif defined(END_SHARED)
/* A private access to a page that is shared on the host's side */
static void end(void)
{
    target = page_share(page_alloc());
    report(true, "a page is shared");
    page_map(target, (uint64_t)target, PTE_PRIVATE_RW);
    *(volatile uint8_t *)target = 1;
    survive("private access to a shared page");
}

#elif defined(END_PVALIDATE_SHARED)
/* The host took the page back and leaves it so. */
static void end(void)
{
    target = page_share(page_alloc());
    report(true, "a page is shared");
    page_map(target, (uint64_t)target, PTE_PRIVATE_RW);
    pvalidate(target, false, true);
    survive("PVALIDATE of a shared page");
}

#elif defined(END_RMPADJUST_NOWHERE)
static void end(void)
{
    target = page_map(page_window(), 0x7f00000000, PTE_PRIVATE_RW);
    report(true, "a page is mapped where no memory is");
    rmpadjust(target, false, rdx_of(1, 0));
    survive("RMPADJUST where no memory is");
}

#elif defined(END_NOWHERE)
static void end(void)
{
    target = page_map(page_window(), 0x7f00000000, PTE_PRIVATE_RW);
    report(true, "a page is mapped where no memory is");
    *(volatile uint8_t *)target = 1;
    survive("private access where no memory is");
}

#elif defined(END_TERM_MSR)
static void end(void)
{
    report(true, "termination by MSR comes next");
    ghcb_msr(GHCB_MSR_TERM_REQ | GHCB_TERM_SET_EVTPM << 12 | 0x5a << 16);
    survive("termination request");
}

#elif defined(END_TERM_PAGE)
static void end(void)
{
    report(true, "termination by GHCB comes next");
    ghcb_begin();
    ghcb_call(GHCB_NAE_TERMINATE, GHCB_TERM_SET_EVTPM | 0xa5 << 4, 0);
    survive("termination request");
}

#elif defined(END_TRIPLE)
static void end(void)
{
    static const struct {
        uint16_t limit;
        uint64_t base;
    } EVTPM_PACKED none;

    report(true, "an exception without IDT comes next");
    __asm__ volatile("lidt %0; ud2" : : "m"(none));
    survive("triple fault");
}

#elif defined(END_PROTOCOL)
static void end(void)
{
    report(true, "an unknown MSR protocol request comes next");
    ghcb_msr(0xabc);
    survive("unknown request");
}

#elif defined(END_NO_GHCB)
static void end(void)
{
    report(true, "a GHCB where no memory is comes next");
    wrmsr(MSR_AMD64_GHCB, 0x7f00000000);
    vmgexit();
    wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
    survive("no GHCB");
}

#elif defined(END_UNSUPPORTED)
static void end(void)
{
    report(true, "an unsupported event comes next");
    ghcb_begin();
    ghcb_call(GHCB_NAE_UNSUPPORTED, SVM_EXIT_MWAIT, 0);
    survive("unsupported event");
}

#elif defined(END_BAD_VERDICT)
/* The control: a verdict that is bad must show in the status. */
static void end(void)
{
    report(true, "one good");
    report(false, "one bad");
}

#elif defined(END_NO_VERDICT)
static void end(void)
{
}
#endif

void guest_main(void)
{
    (void)survive;
    (void)target;
    end();
}
