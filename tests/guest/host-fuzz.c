/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest: GHCB pages and MSR protocol values put together at random, some fields plausible.
 * The host must answer each one and go on; what it may refuse, it must refuse in the protocol. Left
 * out is what ends a VM by design: termination, resets, page state changes of the guest's own code.
 */
#include "tests/guest/guest.h"

#define PAGE_CALLS 300000
#define MSR_CALLS 100000

static uint64_t state = 0x2545f4914f6cdd1dull;
static uint8_t *playground; /* 2 MiB that may come and go */

static uint64_t rnd(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : state;
}

/* Addresses of every kind: shared, private, MMIO, nothing, not aligned. */
static uint64_t some_gpa(void)
{
    switch (rnd(10)) {
    case 0:
        return SVSM_GHCB_GPA + 0x800;
    case 1:
        return SVSM_GHCB_GPA + rnd(2 * PAGE);
    case 2:
        return 0xfee00000 + rnd(0x400);
    case 3:
        return 0xfed00000 + rnd(0x400);
    case 4:
        return rnd(0);
    case 5:
        return 0xffffffffffffffff - rnd(PAGE);
    case 6:
        return 0x7f00000000 + rnd(PAGE);
    default:
        return (uint64_t)playground + rnd(512) * PAGE +
               (rnd(8) ? 0 : rnd(PAGE));
    }
}

static uint64_t some_value(void)
{
    switch (rnd(5)) {
    case 0:
        return 0;
    case 1:
        return rnd(16);
    case 2:
        return some_gpa();
    case 3:
        return 1ull << rnd(64);
    default:
        return rnd(0);
    }
}

/* Of I/O ports only those that do no harm: resets, power and the exit device stay out. */
static uint64_t some_io(void)
{
    static const uint16_t ports[] = { 0x80, 0x71, 0x40, 0x61, 0xcfc, 0x21 };
    uint64_t port = ports[rnd(sizeof(ports) / sizeof(ports[0]))];

    return port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_IN | (rnd(0) & 0x1fff);
}

static uint64_t some_code(void)
{
    static const uint64_t codes[] = {
        SVM_EXIT_DR7_READ, SVM_EXIT_DR7_WRITE, SVM_EXIT_RDTSC, SVM_EXIT_RDPMC,
        SVM_EXIT_CPUID, SVM_EXIT_INVD, SVM_EXIT_IOIO, SVM_EXIT_MSR,
        SVM_EXIT_VMMCALL, SVM_EXIT_RDTSCP, SVM_EXIT_WBINVD, SVM_EXIT_MONITOR,
        SVM_EXIT_MWAIT, GHCB_NAE_MMIO_READ, GHCB_NAE_NMI_COMPLETE,
        GHCB_NAE_AP_JUMP_TABLE, GHCB_NAE_PSC, GHCB_NAE_GUEST_REQUEST,
        GHCB_NAE_EXT_GUEST_REQUEST, GHCB_NAE_HV_DOORBELL, GHCB_NAE_HV_IPI,
        GHCB_NAE_HV_TIMER, GHCB_NAE_APIC_ID_LIST, GHCB_NAE_RUN_VMPL,
        GHCB_NAE_HV_FEATURES, GHCB_NAE_AP_CREATION,
    };

    return rnd(20) ? codes[rnd(sizeof(codes) / sizeof(codes[0]))]
                   : 0x8000f000 + rnd(0xf00);
}

/* A list of page state changes inside the playground, or nonsense that names no page of ours. */
static void fill_psc(void)
{
    volatile struct ghcb_psc_hdr *h = (void *)(uint64_t)ghcb->shared_buffer;
    volatile uint64_t *entry = (void *)(uint64_t)&ghcb->shared_buffer[8];

    h->cur_entry = (uint16_t)(rnd(4) ? 0 : rnd(0));
    h->end_entry = (uint16_t)(rnd(4) ? rnd(8) : rnd(0));
    for (unsigned int i = 0; i < GHCB_PSC_ENTRY_MAX; i++) {
        uint64_t gpa = rnd(8) ? (uint64_t)playground + rnd(512) * PAGE
                              : 0x7f00000000 + rnd(0) % 0x1000000;

        entry[i] = (gpa & ~0xfffull) | rnd(6) << GHCB_PSC_OP_SHIFT |
                   (rnd(4) ? 0 : GHCB_PSC_LARGE) | (rnd(8) ? 0 : rnd(0x1000));
    }
}

static bool one_page_call(void)
{
    uint64_t code = some_code(), info_1 = some_value(), info_2 = some_value();
    uint64_t result;

    ghcb_begin();
    GHCB_SET(rax, some_value());
    GHCB_SET(rbx, some_value());
    GHCB_SET(rcx, some_value());
    GHCB_SET(rdx, some_value());
    GHCB_SET(xcr0, some_value());
    GHCB_SET(sw_scratch, rnd(4) ? SVSM_GHCB_GPA + 0x800 : some_gpa());
    if (code == SVM_EXIT_IOIO) {
        info_1 = some_io();
    } else if (code == SVM_EXIT_MSR) {
        info_1 = 0; /* reads: a write may reset the machine */
    } else if (code == GHCB_NAE_PSC) {
        fill_psc();
        GHCB_SET(sw_scratch, SVSM_GHCB_GPA + 0x800);
    } else if (code == GHCB_NAE_AP_CREATION) {
        /* never this vCPU's VMPL0: replacing that is its own end */
        info_1 = (info_1 & 0xffff) | (1 + rnd(7)) << 16 | rnd(3) << 32;
    }
    if (rnd(4) == 0) { /* something is not marked valid */
        ghcb->valid_bitmap[rnd(16)] = (uint8_t)rnd(256);
    }
    result = ghcb_call(code, info_1, info_2);
    return (uint32_t)result <= GHCB_RESULT_ERROR;
}

static bool one_msr_call(void)
{
    static const uint16_t codes[] = {
        GHCB_MSR_SEV_INFO_REQ, GHCB_MSR_CPUID_REQ, GHCB_MSR_PREF_GPA_REQ,
        GHCB_MSR_VMPL_REQ, GHCB_MSR_HV_FEATURES_REQ, GHCB_MSR_PSC_REQ,
    };
    uint16_t code = codes[rnd(sizeof(codes) / sizeof(codes[0]))];
    uint64_t value = rnd(0) & ~GHCB_MSR_CODE_MASK;

    if (code == GHCB_MSR_PSC_REQ) {
        value = ((uint64_t)playground + rnd(512) * PAGE) |
                rnd(16) << GHCB_PSC_OP_SHIFT;
    }
    return (ghcb_msr(value | code) & GHCB_MSR_CODE_MASK) == code + 1u ||
           code == GHCB_MSR_SEV_INFO_REQ;
}

void guest_main(void)
{
    unsigned int good = 0;

    playground = large_raw();
    for (unsigned int i = 0; i < PAGE_CALLS; i++) {
        good += one_page_call();
    }
    report(good == PAGE_CALLS, "%u GHCB calls: each has a result", PAGE_CALLS);
    good = 0;
    for (unsigned int i = 0; i < MSR_CALLS; i++) {
        good += one_msr_call();
    }
    report(good == MSR_CALLS, "%u MSR calls: each has an answer", MSR_CALLS);
    ghcb_begin();
    GHCB_SET(rax, 0);
    GHCB_SET(rcx, 0);
    report(ghcb_call(SVM_EXIT_CPUID, 0, 0) == 0 &&
               (uint32_t)ghcb->rbx == 0x68747541,
           "the host still works");
}
