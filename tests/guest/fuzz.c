/* SPDX-License-Identifier: MIT */
/*
 * A guest that does harm at random, repeatable by its seed: bytes changed in well-formed GHCB pages,
 * guest messages and VMSAs, MSR protocol values, page states, RMP instructions. The first half may not
 * end the VM, so it has a verdict; in the second anything goes, and QEMU must end in one of its
 * documented ways or let the guest come to its end. fuzz.sh judges that.
 *
 * The seed is the first half of the machine's UUID, which fw_cfg gives (-uuid).
 */
#include "tests/guest/guest.h"

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_UUID 2
#define HARMLESS_CALLS 1500
#define HARMFUL_ACTS 60

static uint64_t state;
static uint8_t *playground; /* 2 MiB that may come and go */
static uint8_t *request, *response;

static uint64_t rnd(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? state % below : state;
}

static void take_seed(void)
{
    io_out(FW_CFG_SELECTOR, 2, FW_CFG_UUID);
    for (unsigned int i = 0; i < 8; i++) {
        state = state << 8 | (io_in(FW_CFG_DATA, 1) & 0xff);
    }
    print("# seed 0x%lx\n", state);
    state = (state + 1) * 0x9e3779b97f4a7c15ull;
    state += state == 0;
}

/* Addresses of every kind: own code, GHCB, shared, private, MMIO, nothing, not aligned. */
static uint64_t some_gpa(void)
{
    switch (rnd(12)) {
    case 0:
        return SVSM_GHCB_GPA + rnd(2 * PAGE);
    case 1:
        return 0xfee00000 + rnd(0x400);
    case 2:
        return rnd(64) << 20 | (rnd(2) ? 0 : rnd(PAGE));
    case 3:
        return 0xffffffffffffffff - rnd(2 * PAGE);
    case 4:
        return rnd(0);
    case 5:
        return (uint64_t)request + rnd(2) * PAGE;
    case 6:
        return SVSM_BASE + rnd(SVSM_REGION_SIZE / PAGE) * PAGE;
    default:
        return (uint64_t)playground + rnd(512) * PAGE;
    }
}

static uint64_t some_value(void)
{
    switch (rnd(6)) {
    case 0:
        return rnd(16);
    case 1:
        return 1ull << rnd(64);
    case 2:
        return (1ull << rnd(64)) - 1;
    case 3:
        return rnd(0);
    default:
        return some_gpa();
    }
}

/* One to `most` bytes anywhere in [to, to + size), more often where it is not zero. */
static void mutate(volatile void *to, uint64_t size, unsigned int most)
{
    volatile uint8_t *bytes = to;

    for (uint64_t n = 1 + rnd(most); n > 0; n--) {
        uint64_t at = rnd(size);

        for (unsigned int i = 0; i < 64 && bytes[at] == 0 && rnd(4); i++) {
            at = rnd(size);
        }
        bytes[at] = rnd(2) ? (uint8_t)rnd(256)
                           : bytes[at] ^ (uint8_t)(1u << rnd(8));
    }
}

static void fill(volatile void *to, uint64_t size)
{
    volatile uint64_t *words = to;

    for (uint64_t i = 0; i < size / 8; i++) {
        words[i] = rnd(3) ? rnd(0) : 0;
    }
}

/* ---- well-formed things, to be spoilt ---- */

/* A message's header as the firmware ABI wants it; its tag is always wrong. */
static void make_message(void)
{
    memset(request, 0, PAGE);
    request[0x20] = 1; /* sequence number */
    request[0x30] = request[0x31] = 1;
    request[0x32] = 0x60; /* header size */
    request[0x34] = (uint8_t)(rnd(2) ? 5 : 1 + rnd(20));
    request[0x35] = 1;
    request[0x36] = 0x60; /* payload size */
    request[0x3c] = (uint8_t)rnd(4);
}

static void make_psc(bool anywhere)
{
    volatile struct ghcb_psc_hdr *h = (void *)(uint64_t)ghcb->shared_buffer;
    volatile uint64_t *entry = (void *)(uint64_t)&ghcb->shared_buffer[8];

    h->cur_entry = (uint16_t)(rnd(4) ? 0 : rnd(300));
    h->end_entry = (uint16_t)rnd(rnd(8) ? 8 : 300);
    for (unsigned int i = 0; i < GHCB_PSC_ENTRY_MAX; i++) {
        uint64_t gpa = anywhere && rnd(4) == 0
                           ? some_gpa()
                           : (uint64_t)playground + rnd(512) * PAGE;

        entry[i] = (gpa & 0xffffffffff000ull) | rnd(6) << GHCB_PSC_OP_SHIFT |
                   (rnd(4) ? 0 : GHCB_PSC_LARGE) | (rnd(8) ? 0 : rnd(0x1000));
    }
}

/* Ports that neither reset nor end the machine nor move its devices. */
static uint64_t some_io(void)
{
    static const uint16_t ports[] = { 0x80, 0x71, 0x40, 0x43, 0x61, 0x21, 0x511 };
    uint64_t port = ports[rnd(sizeof(ports) / sizeof(ports[0]))];

    return port << GHCB_IOIO_PORT_SHIFT | (rnd(0) & 0xfff);
}

static const uint64_t events[] = {
    SVM_EXIT_DR7_READ, SVM_EXIT_DR7_WRITE, SVM_EXIT_RDTSC, SVM_EXIT_RDPMC,
    SVM_EXIT_CPUID, SVM_EXIT_INVD, SVM_EXIT_IOIO, SVM_EXIT_MSR,
    SVM_EXIT_VMMCALL, SVM_EXIT_RDTSCP, SVM_EXIT_WBINVD, SVM_EXIT_MONITOR,
    SVM_EXIT_MWAIT, GHCB_NAE_MMIO_READ, GHCB_NAE_MMIO_WRITE,
    GHCB_NAE_NMI_COMPLETE, GHCB_NAE_AP_JUMP_TABLE, GHCB_NAE_PSC,
    GHCB_NAE_GUEST_REQUEST, GHCB_NAE_EXT_GUEST_REQUEST, GHCB_NAE_HV_DOORBELL,
    GHCB_NAE_HV_IPI, GHCB_NAE_HV_TIMER, GHCB_NAE_APIC_ID_LIST,
    GHCB_NAE_HV_FEATURES,
};

/* Everything an event needs, on the GHCB page; its info fields are returned. */
static void make_event(uint64_t code, bool anywhere, uint64_t info[2])
{
    ghcb_begin();
    GHCB_SET(rax, some_value());
    GHCB_SET(rbx, some_value());
    GHCB_SET(rcx, code == SVM_EXIT_MSR ? rnd(0x40) : some_value());
    GHCB_SET(rdx, some_value());
    GHCB_SET(xcr0, 1 + rnd(4));
    GHCB_SET(sw_scratch, rnd(8) ? SVSM_GHCB_GPA + 0x800 : some_gpa());
    info[0] = some_value();
    info[1] = some_value();
    switch (code) {
    case SVM_EXIT_IOIO:
        info[0] = some_io();
        break;
    case SVM_EXIT_MSR:
        info[0] = 0;
        break;
    case GHCB_NAE_MMIO_READ:
    case GHCB_NAE_MMIO_WRITE:
        info[0] = 0xfed00000 + rnd(0x400); /* the HPET */
        info[1] = rnd(4) ? 1ull << rnd(4) : rnd(64);
        break;
    case GHCB_NAE_PSC:
        make_psc(anywhere);
        break;
    case GHCB_NAE_GUEST_REQUEST:
    case GHCB_NAE_EXT_GUEST_REQUEST:
        make_message();
        mutate(request, 0x60, 4);
        info[0] = rnd(8) ? (uint64_t)request : some_gpa();
        info[1] = rnd(8) ? (uint64_t)response : some_gpa();
        break;
    default:
        break;
    }
}

/* ---- the half that has a verdict ---- */

static bool harmless_call(void)
{
    uint64_t code = events[rnd(sizeof(events) / sizeof(events[0]))];
    uint64_t info[2];

    make_event(code, false, info);
    if (code == GHCB_NAE_PSC) {
        GHCB_SET(sw_scratch, SVSM_GHCB_GPA + 0x800);
    }
    if (rnd(3) == 0) {
        mutate(ghcb->valid_bitmap, sizeof(ghcb->valid_bitmap), 3);
    }
    return (uint32_t)ghcb_call(code, info[0], info[1]) <= GHCB_RESULT_ERROR;
}

/* ---- the half that may end the VM ---- */

static void spoilt_ghcb(void *arg)
{
    uint64_t code = rnd(8) ? events[rnd(sizeof(events) / sizeof(events[0]))]
                           : rnd(2) ? rnd(0x500) : 0x80000000 + rnd(0x10000);
    uint64_t info[2];

    (void)arg;
    make_event(code, true, info);
    GHCB_SET(sw_exit_code, code);
    GHCB_SET(sw_exit_info_1, info[0]);
    GHCB_SET(sw_exit_info_2, info[1]);
    mutate(ghcb, PAGE, 6);
    vmgexit();
}

static void garbage_ghcb(void *arg)
{
    (void)arg;
    fill(ghcb, PAGE);
    if (rnd(8)) {
        ghcb->protocol_version = (uint16_t)(rnd(2) + 1);
        ghcb->ghcb_usage = 0;
    }
    ghcb->sw_exit_code = events[rnd(sizeof(events) / sizeof(events[0]))];
    memset((void *)ghcb->valid_bitmap, rnd(4) ? 0xff : (int)rnd(256),
           sizeof(ghcb->valid_bitmap));
    vmgexit();
}

static void msr_value(void *arg)
{
    static const uint16_t codes[] = {
        GHCB_MSR_SEV_INFO_REQ, GHCB_MSR_CPUID_REQ, GHCB_MSR_PREF_GPA_REQ,
        GHCB_MSR_REG_GPA_REQ, GHCB_MSR_VMPL_REQ, GHCB_MSR_HV_FEATURES_REQ,
        GHCB_MSR_PSC_REQ,
    };
    uint64_t value = some_value();

    (void)arg;
    if (rnd(64)) {
        value = (value & ~GHCB_MSR_CODE_MASK) |
                codes[rnd(sizeof(codes) / sizeof(codes[0]))];
    }
    ghcb_msr(value);
}

static void rmp_instructions(void *arg)
{
    const void *va = (const void *)(rnd(4) ? some_gpa() : some_value());

    (void)arg;
    switch (rnd(3)) {
    case 0:
        pvalidate_at((uint64_t)va, rnd(4) == 0, (uint32_t)rnd(rnd(4) ? 2 : 0));
        break;
    case 1:
        rmpadjust(va, rnd(4) == 0, rnd(0x20000) | (rnd(8) ? 0 : some_value()));
        break;
    default:
        rmpquery(va, rnd(8));
        break;
    }
}

static void memory_access(void *arg)
{
    volatile uint64_t *at = (volatile uint64_t *)(some_gpa() & ~7ull);

    (void)arg;
    if (rnd(2)) {
        (void)*at;
    } else {
        *at = rnd(0);
    }
}

static void lower_level(void *arg)
{
    (void)arg;
    rdmsr(MSR_AMD64_GHCB);
}

/* A VMSA that could be entered but for some bytes. */
static void spoilt_vmsa(void *arg)
{
    static bool granted;
    unsigned int vmpl = 1 + (unsigned int)rnd(3);
    struct vmsa *vmsa;

    (void)arg;
    for (unsigned int v = 1; !granted && v < SNP_VMPL_COUNT; v++) {
        vmpl_grant_image(v);
    }
    granted = true;
    vmsa = vmpl_vmsa(vmpl, lower_level, NULL);
    if (rnd(8)) {
        mutate(vmsa, 0x700, 3);
    } else {
        fill(vmsa, PAGE);
    }
    vmpl_register(vmpl, vmsa);
    vmpl_run(vmpl);
}

static void ap_creation(void *arg)
{
    uint64_t vmpl = rnd(5), apic_id = rnd(8) ? rnd(3) : rnd(1ull << 32);
    uint64_t kind = rnd(4);

    (void)arg;
    if (vmpl == 0 && apic_id == 0 && kind == GHCB_AP_DESTROY) {
        kind = GHCB_AP_CREATE; /* else this vCPU waits for ever */
    }
    ghcb_begin();
    GHCB_SET(rax, rnd(2) ? SEV_FEATURE_SNP_ACTIVE : some_value());
    ghcb_call(GHCB_NAE_AP_CREATION, kind | vmpl << 16 | apic_id << 32,
              some_gpa());
}

static void (*const acts[])(void *) = {
    spoilt_ghcb, spoilt_ghcb, spoilt_ghcb, garbage_ghcb, garbage_ghcb,
    msr_value, msr_value, rmp_instructions, rmp_instructions, memory_access,
    spoilt_vmsa, ap_creation,
};

void guest_main(void)
{
    unsigned int good = 0;

    take_seed();
    playground = large_raw();
    request = page_share(page_alloc());
    response = page_share(page_alloc());
    for (unsigned int i = 0; i < HARMLESS_CALLS; i++) {
        good += harmless_call();
    }
    report(good == HARMLESS_CALLS, "%u GHCB calls: each has a result",
           HARMLESS_CALLS);
    for (unsigned int i = 0; i < HARMFUL_ACTS; i++) {
        ghcb_msr(SVSM_GHCB_GPA | GHCB_MSR_REG_GPA_REQ);
        wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
        trap_catch(acts[rnd(sizeof(acts) / sizeof(acts[0]))], NULL);
    }
    ghcb_init(); /* the page may have become another, or private */
    report(true, "%u harmful acts survived", HARMFUL_ACTS);
}
