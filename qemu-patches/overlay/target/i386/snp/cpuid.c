/*
 * CPUID under emulated SEV-SNP: the answers of the host and the CPUID page
 *
 * Both come from one function, so that what a guest reads from the page
 * agrees with what it asks the host for.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "cpu.h"
#include "hw/boards.h"
#include "qemu/error-report.h"
#include "host.h"

/* CPUID 8000001F EBX[15:12] */
#define SEV_EBX_VMPLS_SHIFT 12
/* XSAVE area with x87 and SSE only: XCR0 = 1 at the start of a guest */
#define XSAVE_BASE_SIZE 0x240

void snp_cpuid(X86CPU *cpu, uint32_t leaf, uint32_t subleaf, uint32_t regs[4])
{
    X86ConfidentialGuest *cg = X86_CONFIDENTIAL_GUEST(snp_object());

    cpu_x86_cpuid(&cpu->env, leaf, subleaf, &regs[R_EAX], &regs[R_EBX],
                  &regs[R_ECX], &regs[R_EDX]);

    for (int reg = 0; reg < 4; reg++) {
        regs[reg] = x86_confidential_guest_mask_cpuid_features(cg, leaf,
                                                               subleaf, reg,
                                                               regs[reg]);
    }
    if (leaf == CPUID_SEV_LEAF) {
        regs[R_EAX] |= CPUID_SEV_EAX_VMPL | CPUID_SEV_EAX_RMPQUERY;
        regs[R_EBX] &= ~(0xfu << SEV_EBX_VMPLS_SHIFT);
        regs[R_EBX] |= SNP_VMPL_COUNT << SEV_EBX_VMPLS_SHIFT;
    }
}

static void add_entry(struct snp_cpuid_page *page, X86CPU *cpu, uint32_t leaf,
                      uint32_t subleaf, const uint32_t regs[4])
{
    struct snp_cpuid_entry *e;

    if (page->count == SNP_CPUID_COUNT_MAX) {
        warn_report_once("sev-snp-emulated: CPUID has more than %u leaves, "
                         "the CPUID page lacks some", SNP_CPUID_COUNT_MAX);
        return;
    }
    e = &page->entry[page->count++];
    e->eax_in = leaf;
    e->ecx_in = subleaf;
    e->eax = regs[R_EAX];
    e->ebx = regs[R_EBX];
    e->ecx = regs[R_ECX];
    e->edx = regs[R_EDX];

    /*
     * Guests compute EBX from the subleaves of the components; these two
     * hold the size for the XCR0 that a VMSA starts with, as KVM's path has
     * it.
     */
    if (leaf == 0xd && subleaf <= 1) {
        e->ebx = XSAVE_BASE_SIZE;
        e->xcr0_in = 1;
    }
}

/* The last subleaf of an indexed leaf; 0 for the others. */
static uint32_t last_subleaf(X86CPU *cpu, uint32_t leaf, const uint32_t sub0[4])
{
    switch (leaf) {
    case 4:
    case 0x8000001d:
        return 3;
    case 7:
        return sub0[R_EAX];
    case 0xb:
        return 1;
    case 0x1f:
        return 2;
    case 0xd:
        return 63;
    default:
        return 0;
    }
}

/*
 * Components that do not exist take no place. Subleaf 1 without a compacted
 * form is no leaf of an SNP processor: Linux stops at it, and takes one that
 * is absent as zeros. TCG has neither XSAVEC nor XSAVES.
 */
static bool has_xsave_leaf(uint32_t sub, const uint32_t regs[4])
{
    if (sub == 1) {
        return regs[R_EAX] & (CPUID_XSAVE_XSAVEC | CPUID_XSAVE_XSAVES);
    }
    return regs[R_EAX];
}

static void add_leaf(struct snp_cpuid_page *page, X86CPU *cpu, uint32_t leaf)
{
    uint32_t regs[4], last;

    snp_cpuid(cpu, leaf, 0, regs);
    add_entry(page, cpu, leaf, 0, regs);
    last = last_subleaf(cpu, leaf, regs);

    for (uint32_t sub = 1; sub <= last; sub++) {
        snp_cpuid(cpu, leaf, sub, regs);
        if (leaf != 0xd || has_xsave_leaf(sub, regs)) {
            add_entry(page, cpu, leaf, sub, regs);
        }
    }
}

void snp_cpuid_fill(X86CPU *cpu, struct snp_cpuid_page *page)
{
    CPUX86State *env = &cpu->env;

    memset(page, 0, sizeof(*page));
    for (uint32_t leaf = 0; leaf <= env->cpuid_level; leaf++) {
        add_leaf(page, cpu, leaf);
    }
    for (uint32_t leaf = 0x80000000; leaf <= env->cpuid_xlevel; leaf++) {
        add_leaf(page, cpu, leaf);
    }
}
