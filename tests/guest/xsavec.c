/* SPDX-License-Identifier: MIT */
/*
 * XSAVEC and XRSTOR of the compacted form, which SNP guests need: their CPUID table must offer it.
 * Components 0 to 2 only (x87, SSE, AVX); AVX follows the header directly in either form.
 */
#include "tests/guest/guest.h"

#define CR4_OSXSAVE (1ull << 18)
#define MASK_ALL 7u
#define MASK_AVX 4u
#define COMPACT (1ull << 63)
#define XSTATE_BV 512
#define XCOMP_BV 520
#define AVX 576

static uint8_t *area;
static uint8_t pattern[32] __attribute__((aligned(32)));
static uint8_t found[32] __attribute__((aligned(32)));

static bool offered(void)
{
    const struct snp_cpuid_page *page = (void *)SVSM_CPUID_GPA;

    for (uint32_t i = 0; i < page->count; i++) {
        if (page->entry[i].eax_in == 0xd && page->entry[i].ecx_in == 1) {
            return page->entry[i].eax & 2;
        }
    }
    return false;
}

static volatile uint64_t *word(unsigned int offset)
{
    return (volatile uint64_t *)(area + offset);
}

static void xsavec(uint32_t mask)
{
    __asm__ volatile("xsavec64 (%0)"
                     :
                     : "r"(area), "a"(mask), "d"(0)
                     : "memory");
}

static void xrstor_at(void *at)
{
    __asm__ volatile("xrstor64 (%0)"
                     :
                     : "r"(at), "a"(MASK_ALL), "d"(0)
                     : "memory");
}

static void load_ymm5(void)
{
    __asm__ volatile("vmovdqa (%0), %%ymm5" : : "r"(pattern) : "memory");
}

static bool ymm5_is(const uint8_t *expected)
{
    __asm__ volatile("vmovdqa %%ymm5, (%0)" : : "r"(found) : "memory");
    return memcmp(found, expected, sizeof(found)) == 0;
}

static void enable(void)
{
    uint64_t cr4;

    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE));
    __asm__ volatile("xsetbv" : : "a"(MASK_ALL), "d"(0), "c"(0));
}

static void check_save(void)
{
    memset(area, 0, PAGE);
    memset(area, 0xcc, XSTATE_BV);
    load_ymm5();
    xsavec(MASK_ALL);
    report(*word(XCOMP_BV) == (COMPACT | MASK_ALL), "XCOMP_BV: all asked for");
    report((*word(XSTATE_BV) & 6) == 6, "XSTATE_BV: SSE and AVX are in use");
    report(memcmp(area + 160 + 5 * 16, pattern, 16) == 0, "XMM5's place");
    report(memcmp(area + AVX + 5 * 16, pattern + 16, 16) == 0, "YMM5's place");
    report(*(volatile uint32_t *)(area + 24) == 0x1f80, "MXCSR");
    memset(area, 0, PAGE);
    memset(area, 0xcc, XSTATE_BV);
    xsavec(MASK_AVX);
    report(*word(XCOMP_BV) == (COMPACT | MASK_AVX) &&
               *word(XSTATE_BV) == MASK_AVX,
           "only AVX: header");
    report(area[160 + 5 * 16] == 0xcc, "only AVX: XMM area untouched");
    report(memcmp(area + AVX + 5 * 16, pattern + 16, 16) == 0,
           "only AVX: contents");
    __asm__ volatile("vzeroupper");
    memset(area + AVX, 0, 256);
    xsavec(MASK_AVX);
    report(*word(XCOMP_BV) == (COMPACT | MASK_AVX), "AVX unused: XCOMP_BV");
}

static void check_restore(void)
{
    static const uint8_t zero[32];

    load_ymm5();
    memset(area, 0, PAGE);
    xsavec(MASK_ALL);
    __asm__ volatile("vzeroall");
    report(ymm5_is(zero), "YMM5 is zero before");
    xrstor_at(area);
    report(ymm5_is(pattern), "XRSTOR brings YMM5 back");
    *word(XSTATE_BV) &= ~(uint64_t)MASK_AVX;
    xrstor_at(area);
    report(memcmp(found, pattern, 16) == 0 && !ymm5_is(pattern) &&
               memcmp(found, pattern, 16) == 0 &&
               memcmp(found + 16, zero, 16) == 0,
           "a component that XSTATE_BV lacks is set to zero");
}

/* One word of a good header is changed each time. */
static void check_refused(void)
{
    static const struct {
        unsigned int at;
        uint64_t value;
        const char *what;
    } rows[] = {
        { XCOMP_BV, COMPACT | 3, "XSTATE_BV beyond XCOMP_BV: #GP" },
        { XCOMP_BV, COMPACT | 1ull << 40 | 7, "unknown component: #GP" },
        { XCOMP_BV, 7, "XCOMP_BV without its top bit: #GP" },
        { XSTATE_BV + 16, 1, "a reserved word of the header: #GP" },
        { XSTATE_BV + 56, 1, "the last word of the header: #GP" },
    };

    for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t old;

        memset(area, 0, PAGE);
        load_ymm5();
        xsavec(MASK_ALL);
        old = *word(rows[i].at);
        *word(rows[i].at) = rows[i].value;
        report_trap(xrstor_at, area, TRAP_GP, 0, rows[i].what);
        *word(rows[i].at) = old;
        report_no_trap(xrstor_at, area, "put back: no exception");
    }
    report_trap(xrstor_at, area + 8, TRAP_GP, 0, "not aligned: #GP");
}

void guest_main(void)
{
    if (!offered()) {
        report(true, "XSAVEC # SKIP CPUID D/1 does not offer it");
        return;
    }
    for (unsigned int i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(0x80 + i);
    }
    area = page_alloc();
    enable();
    check_save();
    check_restore();
    check_refused();
}
