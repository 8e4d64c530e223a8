/* SPDX-License-Identifier: MIT */
/* The emulated RMP: every result of its instructions, state changes, and when a flush is due. */
#include <glib.h>
#include <string.h>

#include "qemu-patches/overlay/target/i386/snp/rmp.h"

#define MIB 0x100000ull
#define BASE (4 * MIB) /* of the table that most tests use: 4 MiB .. 12 MiB + 8 KiB */
#define SIZE (8 * MIB + 2 * RMP_PAGE_SIZE)
#define TAIL (BASE + 8 * MIB) /* two pages that belong to no large one */
#define PAGE(n) (BASE + (n)*RMP_PAGE_SIZE)

static SnpRmp *table(void)
{
    SnpRmp *rmp = rmp_new();

    g_assert_true(rmp_add(rmp, BASE, SIZE));
    return rmp;
}

static RmpResult validate(SnpRmp *rmp, uint64_t gpa, bool large, bool on)
{
    RmpResult res;

    rmp_pvalidate(rmp, gpa, large, on, &res);
    return res;
}

static RmpResult adjust(SnpRmp *rmp, uint64_t gpa, bool large, unsigned vmpl, uint64_t rdx)
{
    RmpResult res;

    rmp_adjust(rmp, gpa, large, vmpl, rdx, &res);
    return res;
}

static uint64_t grant(unsigned vmpl, unsigned perms)
{
    return vmpl | perms << RMPADJUST_PERM_SHIFT;
}

static RmpFault reads(SnpRmp *rmp, uint64_t gpa, unsigned vmpl)
{
    unsigned rights;

    return rmp_access(rmp, gpa, vmpl, RMP_PERM_READ, &rights);
}

static bool convert(SnpRmp *rmp, uint64_t gpa, bool large, bool private, bool *flush)
{
    bool changed;

    g_assert_true(rmp_convert(rmp, gpa, large, private, &changed, flush));
    return changed;
}

static void test_ranges(void)
{
    SnpRmp *rmp = table();

    g_assert_false(rmp_add(rmp, 0, 0));
    g_assert_false(rmp_add(rmp, 0x800, RMP_PAGE_SIZE));
    g_assert_false(rmp_add(rmp, 0, 0x800));
    g_assert_false(rmp_add(rmp, BASE - RMP_PAGE_SIZE, 2 * RMP_PAGE_SIZE));
    g_assert_false(rmp_add(rmp, BASE + SIZE - RMP_PAGE_SIZE, RMP_PAGE_SIZE));
    g_assert_false(rmp_add(rmp, 0, 64 * MIB));
    g_assert_false(rmp_add(rmp, -RMP_PAGE_SIZE, 2 * RMP_PAGE_SIZE));
    g_assert_true(rmp_add(rmp, BASE + SIZE, RMP_PAGE_SIZE));
    g_assert_true(rmp_add(rmp, 0x8000000000, 2 * MIB));

    g_assert_true(rmp_covers(rmp, BASE, SIZE + RMP_PAGE_SIZE));
    g_assert_false(rmp_covers(rmp, BASE, SIZE + 2 * RMP_PAGE_SIZE));
    g_assert_false(rmp_covers(rmp, BASE - 1, 2));
    g_assert_false(rmp_covers(rmp, 0x8000000000, UINT64_MAX));
    g_assert_cmphex(rmp_entry(rmp, BASE - 1), ==, 0);
    g_assert_cmphex(rmp_entry(rmp, BASE), ==, RMP_COVERED | RMP_ASSIGNED | RMP_LARGE);
    g_assert_cmphex(rmp_entry(rmp, TAIL), ==, RMP_COVERED | RMP_ASSIGNED);
    g_assert_cmphex(rmp_entry(rmp, 0x8000000000), ==, RMP_COVERED | RMP_ASSIGNED | RMP_LARGE);
    rmp_free(rmp);
}

static void test_ranges_full(void)
{
    SnpRmp *rmp = rmp_new();
    unsigned n = 0;

    while (n < 1000 && rmp_add(rmp, n * MIB, RMP_PAGE_SIZE)) {
        n++;
    }
    g_assert_cmpuint(n, >=, 16);
    g_assert_cmpuint(n, <, 1000);
    rmp_free(rmp);
}

static void test_pvalidate(void)
{
    SnpRmp *rmp = table();
    RmpResult res;

    g_assert_cmpint(reads(rmp, TAIL, 0), ==, RMP_FAULT_NOT_VALIDATED);
    res = validate(rmp, TAIL, false, true);
    g_assert_cmpint(res.fault, ==, RMP_FAULT_NONE);
    g_assert_cmpuint(res.eax, ==, SNP_OK);
    g_assert_false(res.unchanged);
    g_assert_cmpint(reads(rmp, TAIL, 0), ==, RMP_FAULT_NONE);
    g_assert_true(validate(rmp, TAIL, false, true).unchanged);
    res = validate(rmp, TAIL, false, false);
    g_assert_false(res.unchanged);
    g_assert_cmpint(reads(rmp, TAIL, 0), ==, RMP_FAULT_NOT_VALIDATED);
    g_assert_true(validate(rmp, TAIL, false, false).unchanged);

    g_assert_cmpint(validate(rmp, 0, false, true).fault, ==, RMP_FAULT_NOT_COVERED);
    rmp_free(rmp);
}

static void test_pvalidate_large(void)
{
    SnpRmp *rmp = table();

    g_assert_cmpuint(validate(rmp, PAGE(1), true, true).eax, ==, SNP_FAIL_INPUT);
    g_assert_cmpuint(validate(rmp, TAIL, true, true).eax, ==, SNP_FAIL_SIZEMISMATCH);
    g_assert_cmpuint(validate(rmp, BASE, true, true).eax, ==, SNP_OK);
    g_assert_cmpint(reads(rmp, PAGE(511), 0), ==, RMP_FAULT_NONE);
    g_assert_cmpint(reads(rmp, PAGE(512), 0), ==, RMP_FAULT_NOT_VALIDATED);
    g_assert_true(validate(rmp, BASE, true, true).unchanged);
    /* What is as asked for already stays large; a real change splits. */
    g_assert_true(validate(rmp, PAGE(7), false, true).unchanged);
    g_assert_true(rmp_entry(rmp, PAGE(7)) & RMP_LARGE);
    g_assert_false(validate(rmp, PAGE(7), false, false).unchanged);
    g_assert_cmpint(reads(rmp, PAGE(7), 0), ==, RMP_FAULT_NOT_VALIDATED);
    g_assert_cmpint(reads(rmp, PAGE(8), 0), ==, RMP_FAULT_NONE);
    g_assert_cmpuint(validate(rmp, BASE, true, true).eax, ==, SNP_FAIL_SIZEMISMATCH);
    rmp_free(rmp);
}

static void test_adjust_results(void)
{
    static const struct {
        const char *what;
        unsigned vmpl;
        bool large;
        uint64_t gpa, rdx;
        RmpFault fault;
        uint32_t eax;
    } row[] = {
        { "grant", 0, false, TAIL, 2 | RMP_PERM_ALL << 8, RMP_FAULT_NONE, SNP_OK },
        { "own level", 0, false, TAIL, 0, RMP_FAULT_NONE, SNP_FAIL_PERMISSION },
        { "higher level", 2, false, TAIL, 1, RMP_FAULT_NONE, SNP_FAIL_PERMISSION },
        { "own level 2", 2, false, TAIL, 2, RMP_FAULT_NONE, SNP_FAIL_PERMISSION },
        { "no such level", 0, false, TAIL, 4, RMP_FAULT_NONE, SNP_FAIL_INPUT },
        { "level 255", 0, false, TAIL, 255, RMP_FAULT_NONE, SNP_FAIL_INPUT },
        { "large, misaligned", 0, true, PAGE(1), 1, RMP_FAULT_NONE, SNP_FAIL_INPUT },
        { "large of small", 0, true, PAGE(1024), 1, RMP_FAULT_NONE, SNP_FAIL_SIZEMISMATCH },
        { "large VMSA", 0, true, BASE, 1 | RMPADJUST_VMSA, RMP_FAULT_NONE, SNP_FAIL_INPUT },
        { "large", 0, true, BASE, 1 | RMP_PERM_READ << 8, RMP_FAULT_NONE, SNP_OK },
        { "more than one has", 1, false, TAIL + RMP_PAGE_SIZE, 2 | RMP_PERM_WRITE << 8,
          RMP_FAULT_NONE, SNP_FAIL_PERMISSION },
        { "not validated", 0, false, PAGE(512), 1, RMP_FAULT_NOT_VALIDATED, 0 },
        { "nowhere", 0, false, 0, 1, RMP_FAULT_NOT_COVERED, 0 },
        { "shared", 0, false, PAGE(1025), 1, RMP_FAULT_NOT_ASSIGNED, 0 },
        { "reserved bits", 0, false, TAIL, 1ull << 17 | 1, RMP_FAULT_NONE, SNP_OK },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(row); i++) {
        SnpRmp *rmp = table();
        bool flush = false;
        RmpResult res;

        validate(rmp, TAIL, false, true);
        validate(rmp, TAIL + RMP_PAGE_SIZE, false, true);
        validate(rmp, BASE, true, true);
        convert(rmp, PAGE(1025), false, false, &flush);
        res = adjust(rmp, row[i].gpa, row[i].large, row[i].vmpl, row[i].rdx);
        g_test_message("%s", row[i].what);
        g_assert_cmpint(res.fault, ==, row[i].fault);
        g_assert_cmpuint(res.eax, ==, row[i].eax);
        rmp_free(rmp);
    }
}

static void test_rights(void)
{
    SnpRmp *rmp = table();
    unsigned rights;

    validate(rmp, TAIL, false, true);
    for (unsigned perms = 0; perms <= RMP_PERM_ALL; perms++) {
        g_assert_cmpuint(adjust(rmp, TAIL, false, 0, grant(2, perms)).eax, ==, SNP_OK);
        for (unsigned need = 1; need <= RMP_PERM_EXEC_SUPER; need <<= 1) {
            g_assert_cmpint(rmp_access(rmp, TAIL, 2, need, &rights), ==,
                            perms & need ? RMP_FAULT_NONE : RMP_FAULT_PERMISSION);
            g_assert_cmpint(rmp_access(rmp, TAIL, 0, need, &rights), ==, RMP_FAULT_NONE);
            g_assert_cmpuint(rights, ==, RMP_PERM_ALL);
            g_assert_cmpint(rmp_access(rmp, TAIL, 1, need, &rights), ==, RMP_FAULT_PERMISSION);
            g_assert_cmpint(rmp_access(rmp, TAIL, 3, need, &rights), ==, RMP_FAULT_PERMISSION);
        }
    }
    /* A level passes on what it has, no more. */
    adjust(rmp, TAIL, false, 0, grant(1, RMP_PERM_READ | RMP_PERM_WRITE));
    g_assert_cmpuint(adjust(rmp, TAIL, false, 1, grant(3, RMP_PERM_READ)).eax, ==, SNP_OK);
    g_assert_cmpuint(adjust(rmp, TAIL, false, 1, grant(3, RMP_PERM_ALL)).eax, ==,
                     SNP_FAIL_PERMISSION);
    g_assert_cmpint(reads(rmp, TAIL, 3), ==, RMP_FAULT_NONE);
    /* Rescinding keeps them; conversion does not. */
    validate(rmp, TAIL, false, false);
    validate(rmp, TAIL, false, true);
    g_assert_cmpint(reads(rmp, TAIL, 3), ==, RMP_FAULT_NONE);
    rmp_free(rmp);
}

static void test_vmsa(void)
{
    SnpRmp *rmp = table();
    bool changed, flush = false;
    unsigned rights;

    g_assert_false(rmp_vmsa_enter(rmp, TAIL));
    validate(rmp, TAIL, false, true);
    g_assert_false(rmp_vmsa_enter(rmp, TAIL));
    adjust(rmp, TAIL, false, 0, grant(2, RMP_PERM_ALL));
    /* Only VMPL0 makes a VMSA; below, the bit is ignored. */
    g_assert_cmpuint(adjust(rmp, TAIL, false, 2, 3 | RMPADJUST_VMSA).eax, ==, SNP_OK);
    g_assert_false(rmp_entry(rmp, TAIL) & RMP_VMSA);
    adjust(rmp, TAIL, false, 0, grant(1, 0) | RMPADJUST_VMSA);
    g_assert_true(rmp_entry(rmp, TAIL) & RMP_VMSA);
    /* Its owner writes it, another level with all rights does not. */
    g_assert_cmpint(rmp_access(rmp, TAIL, 0, RMP_PERM_WRITE, &rights), ==, RMP_FAULT_NONE);
    g_assert_cmpint(rmp_access(rmp, TAIL, 2, RMP_PERM_WRITE, &rights), ==, RMP_FAULT_PERMISSION);
    g_assert_cmpint(rmp_access(rmp, TAIL, 2, RMP_PERM_READ, &rights), ==, RMP_FAULT_NONE);
    g_assert_false(rights & RMP_PERM_WRITE);

    g_assert_false(rmp_vmsa_enter(rmp, TAIL + 1));
    g_assert_true(rmp_vmsa_enter(rmp, TAIL));
    g_assert_false(rmp_vmsa_enter(rmp, TAIL));
    g_assert_cmpuint(adjust(rmp, TAIL, false, 0, grant(1, 0)).eax, ==, RMP_FAIL_INUSE);
    g_assert_cmpint(validate(rmp, TAIL, false, false).fault, ==, RMP_FAULT_VMSA_RUNNING);
    g_assert_false(rmp_convert(rmp, TAIL, false, false, &changed, &flush));
    rmp_vmsa_leave(rmp, TAIL);
    g_assert_cmpuint(adjust(rmp, TAIL, false, 0, grant(1, 0)).eax, ==, SNP_OK);
    g_assert_false(rmp_entry(rmp, TAIL) & RMP_VMSA);
    g_assert_false(rmp_vmsa_enter(rmp, TAIL));
    rmp_vmsa_leave(rmp, 0);
    g_assert_false(rmp_vmsa_enter(rmp, 0));
    rmp_free(rmp);
}

static void test_convert(void)
{
    SnpRmp *rmp = table();
    bool changed, flush = false;

    rmp_launch(rmp, TAIL);
    adjust(rmp, TAIL, false, 0, grant(1, RMP_PERM_ALL) | RMPADJUST_VMSA);
    g_assert_false(convert(rmp, TAIL, false, true, &flush));
    g_assert_cmpint(reads(rmp, TAIL, 0), ==, RMP_FAULT_NONE);
    g_assert_true(convert(rmp, TAIL, false, false, &flush));
    g_assert_cmpint(reads(rmp, TAIL, 0), ==, RMP_FAULT_NOT_ASSIGNED);
    g_assert_cmpint(validate(rmp, TAIL, false, true).fault, ==, RMP_FAULT_NOT_ASSIGNED);
    g_assert_false(convert(rmp, TAIL, false, false, &flush));
    g_assert_true(convert(rmp, TAIL, false, true, &flush));
    g_assert_cmphex((uint32_t)rmp_entry(rmp, TAIL), ==, RMP_COVERED | RMP_ASSIGNED);

    g_assert_false(rmp_convert(rmp, 0, false, true, &changed, &flush));
    g_assert_false(rmp_convert(rmp, PAGE(1), true, true, &changed, &flush));
    g_assert_false(rmp_convert(rmp, TAIL, true, true, &changed, &flush));
    rmp_free(rmp);
}

static void test_convert_large(void)
{
    SnpRmp *rmp = table();
    bool flush = false;

    /* Nothing to do leaves a large page large. */
    g_assert_false(convert(rmp, PAGE(3), false, true, &flush));
    g_assert_true(rmp_entry(rmp, PAGE(3)) & RMP_LARGE);
    /* Large there and back again is large. */
    g_assert_true(convert(rmp, BASE, true, false, &flush));
    g_assert_cmpint(reads(rmp, PAGE(511), 0), ==, RMP_FAULT_NOT_ASSIGNED);
    g_assert_cmpint(reads(rmp, PAGE(512), 0), ==, RMP_FAULT_NOT_VALIDATED);
    g_assert_true(convert(rmp, BASE, true, true, &flush));
    g_assert_cmpuint(validate(rmp, BASE, true, true).eax, ==, SNP_OK);
    /* One page less: the rest is small, and stays as validated as it was. */
    g_assert_true(convert(rmp, PAGE(3), false, false, &flush));
    g_assert_false(rmp_entry(rmp, PAGE(4)) & RMP_LARGE);
    g_assert_cmpint(reads(rmp, PAGE(4), 0), ==, RMP_FAULT_NONE);
    g_assert_true(convert(rmp, BASE, true, true, &flush));
    g_assert_cmpint(reads(rmp, PAGE(3), 0), ==, RMP_FAULT_NOT_VALIDATED);
    g_assert_cmpint(reads(rmp, PAGE(4), 0), ==, RMP_FAULT_NONE);
    g_assert_cmpuint(validate(rmp, BASE, true, true).eax, ==, SNP_FAIL_SIZEMISMATCH);
    rmp_free(rmp);
}

static void test_smash(void)
{
    SnpRmp *rmp = table();
    bool flush = false;

    g_assert_true(rmp_smash(rmp, BASE));
    g_assert_false(rmp_smash(rmp, BASE));
    g_assert_false(rmp_smash(rmp, PAGE(1)));
    g_assert_false(rmp_smash(rmp, TAIL));
    g_assert_true(rmp_unsmash(rmp, BASE));
    g_assert_true(rmp_entry(rmp, PAGE(511)) & RMP_LARGE);
    validate(rmp, PAGE(9), false, true);
    g_assert_false(rmp_unsmash(rmp, BASE));
    validate(rmp, PAGE(9), false, false);
    g_assert_true(rmp_unsmash(rmp, BASE));
    convert(rmp, BASE, true, false, &flush);
    g_assert_false(rmp_unsmash(rmp, BASE));
    g_assert_false(rmp_unsmash(rmp, TAIL));
    rmp_free(rmp);
}

static void test_query(void)
{
    SnpRmp *rmp = table();
    RmpResult res;

    validate(rmp, TAIL, false, true);
    adjust(rmp, TAIL, false, 0, grant(2, RMP_PERM_READ) | RMPADJUST_VMSA);
    rmp_query(rmp, TAIL, 0, 2, &res);
    g_assert_cmpuint(res.eax, ==, SNP_OK);
    g_assert_cmpuint(res.perms, ==, RMP_PERM_READ);
    g_assert_true(res.vmsa);
    g_assert_false(res.large);
    rmp_query(rmp, TAIL, 2, 2, &res);
    g_assert_cmpuint(res.eax, ==, SNP_OK);
    rmp_query(rmp, TAIL, 2, 1, &res);
    g_assert_cmpuint(res.eax, ==, SNP_FAIL_PERMISSION);
    rmp_query(rmp, TAIL, 0, 4, &res);
    g_assert_cmpuint(res.eax, ==, SNP_FAIL_INPUT);
    rmp_query(rmp, BASE, 0, 1, &res);
    g_assert_cmpint(res.fault, ==, RMP_FAULT_NOT_VALIDATED);
    rmp_query(rmp, 0, 0, 1, &res);
    g_assert_cmpint(res.fault, ==, RMP_FAULT_NOT_COVERED);
    validate(rmp, BASE, true, true);
    rmp_query(rmp, PAGE(5), 0, 1, &res);
    g_assert_true(res.large);
    rmp_free(rmp);
}

/* A flush is due if and only if a TLB may hold what became too loose. */
static void test_flush(void)
{
    SnpRmp *rmp = table();
    bool flush = false;

    g_assert_false(validate(rmp, TAIL, false, true).flush);
    g_assert_false(validate(rmp, TAIL, false, false).flush);
    validate(rmp, TAIL, false, true);
    reads(rmp, TAIL, 0);
    g_assert_false(adjust(rmp, TAIL, false, 0, grant(2, RMP_PERM_ALL)).flush);
    g_assert_true(adjust(rmp, TAIL, false, 0, grant(2, RMP_PERM_READ)).flush);
    g_assert_true(adjust(rmp, TAIL, false, 0, grant(1, 0) | RMPADJUST_VMSA).flush);
    rmp_flushed(rmp);
    g_assert_false(adjust(rmp, TAIL, false, 0, grant(2, 0)).flush);
    reads(rmp, TAIL, 1); /* denied: nothing cached */
    g_assert_false(validate(rmp, TAIL, false, false).flush);
    validate(rmp, TAIL, false, true);
    reads(rmp, TAIL, 0);
    g_assert_true(validate(rmp, TAIL, false, false).flush);
    g_assert_false(validate(rmp, TAIL, false, false).flush);

    rmp_flushed(rmp);
    convert(rmp, TAIL, false, false, &flush);
    convert(rmp, BASE, true, false, &flush);
    g_assert_false(flush);
    convert(rmp, BASE, true, true, &flush);
    validate(rmp, BASE, true, true);
    reads(rmp, PAGE(300), 0);
    g_assert_true(validate(rmp, BASE, true, false).flush);
    convert(rmp, BASE, true, false, &flush);
    g_assert_true(flush);
    rmp_free(rmp);
}

static void test_counts(void)
{
    SnpRmp *rmp = table();
    RmpCounts counts;
    bool flush = false;

    g_assert_true(rmp_launch(rmp, TAIL));
    g_assert_true(rmp_launch(rmp, PAGE(512)));
    g_assert_false(rmp_launch(rmp, 0));
    adjust(rmp, TAIL, false, 0, 1 | RMPADJUST_VMSA);
    convert(rmp, PAGE(0), false, false, &flush);
    rmp_count(rmp, &counts);
    g_assert_cmpuint(counts.pages, ==, 2050);
    g_assert_cmpuint(counts.assigned, ==, 2049);
    g_assert_cmpuint(counts.validated, ==, 2);
    g_assert_cmpuint(counts.vmsa, ==, 1);
    g_assert_cmpuint(counts.large, ==, 1024);
    rmp_free(rmp);
}

/* Threads stamp an entry with accesses while another changes it: nothing may get lost. */
typedef struct Race {
    SnpRmp *rmp;
    int stop;
} Race;

static gpointer reader(gpointer data)
{
    Race *race = data;

    while (!g_atomic_int_get(&race->stop)) {
        unsigned rights;
        RmpFault fault = rmp_access(race->rmp, TAIL, 2, RMP_PERM_READ, &rights);

        g_assert_true(fault == RMP_FAULT_NONE || fault == RMP_FAULT_PERMISSION ||
                      fault == RMP_FAULT_NOT_VALIDATED);
    }
    return NULL;
}

/* After a reset a table is as it was at first, and no TLB knows of it. */
static void test_reset(void)
{
    SnpRmp *rmp = table(), *fresh = table();
    bool flush = false;
    unsigned rights;

    validate(rmp, BASE, true, true);
    validate(rmp, TAIL, false, true);
    adjust(rmp, TAIL, false, 0, grant(1, RMP_PERM_ALL));
    g_assert_cmpint(rmp_access(rmp, TAIL, 1, RMP_PERM_READ, &rights), ==,
                    RMP_FAULT_NONE);
    convert(rmp, BASE + 2 * MIB, true, false, &flush);
    g_assert_true(rmp_smash(rmp, BASE + 4 * MIB));
    g_assert_true(rmp_launch(rmp, BASE + 6 * MIB));
    validate(rmp, PAGE(3 * 512 + 1), false, true);
    adjust(rmp, PAGE(3 * 512 + 1), false, 0, grant(1, 0) | RMPADJUST_VMSA);
    g_assert_true(rmp_vmsa_enter(rmp, PAGE(3 * 512 + 1)));
    rmp_reset(rmp);
    for (uint64_t at = 0; at < SIZE; at += RMP_PAGE_SIZE) {
        g_assert_cmphex(rmp_entry(rmp, BASE + at), ==,
                        rmp_entry(fresh, BASE + at));
    }
    g_assert_cmpint(reads(rmp, TAIL, 0), ==, RMP_FAULT_NOT_VALIDATED);
    validate(rmp, TAIL, false, true);
    g_assert_cmpint(reads(rmp, TAIL, 1), !=, RMP_FAULT_NONE);
    rmp_free(rmp);
    rmp_free(fresh);
}

static void test_race(void)
{
    Race race = { table(), 0 };
    GThread *thread[2];

    rmp_launch(race.rmp, TAIL);
    for (unsigned i = 0; i < G_N_ELEMENTS(thread); i++) {
        thread[i] = g_thread_new("reader", reader, &race);
    }
    for (unsigned i = 0; i < 20000; i++) {
        g_assert_false(validate(race.rmp, TAIL, false, false).unchanged);
        g_assert_false(validate(race.rmp, TAIL, false, true).unchanged);
        adjust(race.rmp, TAIL, false, 0, grant(2, i & 1 ? RMP_PERM_ALL : 0));
        g_assert_cmpuint(rmp_perms(rmp_entry(race.rmp, TAIL), 2), ==, i & 1 ? RMP_PERM_ALL : 0);
        if (i % 7 == 0) {
            rmp_flushed(race.rmp);
        }
    }
    g_atomic_int_set(&race.stop, 1);
    for (unsigned i = 0; i < G_N_ELEMENTS(thread); i++) {
        g_thread_join(thread[i]);
    }
    rmp_free(race.rmp);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rmp/ranges", test_ranges);
    g_test_add_func("/rmp/ranges-full", test_ranges_full);
    g_test_add_func("/rmp/pvalidate", test_pvalidate);
    g_test_add_func("/rmp/pvalidate-large", test_pvalidate_large);
    g_test_add_func("/rmp/adjust-results", test_adjust_results);
    g_test_add_func("/rmp/rights", test_rights);
    g_test_add_func("/rmp/vmsa", test_vmsa);
    g_test_add_func("/rmp/convert", test_convert);
    g_test_add_func("/rmp/convert-large", test_convert_large);
    g_test_add_func("/rmp/smash", test_smash);
    g_test_add_func("/rmp/query", test_query);
    g_test_add_func("/rmp/flush", test_flush);
    g_test_add_func("/rmp/counts", test_counts);
    g_test_add_func("/rmp/reset", test_reset);
    g_test_add_func("/rmp/race", test_race);
    return g_test_run();
}
