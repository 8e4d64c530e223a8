/* SPDX-License-Identifier: MIT */
/*
 * Malformed and unsupported requests on the GHCB page: each is answered with
 * sw_exit_info_1 2 and the error of GHCB section 4.1 in sw_exit_info_2. A row
 * names all that its event needs; the tests leave out one thing at a time.
 */
#include "tests/guest/guest.h"

#define RAX (1u << 0)
#define RCX (1u << 1)
#define RDX (1u << 2)
#define RBX (1u << 3)
#define CPL (1u << 4)
#define XCR0 (1u << 5)
#define SCRATCH (1u << 6)
#define CODE (1u << 7)
#define INFO_1 (1u << 8)
#define INFO_2 (1u << 9)
#define ALWAYS (CODE | INFO_1 | INFO_2)

static const struct {
    const char *name;
    unsigned int bit;
} field[] = {
    { "RAX", GHCB_VALID_BIT(rax) },
    { "RCX", GHCB_VALID_BIT(rcx) },
    { "RDX", GHCB_VALID_BIT(rdx) },
    { "RBX", GHCB_VALID_BIT(rbx) },
    { "CPL", GHCB_VALID_BIT(cpl) },
    { "XCR0", GHCB_VALID_BIT(xcr0) },
    { "sw_scratch", GHCB_VALID_BIT(sw_scratch) },
    { "sw_exit_code", GHCB_VALID_BIT(sw_exit_code) },
    { "sw_exit_info_1", GHCB_VALID_BIT(sw_exit_info_1) },
    { "sw_exit_info_2", GHCB_VALID_BIT(sw_exit_info_2) },
};
#define FIELDS (sizeof(field) / sizeof(field[0]))

/* Events that are harmless, with values that succeed when nothing is missing.
 */
static const struct request {
    const char *name;
    uint64_t code, info_1, info_2;
    uint64_t rax, rcx;
    unsigned int needs;
} request[] = {
    { "DR7 write", SVM_EXIT_DR7_WRITE, 0, 0, 0x400, 0, RAX },
    { "CPUID", SVM_EXIT_CPUID, 0, 0, 1, 0, RAX | RCX },
    { "CPUID D", SVM_EXIT_CPUID, 0, 0, 0xd, 0, RAX | RCX | XCR0 },
    { "OUT", SVM_EXIT_IOIO, 0x80 << 16 | GHCB_IOIO_SIZE8, 0, 0, 0, RAX },
    { "IN", SVM_EXIT_IOIO, 0x80 << 16 | GHCB_IOIO_SIZE8 | GHCB_IOIO_IN, 0, 0, 0,
      0 },
    { "OUTS", SVM_EXIT_IOIO, 0x80 << 16 | GHCB_IOIO_SIZE8 | GHCB_IOIO_STR, 1, 0,
      0, SCRATCH },
    { "INS", SVM_EXIT_IOIO,
      0x80 << 16 | GHCB_IOIO_SIZE8 | GHCB_IOIO_STR | GHCB_IOIO_IN, 1, 0, 0,
      SCRATCH },
    { "RDMSR", SVM_EXIT_MSR, 0, 0, 0, 0x1b, RCX },
    { "WRMSR", SVM_EXIT_MSR, 1, 0, 0xc06, 0x2ff, RAX | RCX | RDX },
    { "VMMCALL", SVM_EXIT_VMMCALL, 0, 0, 0, 0, RAX | CPL },
    { "RDTSC", SVM_EXIT_RDTSC, 0, 0, 0, 0, 0 },
    { "RDTSCP", SVM_EXIT_RDTSCP, 0, 0, 0, 0, 0 },
    { "INVD", SVM_EXIT_INVD, 0, 0, 0, 0, 0 },
    { "WBINVD", SVM_EXIT_WBINVD, 0, 0, 0, 0, 0 },
    { "MONITOR", SVM_EXIT_MONITOR, 0, 0, 0, 0, RAX | RCX | RDX },
    { "MWAIT", SVM_EXIT_MWAIT, 0, 0, 0, 0, RAX | RCX },
    { "MMIO read", GHCB_NAE_MMIO_READ, 0xfee00030, 4, 0, 0, SCRATCH },
    { "MMIO write", GHCB_NAE_MMIO_WRITE, 0xfee000f0, 4, 0, 0, SCRATCH },
    { "NMI complete", GHCB_NAE_NMI_COMPLETE, 0, 0, 0, 0, 0 },
    { "AP jump table", GHCB_NAE_AP_JUMP_TABLE, 1, 0, 0, 0, 0 },
    { "page state change", GHCB_NAE_PSC, 0, 0, 0, 0, SCRATCH },
    { "APIC ids", GHCB_NAE_APIC_ID_LIST, 0, 0, 0, 0, RAX },
    { "doorbell query", GHCB_NAE_HV_DOORBELL, GHCB_DOORBELL_QUERY, 0, 0, 0, 0 },
    { "HV features", GHCB_NAE_HV_FEATURES, 0, 0, 0, 0, 0 },
};
#define REQUESTS (sizeof(request) / sizeof(request[0]))

static bool failed(unsigned int error)
{
    return (uint32_t)ghcb->sw_exit_info_1 == GHCB_RESULT_ERROR &&
           ghcb->sw_exit_info_2 == error;
}

/* Values stand in all fields: only `valid` tells which ones count. */
static void send(const struct request *r, unsigned int valid)
{
    ghcb_begin();
    memset((void *)ghcb->shared_buffer, 0, 64);
    ghcb->rax = r->rax;
    ghcb->rcx = r->rcx;
    ghcb->xcr0 = 1;
    ghcb->sw_scratch = SVSM_GHCB_GPA + 0x800;
    ghcb->sw_exit_code = r->code;
    ghcb->sw_exit_info_1 = r->info_1;
    ghcb->sw_exit_info_2 = r->info_2;
    for (unsigned int i = 0; i < FIELDS; i++) {
        if (valid >> i & 1) {
            ghcb_set_valid(field[i].bit);
        }
    }
    wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
    vmgexit();
}

static void check_request(const struct request *r)
{
    unsigned int all = r->needs | ALWAYS;

    send(r, all);
    report((uint32_t)ghcb->sw_exit_info_1 == GHCB_RESULT_OK, "%s", r->name);
    for (unsigned int i = 0; i < FIELDS; i++) {
        if (all >> i & 1) {
            send(r, all & ~(1u << i));
            report(failed(GHCB_ERR_MISSING_INPUT), "%s without %s: 4", r->name,
                   field[i].name);
        }
    }
    send(r, ~0u);
    report((uint32_t)ghcb->sw_exit_info_1 == GHCB_RESULT_OK,
           "%s with more than it needs", r->name);
}

/* ---- requests that are complete, and wrong ---- */

static const struct wrong {
    const char *name;
    uint64_t code, info_1, info_2, rax;
    unsigned int error;
} wrong[] = {
    { "IN without a size", SVM_EXIT_IOIO, 0x80 << 16 | GHCB_IOIO_IN, 0, 0, 5 },
    { "IN of two sizes", SVM_EXIT_IOIO,
      0x80 << 16 | GHCB_IOIO_IN | GHCB_IOIO_SIZE8 | GHCB_IOIO_SIZE32, 0, 0, 5 },
    { "MSR, neither read nor write", SVM_EXIT_MSR, 2, 0, 0, 5 },
    { "MMIO of no byte", GHCB_NAE_MMIO_READ, 0xfee00030, 0, 0, 5 },
    { "AP jump table, operation 2", GHCB_NAE_AP_JUMP_TABLE, 2, 0, 0, 5 },
    { "guest request, one page for both", GHCB_NAE_GUEST_REQUEST, 0x10000,
      0x10000, 0, 5 },
    { "guest request, not page aligned", GHCB_NAE_GUEST_REQUEST, 0x10008,
      0x11000, 0, 5 },
    { "guest request, answer not page aligned", GHCB_NAE_GUEST_REQUEST, 0x10000,
      0x11010, 0, 5 },
    { "AP creation, request 3", GHCB_NAE_AP_CREATION, 3, 0, 1, 5 },
    { "AP creation, VMPL4", GHCB_NAE_AP_CREATION, 4 << 16, 0x1000, 1, 5 },
    { "AP creation, APIC id 77", GHCB_NAE_AP_CREATION, 77ull << 32 | 1, 0x1000,
      1, 5 },
    { "AP creation, no memory", GHCB_NAE_AP_CREATION, 2 << 16, 0x7f00001000, 1,
      5 },
    { "APIC ids, not page aligned", GHCB_NAE_APIC_ID_LIST, 0x10008, 0, 1, 5 },
    { "APIC ids, no memory", GHCB_NAE_APIC_ID_LIST, 0x7f00000000, 0, 1, 5 },
    { "run VMPL4", GHCB_NAE_RUN_VMPL, 4, 0, 0, 5 },
    { "run VMPL 2^32", GHCB_NAE_RUN_VMPL, 1ull << 32, 0, 0, 5 },
    { "run VMPL2 without a VMSA", GHCB_NAE_RUN_VMPL, 2, 0, 0, 5 },
    { "doorbell, operation 4", GHCB_NAE_HV_DOORBELL, 4, 0, 0, 5 },
    { "#HV IPI without restricted injection", GHCB_NAE_HV_IPI, 0x40071, 0, 0,
      6 },
    { "event 0", 0, 0, 0, 0, 6 },
    { "HLT", SVM_EXIT_HLT, 0, 0, 0, 6 },
    { "event 8d, XSETBV", 0x8d, 0, 0, 0, 6 },
    { "event 80000000", 0x80000000, 0, 0, 0, 6 },
    { "#HV timer, not offered", GHCB_NAE_HV_TIMER, 0, 0, 0, 6 },
    { "Secure AVIC, not offered", 0x8000001a, 0, 0, 0, 6 },
    { "interrupt injection, not offered", 0x8000001b, 0x30, 0, 0, 6 },
    { "leave alternate injection, not offered", 0x8000001c, 2 << 16, 0, 0, 6 },
    { "specific EOI, not offered", 0x8000001d, 2 << 16 | 0x30, 0, 0, 6 },
    { "an event beyond 32 bits", 1ull << 32 | SVM_EXIT_CPUID, 0, 0, 0, 6 },
};
#define WRONGS (sizeof(wrong) / sizeof(wrong[0]))

static void check_wrong(const struct wrong *w)
{
    const struct request r = { w->name, w->code, w->info_1, w->info_2,
                               w->rax,  0x1b,    0 };

    send(&r, ~0u);
    report(failed(w->error), "%s: %u", w->name, w->error);
}

/* ---- the page itself ---- */

static void check_usage(void)
{
    static const uint32_t usage[] = { 1, 0x80000000, 0xffffffff };

    for (unsigned int i = 0; i < 3; i++) {
        ghcb_begin();
        ghcb->ghcb_usage = usage[i];
        ghcb_call(GHCB_NAE_HV_FEATURES, 0, 0);
        report(failed(GHCB_ERR_INVALID_USAGE), "usage 0x%x: 2", usage[i]);
    }
    ghcb_begin();
    ghcb->protocol_version = 1;
    report(ghcb_call(GHCB_NAE_HV_FEATURES, 0, 0) == GHCB_RESULT_OK,
           "a page of protocol version 1");
}

/* A refusal is complete: it changes no register, marks its fields valid. */
static void check_answer(void)
{
    const struct request r = { "unknown", 0x8000fff0, 1, 2, 3, 4, 0 };
    const unsigned int info[] = { GHCB_VALID_BIT(sw_exit_info_1),
                                  GHCB_VALID_BIT(sw_exit_info_2) };
    struct ghcb got;
    bool valid = true;

    send(&r, ALWAYS);
    memcpy(&got, (void *)ghcb, sizeof(got));
    for (unsigned int i = 0; i < 2; i++) {
        valid = valid && got.valid_bitmap[info[i] / 8] >> info[i] % 8 & 1;
    }
    report(valid, "a refusal's fields are marked valid");
    report(got.rax == 3 && got.rcx == 4, "registers are as they were");
    report(got.sw_exit_info_1 == GHCB_RESULT_ERROR,
           "all 64 bits of sw_exit_info_1 are its result");
}

void guest_main(void)
{
    for (unsigned int i = 0; i < REQUESTS; i++) {
        check_request(&request[i]);
    }
    for (unsigned int i = 0; i < WRONGS; i++) {
        check_wrong(&wrong[i]);
    }
    check_usage();
    check_answer();
}
