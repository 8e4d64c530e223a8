/* SPDX-License-Identifier: MIT */
/* SVSM conformance: PVALIDATE lists as a whole (58019 6.2): form, order, `next`, resumption. */
#include "tests/guest/svsm-calls.h"

#define VALIDATE SVSM_PVALIDATE_VALIDATE
#define IGNORE SVSM_PVALIDATE_IGNORE_CF
#define LARGE 1
#define MANY 20 /* large pages: more than an SVSM may do at once */

/* 511 pages that are not valid, before and after each test */
static const uint64_t pool = FW_RAW + PAGE;
static struct svsm_pvalidate_hdr *list;
static uint64_t *entry;

static void list_at(struct arg at)
{
    list = (void *)place(at);
    entry = (uint64_t *)(list + 1);
}

static uint64_t send(void)
{
    return svsm(0, SVSM_CORE_PVALIDATE, (uint64_t)list);
}

/* Entries for `count` pages of the pool from `first` on. */
static void fill(unsigned first, unsigned count, uint64_t flags)
{
    *list = (struct svsm_pvalidate_hdr){ .entries = (uint16_t)count };
    for (unsigned i = 0; i < count; i++) {
        entry[i] = (pool + (first + i) * (uint64_t)PAGE) | flags;
    }
}

static bool is_valid(unsigned page)
{
    return svsm_pvalidate(pool + page * (uint64_t)PAGE, VALIDATE) ==
           SVSM_ERR_PVALIDATE_UNCHANGED;
}

/* Rescinds `page` and says whether it was valid. */
static bool take(unsigned page)
{
    return svsm_pvalidate(pool + page * (uint64_t)PAGE, 0) == SVSM_SUCCESS;
}

static const struct row addresses[] = {
    { "6.2", "list, 1 off", CORE(PVALIDATE), { GOOD, 1 }, .want = PARAMETER },
    { "6.2", "list, 4 off", CORE(PVALIDATE), { GOOD, 4 }, .want = PARAMETER },
    { "6.2", "list in no memory", CORE(PVALIDATE), { BEYOND, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.2", "list in the SVSM", CORE(PVALIDATE), { SVSM, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "6.2", "list at the SVSM's end", CORE(PVALIDATE), { SVSM_LAST, PAGE - 16 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.2", "list in a page not validated", CORE(PVALIDATE), { RAW, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "6.2", "list by the C-bit", CORE(PVALIDATE), { GOOD, SNP_CBIT },
      .want = ADDRESS, .also = PARAMETER },
};

static const struct form_row {
    const char *what;
    struct arg at;
    uint16_t entries, next;
    uint64_t want;
} forms[] = {
    { "no entries", { GOOD, 0 }, 0, 0, PARAMETER },
    { "next on the end", { GOOD, 0 }, 2, 2, PARAMETER },
    { "next behind the end", { GOOD, 0 }, 2, 3, PARAMETER },
    { "next ffff", { GOOD, 0 }, 2, 0xffff, PARAMETER },
    { "512 entries", { GOOD, 0 }, 512, 0, PARAMETER },
    { "ffff entries", { GOOD, 0 }, 0xffff, 0, PARAMETER },
    { "ffff entries, next on the last", { GOOD, 0 }, 0xffff, 0xfffe, PARAMETER },
    { "511 entries, 8 into the page", { GOOD, 8 }, 511, 0, PARAMETER },
    { "1 entry, the header ends the page", { GOOD, PAGE - 8 }, 1, 0, PARAMETER },
    { "1 entry that ends the page", { GOOD, PAGE - 16 }, 1, 0, SVSM_SUCCESS },
    { "1 entry that ends RAM", { LAST, PAGE - 16 }, 1, 0, SVSM_SUCCESS },
    { "2 entries, the second one behind", { GOOD, PAGE - 16 }, 2, 0,
      PARAMETER },
};

static void test_forms(void)
{
    for (unsigned i = 0; i < COUNT(forms); i++) {
        const struct form_row *r = &forms[i];
        uint64_t rax;

        list_at(r->at);
        *list = (struct svsm_pvalidate_hdr){ r->entries, r->next, 0 };
        if ((uint64_t)list % PAGE <= PAGE - 16) {
            entry[0] = pool | VALIDATE;
        }
        rax = send();
        judge("6.2 list,", rax, r->want, 0, r->what);
        if (take(0) != (r->want == SVSM_SUCCESS) ||
            list->next != (r->want == SVSM_SUCCESS ? 1 : r->next)) {
            report(false, "6.2 list, %s: page and next", r->what);
        }
    }
}

/* A failing entry: what is before it is done, what is behind it is not. */
static void test_partial(unsigned bad, uint64_t what, uint64_t want)
{
    list_at((struct arg){ GOOD, 0 });
    fill(0, 4, VALIDATE);
    entry[bad] = what;
    expect(send(), want, "6.2 list with one bad entry");
    report(list->next == bad, "6.2 next is %u", bad);
    report(list->entries == 4 && entry[bad] == what,
           "6.2 the rest of the list is as it was");
    for (unsigned i = 0; i < 4; i++) {
        report(take(i) == (i < bad), "6.2 page %u is %s", i,
               i < bad ? "done" : "not touched");
    }
}

static void test_resume(void)
{
    list_at((struct arg){ GOOD, 0 });
    fill(0, 3, VALIDATE);
    entry[1] = pool | VALIDATE; /* valid by then */
    expect(send(), SVSM_ERR_PVALIDATE_UNCHANGED, "6.2 list, stops at 1");
    entry[1] = (pool + PAGE) | VALIDATE;
    expect(send(), SVSM_SUCCESS, "6.2 list, taken up there");
    report(list->next == 3, "6.2 next is behind the end");
    expect(send(), PARAMETER, "6.2 the same list once more");
    fill(0, 3, 0);
    list->next = 2;
    expect(send(), SVSM_SUCCESS, "6.2 list, the last entry alone");
    report(is_valid(0) && is_valid(1) && !take(2),
           "6.2 those before are not looked at");
    report(take(0) && take(1), "6.2 they were valid");
}

/* As many 4K entries as a page has room for, there and back. */
static void test_full(struct arg at, unsigned count)
{
    list_at(at);
    fill(0, count, VALIDATE);
    expect(send(), SVSM_SUCCESS, "6.2 full list, validate");
    report(list->next == count, "6.2 next is %u", count);
    report(is_valid(0) && is_valid(count / 2) && is_valid(count - 1),
           "6.2 first, middle and last page are valid");
    fill(0, count, 0);
    expect(send(), SVSM_SUCCESS, "6.2 full list, rescind");
    report(!take(0) && !take(count / 2) && !take(count - 1),
           "6.2 none of them is any more");
}

/* An SVSM may stop with SVSM_ERR_INCOMPLETE; then `next` says where, and the call is repeated. */
static unsigned run_parts(uint64_t *rax)
{
    unsigned parts = 0, before;
    struct call c;

    do {
        before = list->next;
        c = (struct call){ CORE(PVALIDATE), (uint64_t)list, 0, 0, 0 };
        *rax = svsm_call_once(&c);
        parts++;
    } while ((*rax == SVSM_ERR_INCOMPLETE && list->next > before) ||
             *rax == SVSM_ERR_BUSY);
    return parts;
}

static void test_many(uint64_t flags)
{
    const uint64_t base = FW_RAW + SNP_LARGE_PAGE_SIZE;
    unsigned parts;
    uint64_t rax;

    list_at((struct arg){ GOOD, 0 });
    *list = (struct svsm_pvalidate_hdr){ .entries = MANY };
    for (unsigned i = 0; i < MANY; i++) {
        entry[i] = (base + i * (uint64_t)SNP_LARGE_PAGE_SIZE) | LARGE | flags;
    }
    parts = run_parts(&rax);
    expect(rax, SVSM_SUCCESS, "6.2 many 2M pages, in parts that advance");
    report(list->next == MANY, "6.2 next is %u", MANY);
    report(ANY_SVSM || parts == 2, "6.2 done in %u parts", parts);
}

/* A list may name the page that it lies in. */
static void test_own_page(void)
{
    list = (void *)fw_page();
    entry = (uint64_t *)(list + 1);
    *list = (struct svsm_pvalidate_hdr){ .entries = 1 };
    entry[0] = (uint64_t)list;
    expect(send(), SVSM_SUCCESS, "6.2 list that takes its own page");
    expect(svsm_pvalidate((uint64_t)list, 0), SVSM_ERR_PVALIDATE_UNCHANGED,
           "6.2 it is gone");
}

void test_pvalidate_lists(void)
{
    run_rows(addresses, COUNT(addresses));
    test_forms();
    test_partial(0, pool | VALIDATE | 1 << 4, PARAMETER);
    test_partial(2, place((struct arg){ SVSM, 0 }) | VALIDATE, ADDRESS);
    test_partial(3, pool | VALIDATE, SVSM_ERR_PVALIDATE_UNCHANGED);
    test_partial(1, (pool + 3 * PAGE), SVSM_ERR_PVALIDATE_UNCHANGED);
    test_resume();
    test_many(VALIDATE);
    test_many(0);
    test_full((struct arg){ GOOD, 0 }, 511);
    test_full((struct arg){ CALLING, 8 }, 510);
    test_full((struct arg){ LAST, 0 }, 511);
    if (!ANY_SVSM) {
        test_own_page();
    }
}
