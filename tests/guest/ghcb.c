/* SPDX-License-Identifier: MIT */
/* Test guests: both GHCB protocols, from the guest's side. */
#include "tests/guest/guest.h"

volatile struct ghcb *const ghcb = (struct ghcb *)SVSM_GHCB_GPA;

uint64_t ghcb_msr(uint64_t request)
{
    uint64_t before = rdmsr(MSR_AMD64_GHCB), answer;

    wrmsr(MSR_AMD64_GHCB, request);
    vmgexit();
    answer = rdmsr(MSR_AMD64_GHCB);
    wrmsr(MSR_AMD64_GHCB, before);
    return answer;
}

static void terminate(unsigned int code)
{
    ghcb_msr(GHCB_MSR_TERM_REQ | GHCB_TERM_SET_EVTPM << 12 | code << 16);
}

uint32_t psc(uint64_t gpa, unsigned int op)
{
    uint64_t answer = ghcb_msr(gpa | (uint64_t)op << GHCB_PSC_OP_SHIFT |
                               GHCB_MSR_PSC_REQ);

    if ((answer & GHCB_MSR_CODE_MASK) != GHCB_MSR_PSC_RESP) {
        return 0xffffffff;
    }
    return (uint32_t)(answer >> 32);
}

/* The codes tell how far a guest came that cannot print yet. */
void ghcb_init(void)
{
    const uint64_t gpa = SVSM_GHCB_GPA;

    if (psc(gpa, GHCB_PSC_SHARED) != 0) {
        terminate(0x10);
    }
    if (ghcb_msr(gpa | GHCB_MSR_REG_GPA_REQ) != (gpa | GHCB_MSR_REG_GPA_RESP)) {
        terminate(0x11);
    }
    memset((void *)ghcb, 0, PAGE);
    wrmsr(MSR_AMD64_GHCB, gpa);
}

void ghcb_begin(void)
{
    memset((void *)ghcb, 0, offsetof(struct ghcb, x87_state_gpa));
    ghcb->protocol_version = GHCB_PROTOCOL_MAX;
    ghcb->ghcb_usage = 0;
}

void ghcb_set_valid(unsigned int bit)
{
    ghcb->valid_bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

uint64_t ghcb_call(uint64_t code, uint64_t info_1, uint64_t info_2)
{
    GHCB_SET(sw_exit_code, code);
    GHCB_SET(sw_exit_info_1, info_1);
    GHCB_SET(sw_exit_info_2, info_2);
    wrmsr(MSR_AMD64_GHCB, SVSM_GHCB_GPA);
    vmgexit();
    return ghcb->sw_exit_info_1;
}

static uint64_t io_info(uint16_t port, unsigned int size)
{
    return (uint64_t)port << GHCB_IOIO_PORT_SHIFT | size << 4 | 1u << 9;
}

void io_out(uint16_t port, unsigned int size, uint32_t value)
{
    ghcb_begin();
    GHCB_SET(rax, value);
    ghcb_call(SVM_EXIT_IOIO, io_info(port, size), 0);
}

uint32_t io_in(uint16_t port, unsigned int size)
{
    ghcb_begin();
    GHCB_SET(rax, 0);
    ghcb_call(SVM_EXIT_IOIO, io_info(port, size) | GHCB_IOIO_IN, 0);
    return (uint32_t)ghcb->rax;
}

void *page_share(void *va)
{
    pvalidate(va, false, false);
    if (psc((uint64_t)va, GHCB_PSC_SHARED) != 0) {
        report(false, "a page can be made shared");
        finish();
    }
    page_map(va, (uint64_t)va, PTE_SHARED_RW);
    return memset(va, 0, PAGE);
}
