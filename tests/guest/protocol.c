/* SPDX-License-Identifier: MIT */
/* The GHCB MSR protocol: answers, refusals, page state changes. */
#include "tests/guest/guest.h"

#define NONE 0xfffffffffffff000ull

static void check_info(void)
{
    uint64_t answer = ghcb_msr(GHCB_MSR_SEV_INFO_REQ);
    unsigned int high = answer >> 48, low = (answer >> 32) & 0xffff;

    report((answer & GHCB_MSR_CODE_MASK) == GHCB_MSR_SEV_INFO_RESP &&
               low <= 2 && high >= 2,
           "SEV information: protocol %u to %u", low, high);
    report(((answer >> 24) & 0xff) == SNP_CBIT_POS, "and the C-bit");
    answer = ghcb_msr(GHCB_MSR_HV_FEATURES_REQ);
    report((answer & GHCB_MSR_CODE_MASK) == GHCB_MSR_HV_FEATURES_RESP &&
               (answer >> 12 & 0x33) == 0x33,
           "features: SNP, AP creation, APIC id list, multi-VMPL");
    report((answer >> 12 & GHCB_HV_FT_RI_TIMER) == 0,
           "features that the host lacks are not offered");
    answer = ghcb_msr(GHCB_MSR_PREF_GPA_REQ);
    report(answer == (NONE | GHCB_MSR_PREF_GPA_RESP), "no preferred GHCB");
}

/* The answer names its register: firmware indexes by it. */
static void check_cpuid(void)
{
    uint32_t value[4];
    bool echoed = true;

    for (unsigned int i = 0; i < 4; i++) {
        uint64_t answer = ghcb_msr((uint64_t)i << 30 | GHCB_MSR_CPUID_REQ);

        echoed = echoed &&
                 (answer & 0xffffffff) == ((uint64_t)i << 30 |
                                           GHCB_MSR_CPUID_RESP);
        value[i] = (uint32_t)(answer >> 32);
    }
    report(echoed, "CPUID answers name their register");
    report(value[0] >= 0xd && value[1] == 0x68747541 &&
               value[2] == 0x444d4163 && value[3] == 0x69746e65,
           "CPUID 0: AuthenticAMD");
    print("# %x %x %x %x\n", value[0], value[1], value[2], value[3]);
}

/* Nothing can be printed until the first one is back. */
static void check_register(void)
{
    const uint64_t nowhere = 0x7f00000000;
    uint64_t gpa = (uint64_t)page_share(page_alloc());
    uint64_t other = ghcb_msr(gpa | GHCB_MSR_REG_GPA_REQ);
    uint64_t refused = ghcb_msr(nowhere | GHCB_MSR_REG_GPA_REQ);
    uint64_t first = ghcb_msr(SVSM_GHCB_GPA | GHCB_MSR_REG_GPA_REQ);

    report(other == (gpa | GHCB_MSR_REG_GPA_RESP),
           "another GHCB can be registered");
    report(refused == (NONE | GHCB_MSR_REG_GPA_RESP),
           "an address without memory is refused");
    report(first == (SVSM_GHCB_GPA | GHCB_MSR_REG_GPA_RESP),
           "back to the first one");
}

static void check_psc(void)
{
    uint64_t gpa = (uint64_t)page_raw();

    report(psc(gpa, GHCB_PSC_SHARED) == 0, "private to shared");
    report(psc(gpa, GHCB_PSC_SHARED) == 0, "shared again: no error");
    report(psc(gpa, GHCB_PSC_PRIVATE) == 0, "shared to private");
    report(psc(gpa, GHCB_PSC_PRIVATE) == 0, "private again: no error");
    report(psc(gpa, 0) != 0 && psc(gpa, 5) != 0, "unknown operations: error");
    report(psc(0x7f00000000, GHCB_PSC_SHARED) != 0, "no memory there: error");
}

static void check_run_vmpl(void)
{
    report(ghcb_msr(0ull << 32 | GHCB_MSR_VMPL_REQ) == VMPL_RUN_OK,
           "run the own VMPL: nothing happens");
    report(ghcb_msr(1ull << 32 | GHCB_MSR_VMPL_REQ) >> 32 != 0,
           "run a VMPL without VMSA: error");
    report(ghcb_msr(4ull << 32 | GHCB_MSR_VMPL_REQ) >> 32 != 0,
           "run VMPL4: error");
    report(ghcb_msr(0x82ull << 32 | GHCB_MSR_VMPL_REQ) >> 32 != 0,
           "run VMPL 0x82: error");
}

static void check_msr(void)
{
    wrmsr(MSR_AMD64_GHCB, 0x123456789abcd001);
    report(rdmsr(MSR_AMD64_GHCB) == 0x123456789abcd001,
           "the MSR keeps what is written until VMGEXIT");
    wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
}

void guest_main(void)
{
    check_info();
    check_cpuid();
    check_register();
    check_psc();
    check_run_vmpl();
    check_msr();
}
