/* SPDX-License-Identifier: MIT */
/* Page state change lists: progress in place, both sizes, bad headers and entries. */
#include "tests/guest/guest.h"

#define SCRATCH (SVSM_GHCB_GPA + 0x800)
#define BAD_HEADER (1ull << 32 | 1)
#define BAD_ENTRY (1ull << 32 | 2)

static volatile struct ghcb_psc_hdr *header(void)
{
    return (void *)(uint64_t)ghcb->shared_buffer;
}

static volatile uint64_t *entries(void)
{
    return (void *)(uint64_t)&ghcb->shared_buffer[8];
}

static uint64_t entry(const void *va, unsigned int op, bool large)
{
    return (uint64_t)va | (uint64_t)op << GHCB_PSC_OP_SHIFT |
           (large ? GHCB_PSC_LARGE : 0);
}

/* Sends what stands in the buffer; info_2, or ~0 when the call itself failed. */
static uint64_t send(void)
{
    ghcb_begin();
    GHCB_SET(sw_scratch, SCRATCH);
    if (ghcb_call(GHCB_NAE_PSC, 0, 0) != 0) {
        return ~0ull;
    }
    return ghcb->sw_exit_info_2;
}

static void set_header(unsigned int cur, unsigned int end)
{
    header()->cur_entry = (uint16_t)cur;
    header()->end_entry = (uint16_t)end;
    header()->rsvd_4 = 0;
}

static void read_byte(void *va)
{
    (void)*(volatile uint8_t *)va;
}

static void check_list(void)
{
    uint8_t *page[20];
    bool done = true;

    for (unsigned int i = 0; i < 20; i++) {
        page[i] = page_raw();
        entries()[i] = entry(page[i], GHCB_PSC_SHARED, false);
    }
    set_header(0, 19);
    report(send() == 0, "20 pages to shared");
    report(header()->cur_entry == 20, "cur_entry is past the end");
    for (unsigned int i = 0; i < 20; i++) {
        done = done && (entries()[i] & GHCB_PSC_CUR_PAGE_MASK) == 1;
        page_map(page[i], (uint64_t)page[i], PTE_SHARED_RW);
        *page[i] = (uint8_t)i;
        done = done && *page[i] == i;
    }
    report(done, "each entry says that its page is done, each page is shared");
    for (unsigned int i = 0; i < 20; i++) {
        entries()[i] = entry(page[i], GHCB_PSC_PRIVATE, false);
        page_map(page[i], (uint64_t)page[i], PTE_PRIVATE_RW);
    }
    set_header(10, 19);
    report(send() == 0 && header()->cur_entry == 20,
           "a list that starts in its middle");
    report((entries()[9] & GHCB_PSC_CUR_PAGE_MASK) == 0,
           "what stands before is untouched");
    report(pvalidate(page[10], false, true).eax == SNP_OK,
           "the second half is private");
}

static void check_large(void)
{
    uint8_t *large = large_raw();

    entries()[0] = entry(large, GHCB_PSC_SHARED, true);
    set_header(0, 0);
    report(send() == 0 &&
               (entries()[0] & GHCB_PSC_CUR_PAGE_MASK) == 512,
           "2 MiB to shared: 512 pages done");
    page_map(large + 511 * PAGE, (uint64_t)large + 511 * PAGE, PTE_SHARED_RW);
    large[511 * PAGE] = 9;
    report(large[511 * PAGE] == 9, "its last page is shared");
    entries()[0] = entry(large, GHCB_PSC_PRIVATE, true);
    set_header(0, 0);
    report(send() == 0, "2 MiB to private");
    report(pvalidate(large, true, true).eax == SNP_OK,
           "and it can be validated at that size");
    page_map(large + 511 * PAGE, (uint64_t)large + 511 * PAGE, PTE_PRIVATE_RW);
    report_no_trap(read_byte, large + 511 * PAGE, "and used");
}

static void check_smash(void)
{
    uint8_t *large = large_raw();

    entries()[0] = entry(large, GHCB_PSC_PSMASH, true);
    set_header(0, 0);
    report(send() == 0, "PSMASH");
    report(pvalidate(large, true, true).eax == SNP_FAIL_SIZEMISMATCH,
           "2 MiB no longer");
    entries()[0] = entry(large, GHCB_PSC_UNSMASH, true);
    set_header(0, 0);
    report(send() == 0, "UNSMASH");
    report(pvalidate(large, true, true).eax == SNP_OK, "2 MiB again");
}

static void check_bad(void)
{
    uint8_t *page = page_raw();
    uint64_t got;

    entries()[0] = entry(page, GHCB_PSC_SHARED, false);
    set_header(1, 0);
    got = send();
    report(got == 0 || got == BAD_HEADER, "an empty list: nothing, or a bad header");
    set_header(0, GHCB_PSC_ENTRY_MAX);
    report(send() == BAD_HEADER, "254 entries: bad header");
    entries()[0] = entry(page, 9, false);
    set_header(0, 0);
    report(send() == BAD_ENTRY, "operation 9: bad entry");
    report(header()->cur_entry == 0, "cur_entry stays at the bad entry");
    entries()[0] = entry(page + (((uint64_t)page & 0x1fffff) ? 0 : PAGE),
                         GHCB_PSC_SHARED, true);
    set_header(0, 0);
    report(send() == BAD_ENTRY, "2 MiB at a 4 KiB boundary: bad entry");
    entries()[0] = entry((void *)0x7f00000000, GHCB_PSC_SHARED, false);
    set_header(0, 0);
    got = send();
    report(got != 0 && got != ~0ull, "no memory there: an error");
    report_vc(read_byte, page, SVM_EXIT_PAGE_NOT_VALIDATED,
              "the page is still private, not validated");
}

static void check_scratch(void)
{
    ghcb_begin();
    report((uint32_t)ghcb_call(GHCB_NAE_PSC, 0, 0) == GHCB_RESULT_ERROR &&
               ghcb->sw_exit_info_2 == GHCB_ERR_MISSING_INPUT,
           "no scratch area: 4");
    ghcb_begin();
    GHCB_SET(sw_scratch, boot->heap_base);
    report((uint32_t)ghcb_call(GHCB_NAE_PSC, 0, 0) == GHCB_RESULT_ERROR &&
               ghcb->sw_exit_info_2 == GHCB_ERR_INVALID_SCRATCH,
           "scratch outside the GHCB: 3");
}

void guest_main(void)
{
    check_list();
    check_large();
    check_smash();
    check_bad();
    check_scratch();
}
