/* SPDX-License-Identifier: MIT */
/* SVSM conformance: entries of PVALIDATE lists (58019 6.2), and what they do to a page. */
#include "tests/guest/svsm-calls.h"

#include <string.h>

#define VALIDATE SVSM_PVALIDATE_VALIDATE
#define IGNORE SVSM_PVALIDATE_IGNORE_CF
#define LARGE 1
#define SIZE SVSM_ERR_PVALIDATE_SIZEMISMATCH
#define SAME SVSM_ERR_PVALIDATE_UNCHANGED

struct entry_row {
    const char *what;
    struct arg at; /* plus: address bits and flags */
    uint64_t want, also;
    bool own;
};

static const struct entry_row bad_entries[] = {
    { "size 2", { RAW, VALIDATE | 2 }, PARAMETER, ADDRESS },
    { "size 3", { RAW, VALIDATE | 3 }, PARAMETER, ADDRESS },
    { "reserved bit 4", { RAW, VALIDATE | 1 << 4 }, PARAMETER },
    { "reserved bit 5", { RAW, VALIDATE | 1 << 5 }, PARAMETER },
    { "reserved bit 6", { RAW, VALIDATE | 1 << 6 }, PARAMETER },
    { "reserved bit 7", { RAW, VALIDATE | 1 << 7 }, PARAMETER },
    { "reserved bit 8", { RAW, VALIDATE | 1 << 8 }, PARAMETER },
    { "reserved bit 9", { RAW, VALIDATE | 1 << 9 }, PARAMETER },
    { "reserved bit 10", { RAW, VALIDATE | 1 << 10 }, PARAMETER },
    { "reserved bit 11", { RAW, VALIDATE | 1 << 11 }, PARAMETER },
    { "2M, 4K off", { RAW, PAGE | VALIDATE | LARGE }, PARAMETER, ADDRESS },
    { "2M, 1M off", { RAW, 0x100000 | VALIDATE | LARGE }, PARAMETER, ADDRESS },
    { "2M rescinded, 4K off", { RAW, PAGE | LARGE }, PARAMETER, ADDRESS },
    { "validate no memory", { BEYOND, VALIDATE | IGNORE }, ADDRESS },
    { "validate 2M of no memory", { BEYOND, VALIDATE | LARGE }, ADDRESS },
    { "rescind no memory", { BEYOND, IGNORE }, ADDRESS },
    { "validate the SVSM's first page", { SVSM, VALIDATE | IGNORE }, ADDRESS },
    { "rescind it", { SVSM, IGNORE }, ADDRESS },
    { "rescind the SVSM's last page", { SVSM_LAST, IGNORE }, ADDRESS },
    { "validate it", { SVSM_LAST, VALIDATE | IGNORE }, ADDRESS },
    { "2M in the SVSM", { SVSM, VALIDATE | IGNORE | LARGE }, ADDRESS,
      PARAMETER },
    { "with the C-bit", { GOOD, SNP_CBIT | IGNORE }, ADDRESS },
    { "bit 63", { GOOD, 1ull << 63 | IGNORE }, ADDRESS },
    { "the last 4K of all", { NUMBER, 0xfffffffffffff000 | VALIDATE | IGNORE },
      ADDRESS },
    { "the last 2M of all",
      { NUMBER, 0xffffffffffe00000 | VALIDATE | IGNORE | LARGE }, ADDRESS },
    { "the launch VMSA", { NUMBER, 0xfffffffff000 | IGNORE }, ADDRESS },
    { "the APIC", { NUMBER, 0xfee00000 | VALIDATE | IGNORE }, ADDRESS },
    { "the calling area", { CALLING, 0 }, ADDRESS, .own = true },
    { "validate the calling area", { CALLING, VALIDATE | IGNORE }, ADDRESS,
      .own = true },
    { "2M around the calling area", { NUMBER, 0x800000 | LARGE }, ADDRESS,
      SIZE },
};

void test_pvalidate_entries(void)
{
    const struct svsm_pvalidate_hdr *list = (void *)(FW_CAA + 8);

    for (unsigned i = 0; i < COUNT(bad_entries); i++) {
        const struct entry_row *r = &bad_entries[i];
        uint64_t rax;

        if (r->own && ANY_SVSM) {
            continue;
        }
        rax = svsm_pvalidate(place(r->at), 0);
        judge("6.2 entry,", rax, r->want, r->also, r->what);
        if (list->next != 0) {
            report(false, "6.2 entry, %s: next stays on it", r->what);
        }
    }
}

/* One page, one entry after the other; each row starts where the one before it ended. */
struct state_row {
    const char *what;
    uint64_t plus; /* from the large page's address: offset and flags */
    uint64_t want;
    bool own;
};

#define AT(n) ((n) * (uint64_t)PAGE)
#define FIFTH AT(5)

static const struct state_row states[] = {
    { "4K, rescind what is not valid", FIFTH, SAME },
    { "the same, ignoring CF", FIFTH | IGNORE, SVSM_SUCCESS },
    { "4K, validate", FIFTH | VALIDATE, SVSM_SUCCESS },
    { "4K, validate what is valid", FIFTH | VALIDATE, SAME },
    { "the same, ignoring CF", FIFTH | VALIDATE | IGNORE, SVSM_SUCCESS },
    { "4K, rescind", FIFTH, SVSM_SUCCESS },
    { "4K, rescind again", FIFTH, SAME },
    { "4K, validate anew, ignoring CF", FIFTH | VALIDATE | IGNORE,
      SVSM_SUCCESS },
    { "2M over 4K pages, validate", VALIDATE | LARGE, SIZE },
    { "the same, ignoring CF", VALIDATE | LARGE | IGNORE, SIZE },
    { "2M over 4K pages, rescind", LARGE, SIZE },
    { "the 4K page is as it was", FIFTH | VALIDATE, SAME },
    { "its neighbour, too", AT(6), SAME },
    { "4K, rescind at the end", FIFTH, SVSM_SUCCESS },
};

static const struct state_row large_states[] = {
    { "2M, rescind what is not valid", LARGE, SAME },
    { "the same, ignoring CF", LARGE | IGNORE, SVSM_SUCCESS },
    { "2M, validate", VALIDATE | LARGE, SVSM_SUCCESS },
    { "2M, validate what is valid", VALIDATE | LARGE, SAME },
    { "the same, ignoring CF", VALIDATE | LARGE | IGNORE, SVSM_SUCCESS },
    { "2M, rescind", LARGE, SVSM_SUCCESS },
    { "2M, rescind again", LARGE, SAME },
    { "2M, validate anew", VALIDATE | LARGE, SVSM_SUCCESS },
    { "4K of it, validate", FIFTH | VALIDATE, SAME },
    { "4K of it, rescind", FIFTH, SVSM_SUCCESS },
    { "its neighbour before is valid", AT(4) | VALIDATE, SAME },
    { "its neighbour behind", AT(6) | VALIDATE, SAME },
    { "the last 4K", AT(511) | VALIDATE, SAME },
    { "2M, now of 4K pages, rescind", LARGE, SIZE },
    { "4K of it, validate again", FIFTH | VALIDATE, SVSM_SUCCESS },
};

static void run_states(const struct state_row *rows, unsigned count,
                       uint64_t base)
{
    for (unsigned i = 0; i < count; i++) {
        judge("6.2", svsm_pvalidate(base + rows[i].plus, 0), rows[i].want, 0,
              rows[i].what);
    }
}

static bool is_zero(uint64_t gpa, uint64_t size)
{
    for (uint64_t i = 0; i < size; i += 8) {
        if (*(volatile uint64_t *)(gpa + i) != 0) {
            return false;
        }
    }
    return true;
}

/* What the host puts behind a page must not be seen: it may be a page of the SVSM. */
static void test_contents(void)
{
    uint64_t large = FW_RAW + 0x800000, gpa = large + SNP_LARGE_PAGE_SIZE;
    volatile uint64_t *word = (void *)gpa;

    expect(svsm_pvalidate(gpa, VALIDATE), SVSM_SUCCESS, "6.2 4K, a fresh page");
    report(is_zero(gpa, PAGE), "6.2 it is zero");
    *word = 0x1234;
    expect(svsm_pvalidate(gpa, VALIDATE), SAME, "6.2 4K, again");
    report(*word == 0x1234, "6.2 nothing happened to it");
    if (!ANY_SVSM) {
        expect(svsm_pvalidate(gpa, VALIDATE | IGNORE), SVSM_SUCCESS,
               "6.2 4K, again, ignoring CF");
        report(*word == 0x1234, "6.2 nothing happened to it");
    }
    expect(svsm_pvalidate(gpa, 0), SVSM_SUCCESS, "6.2 4K, rescind");
    expect(svsm_pvalidate(gpa, VALIDATE), SVSM_SUCCESS, "6.2 4K, anew");
    report(*word == 0, "6.2 and it is zero again");
    expect(svsm_pvalidate(large, VALIDATE | LARGE), SVSM_SUCCESS,
           "6.2 2M, a fresh page");
    report(is_zero(large, SNP_LARGE_PAGE_SIZE), "6.2 all of it is zero");
    word = (void *)(large + SNP_LARGE_PAGE_SIZE - 8);
    *word = 0x5678;
    report(*word == 0x5678, "6.2 and can be written to its end");
    expect(svsm_pvalidate(large, LARGE), SVSM_SUCCESS, "6.2 2M, rescind");
}

void test_pvalidate_states(void)
{
    run_states(states, COUNT(states), FW_RAW + 0x400000);
    run_states(large_states, COUNT(large_states), FW_RAW + 0x600000);
    test_contents();
}
