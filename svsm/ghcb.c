/* SPDX-License-Identifier: MIT */
/* GHCB MSR protocol and GHCB page protocol, version 2, from the guest's side.
 */
#include "svsm/ghcb.h"

#include <string.h>

#include "evtpm/snp.h"
#include "svsm/cpu.h"
#include "svsm/term.h"

#define GHCB_VERSION 2u
#define PSC_BATCH 253
#define PSC_STALLS 1000 /* exits without progress before giving up */
#define RESPONSE_ERROR(value) ((value) >> 32)

#define ghcb_mark(g, member)                                                   \
    ((g)->valid_bitmap[GHCB_VALID_BIT(member) / 8] |=                          \
     (uint8_t)(1u << (GHCB_VALID_BIT(member) % 8)))
#define ghcb_set(g, member, value)                                             \
    do {                                                                       \
        write_once((g)->member, (uint64_t)(value));                            \
        ghcb_mark(g, member);                                                  \
    } while (0)

static uint64_t features;

static uint64_t msr_call(uint64_t request)
{
    wrmsr(MSR_AMD64_GHCB, request);
    vmgexit();
    return rdmsr(MSR_AMD64_GHCB);
}

void ghcb_terminate(unsigned set, unsigned code)
{
    for (;;) {
        msr_call(GHCB_MSR_TERM_REQ | (uint64_t)set << 12 |
                 (uint64_t)(code & 0xff) << 16);
        halt();
    }
}

uint64_t ghcb_features(void)
{
    return features;
}

void ghcb_negotiate(void)
{
    uint64_t answer = msr_call(GHCB_MSR_SEV_INFO_REQ);

    if ((answer & GHCB_MSR_CODE_MASK) != GHCB_MSR_SEV_INFO_RESP ||
        answer >> 48 < GHCB_VERSION || (answer >> 32 & 0xffff) > GHCB_VERSION) {
        fatal(SVSM_TERM_GHCB_PROTOCOL, "GHCB protocol 2 not offered: %lx",
              answer);
    }
    answer = msr_call(GHCB_MSR_HV_FEATURES_REQ);
    if ((answer & GHCB_MSR_CODE_MASK) != GHCB_MSR_HV_FEATURES_RESP) {
        fatal(SVSM_TERM_GHCB_PROTOCOL, "no feature answer: %lx", answer);
    }
    features = answer >> 12;
    if (!(features & GHCB_HV_FT_SNP) || !(features & GHCB_HV_FT_AP_CREATION)) {
        fatal(SVSM_TERM_GHCB_PROTOCOL, "host features %lx do not suffice",
              features);
    }
}

void ghcb_install(struct percpu *cpu, struct ghcb *ghcb, uint64_t gpa,
                  bool convert)
{
    uint64_t answer;

    if (convert) {
        answer =
            msr_call(GHCB_MSR_PSC_REQ | gpa | (uint64_t)GHCB_PSC_SHARED << 52);
        if ((answer & GHCB_MSR_CODE_MASK) != GHCB_MSR_PSC_RESP ||
            RESPONSE_ERROR(answer) != 0) {
            fatal(SVSM_TERM_PSC, "GHCB page cannot be shared: %lx", answer);
        }
    }
    memset(ghcb, 0, sizeof(*ghcb));
    answer = msr_call(GHCB_MSR_REG_GPA_REQ | gpa);
    if (answer != (GHCB_MSR_REG_GPA_RESP | gpa)) {
        fatal(SVSM_TERM_GHCB_REGISTER, "GHCB refused: %lx", answer);
    }
    cpu->ghcb_gpa = gpa;
    cpu->ghcb = ghcb;
}

static struct ghcb *ghcb_begin(void)
{
    struct ghcb *g = this_cpu()->ghcb;

    if (g) {
        memset(g->valid_bitmap, 0, sizeof(g->valid_bitmap));
        g->protocol_version = GHCB_VERSION;
        g->ghcb_usage = 0;
    }
    return g;
}

/* 0 when the host says that it did what it was asked. */
static int ghcb_exit(struct ghcb *g, uint64_t code, uint64_t info_1,
                     uint64_t info_2)
{
    ghcb_set(g, sw_exit_code, code);
    ghcb_set(g, sw_exit_info_1, info_1);
    ghcb_set(g, sw_exit_info_2, info_2);
    wrmsr(MSR_AMD64_GHCB, this_cpu()->ghcb_gpa);
    vmgexit();
    return (uint32_t)read_once(g->sw_exit_info_1) == GHCB_RESULT_OK ? 0 : -1;
}

void ghcb_io_out8(uint16_t port, uint8_t value)
{
    struct ghcb *g = ghcb_begin();

    if (g) {
        ghcb_set(g, rax, value);
        ghcb_exit(g, SVM_EXIT_IOIO,
                  (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_SIZE8, 0);
    }
}

uint8_t ghcb_io_in8(uint16_t port)
{
    struct ghcb *g = ghcb_begin();

    if (!g) {
        return 0xff;
    }
    ghcb_set(g, rax, 0);
    if (ghcb_exit(g, SVM_EXIT_IOIO,
                  (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_SIZE8 |
                      GHCB_IOIO_IN,
                  0) != 0) {
        return 0xff;
    }
    return (uint8_t)read_once(g->rax);
}

/* One list in the shared buffer; the host may need several exits for it. */
static int psc_submit(struct ghcb *g, uint16_t entries)
{
    struct ghcb_psc_hdr *hdr = (struct ghcb_psc_hdr *)g->shared_buffer;
    uint16_t current = 0, last = entries - 1, now;

    for (unsigned stalls = 0; stalls < PSC_STALLS; stalls++) {
        g = ghcb_begin();
        ghcb_set(g, sw_scratch,
                 this_cpu()->ghcb_gpa + offsetof(struct ghcb, shared_buffer));
        if (ghcb_exit(g, GHCB_NAE_PSC, 0, 0) != 0 ||
            read_once(g->sw_exit_info_2) != 0) {
            return -1;
        }
        now = read_once(hdr->cur_entry);
        if (read_once(hdr->end_entry) != last || now < current ||
            now > entries) {
            return -1;
        }
        if (now > last) {
            return 0;
        }
        if (now != current) {
            stalls = 0;
        }
        current = now;
    }
    return -1;
}

void ghcb_page_state(uint64_t gpa, uint64_t size, unsigned op)
{
    struct ghcb *g = this_cpu()->ghcb;
    struct ghcb_psc_hdr *hdr = (struct ghcb_psc_hdr *)g->shared_buffer;
    uint64_t *entry = (uint64_t *)(hdr + 1);
    uint64_t end = gpa + size;

    while (gpa < end) {
        uint16_t n = 0;

        for (; n < PSC_BATCH && gpa < end; n++) {
            bool large = gpa % SNP_LARGE_PAGE_SIZE == 0 &&
                         end - gpa >= SNP_LARGE_PAGE_SIZE;

            entry[n] = gpa | (uint64_t)op << GHCB_PSC_OP_SHIFT |
                       (large ? GHCB_PSC_LARGE : 0);
            gpa += large ? SNP_LARGE_PAGE_SIZE : SNP_PAGE_SIZE;
        }
        *hdr = (struct ghcb_psc_hdr){ .end_entry = n - 1 };
        if (psc_submit(g, n) != 0) {
            fatal(SVSM_TERM_PSC, "page state change %u below %lx refused", op,
                  gpa);
        }
    }
}

int ghcb_ap_creation(unsigned request, unsigned vmpl, uint32_t apic_id,
                     uint64_t vmsa_gpa, uint64_t sev_features)
{
    struct ghcb *g = ghcb_begin();

    ghcb_set(g, rax, sev_features);
    return ghcb_exit(g, GHCB_NAE_AP_CREATION,
                     (uint64_t)apic_id << 32 | (uint64_t)vmpl << 16 | request,
                     vmsa_gpa);
}

int ghcb_run_vmpl(unsigned vmpl)
{
    uint64_t answer = msr_call(GHCB_MSR_VMPL_REQ | (uint64_t)vmpl << 32);

    return answer == GHCB_MSR_VMPL_RESP ? 0 : -1;
}

int ghcb_apic_ids(uint32_t *ids, uint32_t max, const void *buffer,
                  uint64_t buffer_gpa)
{
    const uint32_t *list = buffer;
    struct ghcb *g = ghcb_begin();
    uint32_t count;

    ghcb_set(g, rax, 1);
    if (ghcb_exit(g, GHCB_NAE_APIC_ID_LIST, buffer_gpa, 0) != 0) {
        return -1;
    }
    count = read_once(list[0]);
    count = count < max ? count : max;
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = read_once(list[1 + i]);
    }
    return (int)count;
}

int ghcb_guest_request(uint64_t request_gpa, uint64_t response_gpa,
                       uint64_t cert_gpa, uint64_t cert_pages,
                       struct ghcb_request_result *result)
{
    struct ghcb *g = ghcb_begin();
    uint64_t info_2;

    if (cert_pages) {
        ghcb_set(g, rax, cert_gpa);
        ghcb_set(g, rbx, cert_pages);
    }
    if (ghcb_exit(
            g, cert_pages ? GHCB_NAE_EXT_GUEST_REQUEST : GHCB_NAE_GUEST_REQUEST,
            request_gpa, response_gpa) != 0) {
        return -1;
    }
    info_2 = read_once(g->sw_exit_info_2);
    result->firmware = (uint32_t)info_2;
    result->vmm = (uint32_t)(info_2 >> 32);
    result->cert_pages = read_once(g->rbx);
    return 0;
}
