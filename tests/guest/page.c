/* SPDX-License-Identifier: MIT */
/* The GHCB page: events and their answers, and each way to use it wrongly. */
#include "tests/guest/guest.h"

#define SCRATCH (SVSM_GHCB_GPA + 0x800)

static bool valid(unsigned int bit)
{
    return ghcb->valid_bitmap[bit / 8] >> bit % 8 & 1;
}

static bool failed(uint64_t result, unsigned int error)
{
    return (uint32_t)result == GHCB_RESULT_ERROR &&
           ghcb->sw_exit_info_2 == error;
}

static void check_cpuid(void)
{
    uint64_t result;

    ghcb_begin();
    GHCB_SET(rax, 0);
    GHCB_SET(rcx, 0);
    result = ghcb_call(SVM_EXIT_CPUID, 0, 0);
    report(result == 0 && (uint32_t)ghcb->rbx == 0x68747541, "CPUID");
    report(valid(GHCB_VALID_BIT(rax)) && valid(GHCB_VALID_BIT(rdx)) &&
               valid(GHCB_VALID_BIT(sw_exit_info_1)) &&
               valid(GHCB_VALID_BIT(sw_exit_info_2)),
           "the answer's fields are marked valid");
    ghcb_begin();
    GHCB_SET(rax, 0xd);
    GHCB_SET(rcx, 0);
    result = ghcb_call(SVM_EXIT_CPUID, 0, 0);
    report(failed(result, GHCB_ERR_MISSING_INPUT), "CPUID D without XCR0: 4");
    ghcb_begin();
    GHCB_SET(rax, 0xd);
    GHCB_SET(rcx, 0);
    GHCB_SET(xcr0, 1);
    report(ghcb_call(SVM_EXIT_CPUID, 0, 0) == 0 && (uint32_t)ghcb->rax != 0,
           "CPUID D with XCR0");
}

/* The host cannot see XCR0: the GHCB's says which components count. */
static uint32_t xsave_size(uint64_t subleaf, uint64_t xcr0)
{
    ghcb_begin();
    GHCB_SET(rax, 0xd);
    GHCB_SET(rcx, subleaf);
    GHCB_SET(xcr0, xcr0);
    return ghcb_call(SVM_EXIT_CPUID, 0, 0) == 0 ? (uint32_t)ghcb->rbx : 0;
}

static void check_xsave_size(void)
{
    report(xsave_size(0, 1) == 0x240 && xsave_size(0, 3) == 0x240,
           "CPUID D, 0: size with x87 and SSE");
    report(xsave_size(0, 7) == 0x340, "with AVX");
    report(xsave_size(1, 3) == 0x240 && xsave_size(1, 7) == 0x340,
           "CPUID D, 1: compacted size");
}

static uint64_t msr(bool write, uint32_t index, uint64_t value)
{
    ghcb_begin();
    GHCB_SET(rcx, index);
    if (write) {
        GHCB_SET(rax, (uint32_t)value);
        GHCB_SET(rdx, value >> 32);
    }
    return ghcb_call(SVM_EXIT_MSR, write, 0);
}

static void check_msr(void)
{
    const uint64_t gp = TRAP_GP | 3u << 8 | 1u << 11 | 1u << 31;

    report(msr(false, 0x1b, 0) == 0 &&
               ((uint32_t)ghcb->rax & 0xfffff000) == 0xfee00000,
           "MSR read: the APIC base");
    report((uint32_t)msr(false, 0x12345678, 0) == GHCB_RESULT_EXCEPTION &&
               (uint32_t)ghcb->sw_exit_info_2 == gp,
           "an MSR that does not exist: #GP in the answer");
    report((uint32_t)msr(true, 0xc0000080, 0) == GHCB_RESULT_EXCEPTION,
           "EFER is no business of the host: #GP");
    report(msr(true, 0x2ff, 0xc06) == 0 && msr(false, 0x2ff, 0) == 0 &&
               (uint32_t)ghcb->rax == 0xc06,
           "MSR write and read: MTRR default type");
    ghcb_begin();
    report(failed(ghcb_call(SVM_EXIT_MSR, 0, 0), GHCB_ERR_MISSING_INPUT),
           "MSR read without RCX: 4");
}

static void check_io(void)
{
    uint64_t result;

    io_out(0x70, 1, 0x0f);
    io_out(0x71, 1, 0xa5);
    io_out(0x70, 1, 0x0f);
    report((uint8_t)io_in(0x71, 1) == 0xa5, "IN and OUT, 1 byte: CMOS");
    io_out(0xcf8, 4, 0x80000000);
    report(io_in(0xcf8, 4) == 0x80000000 &&
               (io_in(0xcfc, 4) & 0xffff) == 0x8086,
           "IN and OUT, 4 bytes: PCI configuration");
    ghcb_begin();
    result = ghcb_call(SVM_EXIT_IOIO, (uint64_t)0x80 << 16 | GHCB_IOIO_SIZE8,
                       0);
    report(failed(result, GHCB_ERR_MISSING_INPUT), "OUT without RAX: 4");
    ghcb_begin();
    GHCB_SET(rax, 0);
    result = ghcb_call(SVM_EXIT_IOIO, (uint64_t)0x80 << 16, 0);
    report(failed(result, GHCB_ERR_INVALID_INPUT), "OUT without a size: 5");
}

/* OUTS through the shared buffer prints a TAP comment: the eye sees it, too. */
static void check_string_io(void)
{
    static const char text[] = "# printed by OUTS\n";
    const uint64_t info = (uint64_t)0xe9 << 16 | GHCB_IOIO_STR |
                          GHCB_IOIO_REP | GHCB_IOIO_SIZE8 | 1u << 9;
    uint64_t result;

    ghcb_begin();
    memcpy((void *)ghcb->shared_buffer, text, sizeof(text) - 1);
    GHCB_SET(sw_scratch, SCRATCH);
    report(ghcb_call(SVM_EXIT_IOIO, info, sizeof(text) - 1) == 0, "REP OUTS");
    memset((void *)ghcb->shared_buffer, 0, 16);
    ghcb_begin();
    GHCB_SET(sw_scratch, SCRATCH);
    result = ghcb_call(SVM_EXIT_IOIO, ((uint64_t)0xcf8 << 16) | GHCB_IOIO_STR |
                       GHCB_IOIO_IN | GHCB_IOIO_REP | GHCB_IOIO_SIZE32, 2);
    report(result == 0 &&
               *(volatile uint32_t *)&ghcb->shared_buffer[4] == 0x80000000,
           "REP INS");
    ghcb_begin();
    GHCB_SET(sw_scratch, SCRATCH);
    result = ghcb_call(SVM_EXIT_IOIO, info, GHCB_BUFFER_SIZE + 1);
    report(failed(result, GHCB_ERR_INVALID_SCRATCH), "OUTS beyond the end: 3");
}

static void check_mmio(void)
{
    uint64_t result;

    ghcb_begin();
    GHCB_SET(sw_scratch, SCRATCH);
    result = ghcb_call(GHCB_NAE_MMIO_READ, 0xfee00030, 4);
    report(result == 0 && (ghcb->shared_buffer[0] & 0xf0) == 0x10,
           "MMIO read: APIC version");
    ghcb_begin();
    *(volatile uint32_t *)ghcb->shared_buffer = 0x1ff;
    GHCB_SET(sw_scratch, SCRATCH);
    result = ghcb_call(GHCB_NAE_MMIO_WRITE, 0xfee000f0, 4);
    ghcb_begin();
    GHCB_SET(sw_scratch, SCRATCH);
    ghcb_call(GHCB_NAE_MMIO_READ, 0xfee000f0, 4);
    report(result == 0 &&
               *(volatile uint32_t *)ghcb->shared_buffer == 0x1ff,
           "MMIO write and read: APIC spurious vector");
    ghcb_begin();
    GHCB_SET(sw_scratch, SCRATCH);
    result = ghcb_call(GHCB_NAE_MMIO_READ, 0xfee00030, GHCB_BUFFER_SIZE + 8);
    report((uint32_t)result == GHCB_RESULT_ERROR, "MMIO of 2040 bytes: error");
    ghcb_begin();
    report(failed(ghcb_call(GHCB_NAE_MMIO_READ, 0xfee00030, 4),
                  GHCB_ERR_MISSING_INPUT),
           "MMIO without scratch: 4");
}

static void check_others(void)
{
    const uint64_t features = GHCB_HV_FT_SNP | GHCB_HV_FT_AP_CREATION |
                              GHCB_HV_FT_MULTI_VMPL;

    ghcb_begin();
    report(ghcb_call(GHCB_NAE_HV_FEATURES, 0, 0) == 0 &&
               (ghcb->sw_exit_info_2 & features) == features,
           "hypervisor features");
    ghcb_begin();
    report(ghcb_call(SVM_EXIT_WBINVD, 0, 0) == 0, "WBINVD");
    ghcb_begin();
    report(ghcb_call(SVM_EXIT_RDTSC, 0, 0) == 0 &&
               valid(GHCB_VALID_BIT(rax)),
           "RDTSC");
    ghcb_begin();
    GHCB_SET(rax, 0);
    GHCB_SET(cpl, 0);
    report(ghcb_call(SVM_EXIT_VMMCALL, 0, 0) == 0, "VMMCALL");
}

static void check_apic_ids(void)
{
    uint32_t *list = page_share(page_alloc());
    uint64_t result;

    ghcb_begin();
    GHCB_SET(rax, 0);
    result = ghcb_call(GHCB_NAE_APIC_ID_LIST, (uint64_t)list, 0);
    report(result == 0 && ghcb->rax == 1, "APIC ids: one page is needed");
    ghcb_begin();
    GHCB_SET(rax, 1);
    result = ghcb_call(GHCB_NAE_APIC_ID_LIST, (uint64_t)list, 0);
    report(result == 0 && list[0] == 1 && list[1] == 0, "APIC ids: one, 0");
}

static void check_misuse(void)
{
    volatile struct ghcb *other = page_share(page_alloc());
    uint64_t result;

    ghcb_begin();
    ghcb->ghcb_usage = 1;
    result = ghcb_call(GHCB_NAE_HV_FEATURES, 0, 0);
    report(failed(result, GHCB_ERR_INVALID_USAGE), "unknown usage: 2");
    ghcb_begin();
    result = ghcb_call(0x8000fff0, 0, 0);
    report(failed(result, GHCB_ERR_INVALID_EVENT), "unknown event: 6");
    ghcb_begin();
    ghcb->sw_exit_code = GHCB_NAE_HV_FEATURES;
    wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
    vmgexit();
    report(failed(ghcb->sw_exit_info_1, GHCB_ERR_MISSING_INPUT),
           "nothing marked valid: 4");
    ghcb_begin();
    GHCB_SET(sw_scratch, (uint64_t)other + 0x800);
    result = ghcb_call(GHCB_NAE_MMIO_READ, 0xfee00030, 4);
    report(failed(result, GHCB_ERR_INVALID_SCRATCH),
           "scratch outside the GHCB: 3");
    ghcb_begin();
    GHCB_SET(sw_scratch, SVSM_GHCB_GPA + 0x3f0);
    result = ghcb_call(GHCB_NAE_MMIO_READ, 0xfee00030, 4);
    report(failed(result, GHCB_ERR_INVALID_SCRATCH),
           "scratch over the GHCB's fields: 3");
    ghcb_begin();
    GHCB_SET(sw_exit_code, GHCB_NAE_HV_FEATURES);
    GHCB_SET(sw_exit_info_1, 0);
    GHCB_SET(sw_exit_info_2, 0);
    memcpy((void *)other, (void *)ghcb, PAGE);
    wrmsr(MSR_AMD64_GHCB, (uint64_t)other);
    vmgexit();
    report((uint32_t)other->sw_exit_info_1 == GHCB_RESULT_ERROR &&
               other->sw_exit_info_2 == GHCB_ERR_NOT_REGISTERED,
           "a GHCB that is not registered: 1");
    wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
}

void guest_main(void)
{
    check_cpuid();
    check_xsave_size();
    check_msr();
    check_io();
    check_string_io();
    check_mmio();
    check_others();
    check_apic_ids();
    check_misuse();
}
