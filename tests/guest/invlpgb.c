/* SPDX-License-Identifier: MIT */
/*
 * INVLPGB and TLBSYNC (APM volume 3): a translation that this vCPU changed
 * leaves the other vCPU's TLB; only CPL 0 may. Two vCPUs.
 */
#include "tests/guest/guest.h"

#define SPINS 2000000000ull
#define OLD 0x01
#define NEW 0x02

static volatile uint8_t *window, seen;
static volatile uint64_t reads;

static void invlpgb(void)
{
    /* RAX 0: everything of this ASID that is not global; ECX 0: one page */
    __asm__ volatile(".byte 0x0f, 0x01, 0xfe"
                     :
                     : "a"(0ull), "c"(0), "d"(0)
                     : "memory");
}

static void tlbsync(void)
{
    __asm__ volatile(".byte 0x0f, 0x01, 0xff" ::: "memory");
}

static void ap_main(void *arg)
{
    (void)arg;
    for (;;) {
        seen = *window;
        reads++;
    }
}

static bool ap_sees(uint8_t value)
{
    for (uint64_t i = 0; i < SPINS; i++) {
        if (seen == value) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

/* The AP has read some more. */
static void let_it_read(void)
{
    uint64_t at = reads;

    while (reads < at + 1000) {
        __asm__ volatile("pause");
    }
}

static void check_other_vcpu(void)
{
    uint8_t *old = page_alloc(), *new = page_alloc();
    const struct vmsa *vmsa;

    memset(old, OLD, PAGE);
    memset(new, NEW, PAGE);
    window = page_map(page_window(), (uint64_t)old, PTE_PRIVATE_RW);
    vmsa = vmpl_vmsa(0, ap_main, NULL);
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    report((uint32_t)ghcb_call(GHCB_NAE_AP_CREATION,
                               1ull << 32 | GHCB_AP_CREATE,
                               (uint64_t)vmsa) == 0 &&
               ap_sees(OLD),
           "the AP reads the page");
    page_map((void *)window, (uint64_t)new, PTE_PRIVATE_RW);
    let_it_read();
    print("# it sees %u of the new page before INVLPGB\n", seen == NEW);
    invlpgb();
    tlbsync();
    report(ap_sees(NEW), "after INVLPGB and TLBSYNC, the page that is mapped "
                         "now");
}

/* ---- user mode ---- */

static uint8_t *code;

static void at_user(void *arg)
{
    (void)arg;
    user_enter((uint64_t)code, (uint64_t)code + PAGE);
}

static void check_user(const uint8_t *bytes, const char *name)
{
    memcpy(code, bytes, 3);
    report_trap(at_user, NULL, TRAP_GP, 0, name);
}

static void check_cpl(void)
{
    static const uint8_t insn[2][3] = { { 0x0f, 0x01, 0xfe },
                                        { 0x0f, 0x01, 0xff } };

    code = page_alloc();
    page_map(code, (uint64_t)code, PTE_P | PTE_W | PTE_U | SNP_CBIT);
    user_allow();
    check_user(insn[0], "INVLPGB at CPL 3");
    check_user(insn[1], "TLBSYNC at CPL 3");
}

void guest_main(void)
{
    check_other_vcpu();
    check_cpl();
}
