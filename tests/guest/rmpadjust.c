/* SPDX-License-Identifier: MIT */
/* RMPADJUST and RMPQUERY at VMPL0: results, permissions, the VMSA bit, faults. */
#include "tests/guest/guest.h"

static uint64_t perms_of(const void *va, unsigned int vmpl)
{
    struct rmp_result r = rmpquery(va, vmpl);

    return r.eax == SNP_OK ? (r.rdx >> RMPADJUST_PERM_SHIFT) & 0xff
                           : 0x1000 + r.eax;
}

static void check_query(void)
{
    uint8_t *page = page_alloc();
    struct rmp_result r = rmpquery(page, 1);

    report(r.eax == SNP_OK && (r.rdx & 0x1ffff) == 1 && r.rcx == 0,
           "query VMPL1 of a fresh page: no rights, no VMSA, 4 KiB");
    report(perms_of(page, 0) == RMP_PERM_ALL, "query VMPL0: all rights");
    report(rmpquery(page, 4).eax != SNP_OK, "query VMPL4: refused");
}

static void check_adjust(void)
{
    uint8_t *page = page_alloc();
    struct rmp_result r;

    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int perms = 0; perms <= RMP_PERM_ALL; perms++) {
            r = rmpadjust(page, false, rdx_of(vmpl, perms));
            if (r.eax != SNP_OK || perms_of(page, vmpl) != perms) {
                report(false, "VMPL%u can be given rights %u", vmpl, perms);
                return;
            }
        }
    }
    report(true, "VMPL1 to 3 can be given each set of rights");
    r = rmpadjust(page, false, rdx_of(1, RMP_PERM_READ));
    report(r.rdx == rdx_of(1, RMP_PERM_READ) && r.rcx == 0,
           "RCX and RDX are unchanged");
    report(perms_of(page, 1) == RMP_PERM_READ &&
               perms_of(page, 2) == RMP_PERM_ALL,
           "each VMPL has rights of its own");
    r = rmpadjust(page, false, rdx_of(0, RMP_PERM_ALL));
    report(r.eax == SNP_FAIL_PERMISSION, "target VMPL0: FAIL_PERMISSION");
    r = rmpadjust(page, false, rdx_of(4, RMP_PERM_READ));
    report(r.eax == SNP_FAIL_INPUT, "target VMPL4: FAIL_INPUT");
}

static void check_vmsa(void)
{
    uint8_t *page = page_alloc();

    report(rmpadjust(page, false, rdx_of(1, 0) | RMPADJUST_VMSA).eax == SNP_OK,
           "the VMSA bit can be set");
    report((rmpquery(page, 1).rdx & RMPADJUST_VMSA) != 0, "and is seen");
    page[0] = 1;
    report(page[0] == 1, "VMPL0 reads and writes a VMSA page");
    report(rmpadjust(page, false, rdx_of(1, 0)).eax == SNP_OK &&
               (rmpquery(page, 1).rdx & RMPADJUST_VMSA) == 0,
           "the VMSA bit can be cleared");
}

static void do_adjust(void *va)
{
    rmpadjust(va, false, rdx_of(1, 0));
}

static void do_query(void *va)
{
    rmpquery(va, 1);
}

static void check_faults(void)
{
    uint8_t *raw = page_raw(), *window = page_window();

    report_vc(do_adjust, raw, SVM_EXIT_PAGE_NOT_VALIDATED,
              "adjust a page that is not validated: 404");
    report_vc(do_query, raw, SVM_EXIT_PAGE_NOT_VALIDATED,
              "query it: 404");
    report_trap(do_adjust, window, TRAP_PF, 0, "adjust, not mapped: #PF");
}

static void check_large(void)
{
    uint8_t *large = large_raw();
    struct rmp_result r;

    pvalidate(large, true, true);
    r = rmpadjust(large, true, rdx_of(1, RMP_PERM_READ));
    report(r.eax == SNP_OK && perms_of(large + 511 * PAGE, 1) == RMP_PERM_READ,
           "2 MiB: rights of all pages");
    r = rmpadjust(large + PAGE, true, rdx_of(1, RMP_PERM_READ));
    report(r.eax == SNP_FAIL_INPUT, "2 MiB at a 4 KiB boundary: FAIL_INPUT");
    r = rmpadjust(large + PAGE, false, rdx_of(1, RMP_PERM_ALL));
    report(r.eax == SNP_OK && perms_of(large + PAGE, 1) == RMP_PERM_ALL &&
               perms_of(large, 1) == RMP_PERM_READ,
           "one 4 KiB page of it");
    r = rmpadjust(large, true, rdx_of(1, RMP_PERM_ALL));
    report(r.eax == SNP_FAIL_SIZEMISMATCH,
           "2 MiB once it is split: FAIL_SIZEMISMATCH");
}

/* Revalidation is a new start only after the host took the page away. */
static void check_conversion(void)
{
    uint8_t *page = page_alloc();

    rmpadjust(page, false, rdx_of(2, RMP_PERM_ALL));
    pvalidate(page, false, false);
    psc((uint64_t)page, GHCB_PSC_SHARED);
    psc((uint64_t)page, GHCB_PSC_PRIVATE);
    pvalidate(page, false, true);
    report(perms_of(page, 2) == 0, "a converted page has no rights left");
}

void guest_main(void)
{
    check_query();
    check_adjust();
    check_vmsa();
    check_faults();
    check_large();
    check_conversion();
}
