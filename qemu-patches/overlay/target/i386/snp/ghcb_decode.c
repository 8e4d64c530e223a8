/*
 * GHCB requests as a hypervisor reads them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "ghcb_decode.h"

#define BIT_RAX GHCB_VALID_BIT(rax)
#define BIT_RCX GHCB_VALID_BIT(rcx)
#define BIT_RDX GHCB_VALID_BIT(rdx)
#define BIT_RBX GHCB_VALID_BIT(rbx)
#define BIT_CPL GHCB_VALID_BIT(cpl)
#define BIT_XCR0 GHCB_VALID_BIT(xcr0)
#define BIT_INFO_1 GHCB_VALID_BIT(sw_exit_info_1)
#define BIT_INFO_2 GHCB_VALID_BIT(sw_exit_info_2)
#define BIT_SCRATCH GHCB_VALID_BIT(sw_scratch)

typedef struct GhcbEvent {
    uint64_t code;
    const char *name;
    uint8_t need[4];       /* bits of valid_bitmap beyond code and infos */
} GhcbEvent;

/* What each event needs is in its row, so that a gap is visible. */
static const GhcbEvent events[] = {
    { SVM_EXIT_DR7_READ, "dr7-read", { 0 } },
    { SVM_EXIT_DR7_WRITE, "dr7-write", { BIT_RAX } },
    { SVM_EXIT_RDTSC, "rdtsc", { 0 } },
    { SVM_EXIT_RDPMC, "rdpmc", { BIT_RCX } },
    { SVM_EXIT_CPUID, "cpuid", { BIT_RAX, BIT_RCX } },
    { SVM_EXIT_INVD, "invd", { 0 } },
    { SVM_EXIT_IOIO, "ioio", { 0 } },
    { SVM_EXIT_MSR, "msr", { BIT_RCX } },
    { SVM_EXIT_VMMCALL, "vmmcall", { BIT_RAX, BIT_CPL } },
    { SVM_EXIT_RDTSCP, "rdtscp", { 0 } },
    { SVM_EXIT_WBINVD, "wbinvd", { 0 } },
    { SVM_EXIT_MONITOR, "monitor", { BIT_RAX, BIT_RCX, BIT_RDX } },
    { SVM_EXIT_MWAIT, "mwait", { BIT_RAX, BIT_RCX } },
    { GHCB_NAE_MMIO_READ, "mmio-read", { BIT_SCRATCH } },
    { GHCB_NAE_MMIO_WRITE, "mmio-write", { BIT_SCRATCH } },
    { GHCB_NAE_NMI_COMPLETE, "nmi-complete", { 0 } },
    { GHCB_NAE_AP_RESET_HOLD, "ap-reset-hold", { 0 } },
    { GHCB_NAE_AP_JUMP_TABLE, "ap-jump-table", { 0 } },
    { GHCB_NAE_PSC, "psc", { BIT_SCRATCH } },
    { GHCB_NAE_GUEST_REQUEST, "guest-request", { 0 } },
    { GHCB_NAE_EXT_GUEST_REQUEST, "ext-guest-request", { BIT_RAX, BIT_RBX } },
    { GHCB_NAE_AP_CREATION, "ap-creation", { 0 } },
    { GHCB_NAE_HV_DOORBELL, "hv-doorbell", { 0 } },
    { GHCB_NAE_HV_IPI, "hv-ipi", { 0 } },
    { GHCB_NAE_APIC_ID_LIST, "apic-id-list", { BIT_RAX } },
    { GHCB_NAE_RUN_VMPL, "run-vmpl", { 0 } },
    { GHCB_NAE_HV_FEATURES, "hv-features", { 0 } },
    { GHCB_NAE_TERMINATE, "terminate", { 0 } },
    { GHCB_NAE_UNSUPPORTED, "unsupported", { 0 } },
};

static const GhcbEvent *find_event(uint64_t code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        if (events[i].code == code) {
            return &events[i];
        }
    }
    return NULL;
}

const char *ghcb_event_name(uint64_t exit_code)
{
    const GhcbEvent *event = find_event(exit_code);

    return event ? event->name : "unknown";
}

bool ghcb_is_valid(const struct ghcb *ghcb, unsigned bit)
{
    return ghcb->valid_bitmap[bit / 8] & (1u << (bit % 8));
}

void ghcb_set_valid(struct ghcb *ghcb, unsigned bit)
{
    ghcb->valid_bitmap[bit / 8] |= 1u << (bit % 8);
}

/* What depends on the values of a request, not on its code alone. */
static bool has_conditional_fields(const struct ghcb *ghcb)
{
    uint64_t info_1 = ghcb->sw_exit_info_1;

    switch (ghcb->sw_exit_code) {
    case SVM_EXIT_CPUID:
        return (uint32_t)ghcb->rax != 0xd || ghcb_is_valid(ghcb, BIT_XCR0);
    case SVM_EXIT_IOIO:
        if (info_1 & GHCB_IOIO_STR) {
            return ghcb_is_valid(ghcb, BIT_SCRATCH);
        }
        return (info_1 & GHCB_IOIO_IN) || ghcb_is_valid(ghcb, BIT_RAX);
    case SVM_EXIT_MSR:
        return !info_1 || (ghcb_is_valid(ghcb, BIT_RAX) &&
                           ghcb_is_valid(ghcb, BIT_RDX));
    case GHCB_NAE_AP_CREATION:
        /* SEV_FEATURES count for a creation only */
        return (info_1 & 0xffff) == GHCB_AP_DESTROY ||
               ghcb_is_valid(ghcb, BIT_RAX);
    default:
        return true;
    }
}

unsigned ghcb_check(const struct ghcb *ghcb)
{
    const GhcbEvent *event;

    if (ghcb->ghcb_usage) {
        return GHCB_ERR_INVALID_USAGE;
    }
    if (!ghcb_is_valid(ghcb, GHCB_VALID_BIT(sw_exit_code)) ||
        !ghcb_is_valid(ghcb, BIT_INFO_1) || !ghcb_is_valid(ghcb, BIT_INFO_2)) {
        return GHCB_ERR_MISSING_INPUT;
    }
    event = find_event(ghcb->sw_exit_code);
    if (!event) {
        return GHCB_ERR_INVALID_EVENT;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(event->need) && event->need[i]; i++) {
        if (!ghcb_is_valid(ghcb, event->need[i])) {
            return GHCB_ERR_MISSING_INPUT;
        }
    }
    return has_conditional_fields(ghcb) ? 0 : GHCB_ERR_MISSING_INPUT;
}

unsigned ghcb_scratch(const struct ghcb *ghcb, uint64_t ghcb_gpa,
                      uint64_t len, unsigned *offset)
{
    uint64_t start = ghcb->sw_scratch - ghcb_gpa;

    if (!ghcb_is_valid(ghcb, BIT_SCRATCH)) {
        return GHCB_ERR_MISSING_INPUT;
    }
    /* An address below the page wraps to a large offset and fails here too. */
    if (start < GHCB_SCRATCH_START || start >= GHCB_SCRATCH_END ||
        len > GHCB_SCRATCH_END - start) {
        return GHCB_ERR_INVALID_SCRATCH;
    }
    *offset = start;
    return 0;
}

unsigned ghcb_decode_io(const struct ghcb *ghcb, GhcbIo *io)
{
    uint64_t info = ghcb->sw_exit_info_1;
    uint64_t sizes = info & (GHCB_IOIO_SIZE8 | GHCB_IOIO_SIZE16 |
                             GHCB_IOIO_SIZE32);

    switch (sizes) {
    case GHCB_IOIO_SIZE8:
        io->size = 1;
        break;
    case GHCB_IOIO_SIZE16:
        io->size = 2;
        break;
    case GHCB_IOIO_SIZE32:
        io->size = 4;
        break;
    default:
        return GHCB_ERR_INVALID_INPUT;
    }
    if (info >> 32) {
        return GHCB_ERR_INVALID_INPUT;
    }
    io->port = info >> GHCB_IOIO_PORT_SHIFT;
    io->in = info & GHCB_IOIO_IN;
    io->string = info & GHCB_IOIO_STR;
    io->count = 1;
    if (io->string) {
        if (ghcb->sw_exit_info_2 > GHCB_BUFFER_SIZE / io->size) {
            return GHCB_ERR_INVALID_SCRATCH;
        }
        io->count = ghcb->sw_exit_info_2;
    }
    return 0;
}

/* The first 16 vectors are illegal, as for an APIC. */
unsigned ghcb_decode_icr(uint64_t icr, GhcbIpi *ipi)
{
    unsigned mode = (icr >> GHCB_ICR_MODE_SHIFT) & 7;

    ipi->vector = mode == GHCB_ICR_MODE_FIXED ? icr & GHCB_ICR_VECTOR_MASK : 0;
    ipi->logical = icr & GHCB_ICR_LOGICAL;
    ipi->shorthand = (icr >> GHCB_ICR_SHORTHAND_SHIFT) & 3;
    ipi->destination = icr >> 32;
    if (mode == GHCB_ICR_MODE_NMI) {
        return 0;
    }
    return mode == GHCB_ICR_MODE_FIXED && ipi->vector >= 16 ?
           0 : GHCB_ERR_INVALID_INPUT;
}

bool ghcb_ipi_reaches(const GhcbIpi *ipi, uint32_t apic_id, bool self)
{
    switch (ipi->shorthand) {
    case GHCB_ICR_SELF:
        return self;
    case GHCB_ICR_ALL:
        return true;
    case GHCB_ICR_OTHERS:
        return !self;
    default:
        break;
    }
    if (ipi->destination == UINT32_MAX) {
        return true;
    }
    if (ipi->logical) {
        return ipi->destination >> 16 == apic_id >> 4 &&
               (ipi->destination >> (apic_id & 15) & 1);
    }
    return ipi->destination == apic_id;
}

uint16_t hv_events_add(uint16_t word, uint8_t vector, bool nmi, bool *raise)
{
    *raise = !(word & HV_EVENT_NO_FURTHER_SIGNAL);
    if (vector) {
        word = (word & ~HV_EVENT_VECTOR_MASK) | vector;
    }
    return word | (nmi ? HV_EVENT_NMI : 0) | HV_EVENT_NO_FURTHER_SIGNAL;
}

int vectors_highest(const uint32_t set[8])
{
    for (int i = 7; i >= 0; i--) {
        if (set[i]) {
            return i * 32 + 31 - __builtin_clz(set[i]);
        }
    }
    return -1;
}

void vectors_add(uint32_t set[8], uint8_t vector)
{
    set[vector / 32] |= 1u << vector % 32;
}

void vectors_remove(uint32_t set[8], uint8_t vector)
{
    set[vector / 32] &= ~(1u << vector % 32);
}

bool vectors_has(const uint32_t set[8], uint8_t vector)
{
    return set[vector / 32] >> vector % 32 & 1;
}

bool ghcb_psc_header_ok(const struct ghcb_psc_hdr *hdr, unsigned offset)
{
    unsigned room = (GHCB_SCRATCH_END - offset - sizeof(*hdr)) / 8;

    return hdr->cur_entry <= hdr->end_entry &&
           hdr->end_entry < GHCB_PSC_ENTRY_MAX && hdr->end_entry < room;
}

bool ghcb_decode_psc(uint64_t entry, GhcbPsc *psc)
{
    psc->done = entry & GHCB_PSC_CUR_PAGE_MASK;
    psc->gpa = entry & 0x000ffffffffff000ull;
    psc->op = (entry >> GHCB_PSC_OP_SHIFT) & 0xf;
    psc->large = entry & GHCB_PSC_LARGE;

    if (entry >> 57 || psc->op < GHCB_PSC_PRIVATE ||
        psc->op > GHCB_PSC_UNSMASH) {
        return false;
    }
    if (psc->large) {
        return !(psc->gpa & (SNP_LARGE_PAGE_SIZE - 1)) && psc->done <= 512;
    }
    return psc->done <= 1;
}

uint64_t ghcb_psc_done(uint64_t entry)
{
    return (entry & ~GHCB_PSC_CUR_PAGE_MASK) |
           (entry & GHCB_PSC_LARGE ? 512 : 1);
}
