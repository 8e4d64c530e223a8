/* SPDX-License-Identifier: MIT */
/* PVALIDATE: results, flags, faults, both page sizes. */
#include "tests/guest/guest.h"

static void read_byte(void *va)
{
    (void)*(volatile uint8_t *)va;
}

static void write_byte(void *va)
{
    *(volatile uint8_t *)va = 1;
}

static void do_pvalidate(void *va)
{
    pvalidate(va, false, true);
}

static void check_small(void)
{
    uint8_t *page = page_raw();
    struct rmp_result r = pvalidate(page, false, true);

    report(r.eax == SNP_OK && !r.carry, "validate: 0, changed");
    r = pvalidate(page, false, true);
    report(r.eax == SNP_OK && r.carry, "again: 0 with CF, unchanged");
    *page = 55;
    report(*page == 55, "the page can be used");
    r = pvalidate(page + 8, false, false);
    report(r.eax == SNP_OK && !r.carry, "rescind by an address in the page");
    report_vc(read_byte, page, SVM_EXIT_PAGE_NOT_VALIDATED, "then a read: 404");
    report(last_trap.rip >= (uint64_t)read_byte &&
               last_trap.rip < (uint64_t)read_byte + 16,
           "RIP is at the instruction");
    report_vc(write_byte, page, SVM_EXIT_PAGE_NOT_VALIDATED, "a write: 404");
    r = pvalidate(page, false, false);
    report(r.eax == SNP_OK && r.carry, "rescind again: CF");
    r = pvalidate_at((uint64_t)page, false, 0xfffffffe);
    report(r.eax == SNP_OK && r.carry, "bits 31:1 of EDX do not count");
    r = pvalidate(page, false, true);
    report(r.eax == SNP_OK && !r.carry && *page == 55,
           "validate again: the contents are still there");
}

static void check_large(void)
{
    uint8_t *large = large_raw(), *other = large_raw();
    struct rmp_result r = pvalidate(large, true, true);

    report(r.eax == SNP_OK && !r.carry, "2 MiB: validate");
    large[0] = 1;
    large[SNP_LARGE_PAGE_SIZE - 1] = 2;
    report(large[0] == 1 && large[SNP_LARGE_PAGE_SIZE - 1] == 2,
           "2 MiB: first and last byte can be used");
    r = pvalidate(large, true, true);
    report(r.eax == SNP_OK && r.carry, "2 MiB: again, unchanged");
    r = pvalidate(large + PAGE, true, true);
    report(r.eax == SNP_FAIL_INPUT, "2 MiB at a 4 KiB boundary: FAIL_INPUT");
    r = pvalidate(large + 7 * PAGE, false, true);
    report(r.eax == SNP_OK && r.carry,
           "4 KiB in a validated 2 MiB page: unchanged");
    r = pvalidate(large + 7 * PAGE, false, false);
    report(r.eax == SNP_OK && !r.carry, "4 KiB of it rescinded");
    report_vc(read_byte, large + 7 * PAGE, SVM_EXIT_PAGE_NOT_VALIDATED,
              "that page: 404");
    report_no_trap(read_byte, large + 8 * PAGE, "its neighbour: still there");
    report(psc((uint64_t)other + PAGE, GHCB_PSC_SHARED) == 0 &&
               psc((uint64_t)other + PAGE, GHCB_PSC_PRIVATE) == 0,
           "one page of another 2 MiB goes shared and back");
    r = pvalidate(other, true, true);
    report(r.eax == SNP_FAIL_SIZEMISMATCH, "2 MiB there: FAIL_SIZEMISMATCH");
    r = pvalidate(other, false, true);
    report(r.eax == SNP_OK && !r.carry, "4 KiB there");
}

static void check_flags(void)
{
    uint8_t *page = page_raw();
    uint64_t flags;
    uint32_t eax;

    __asm__ volatile("stc; .byte 0xf2, 0x0f, 0x01, 0xff; pushfq; pop %1"
                     : "=a"(eax), "=r"(flags)
                     : "a"(page), "c"(0ull), "d"(1ull)
                     : "memory", "cc");
    report(eax == SNP_OK && (flags & 0x8d5) == 0x44,
           "flags of result 0, changed: ZF and PF alone");
}

static void do_noncanonical(void *va)
{
    (void)va;
    pvalidate_at(0x0000900000000000, false, 1);
}

static void do_user(void *code)
{
    uint64_t page = (uint64_t)page_alloc();

    *page_pte((void *)page) |= PTE_U;
    invlpg((void *)page);
    user_enter((uint64_t)code, page + PAGE);
}

static void check_faults(void)
{
    static const uint8_t code[] = { 0xf2, 0x0f, 0x01, 0xff, 0xf4 };
    uint8_t *window = page_window(), *page = page_alloc();

    report_trap(do_pvalidate, window, TRAP_PF, 0, "not mapped: #PF");
    report(last_trap.cr2 == (uint64_t)window, "CR2 is the address");
    report_trap(do_noncanonical, NULL, TRAP_GP, 0, "not canonical: #GP");
    user_allow();
    memcpy(page, code, sizeof(code));
    page_map(window, (uint64_t)page, PTE_P | PTE_U | SNP_CBIT);
    report_trap(do_user, window, TRAP_GP, 0, "at CPL3: #GP");
}

void guest_main(void)
{
    check_small();
    check_large();
    check_flags();
    check_faults();
}
