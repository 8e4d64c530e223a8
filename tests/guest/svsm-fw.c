/* SPDX-License-Identifier: MIT */
/* Test firmware: GHCB, output, SVSM calls. */
#include "tests/guest/svsm-fw.h"

#include <stdarg.h>
#include <string.h>

#include "svsm/format.h"

#define PORT_CONSOLE 0xe9
#define PORT_EXIT 0xf4
#define EXIT_GOOD 0x10
#define EXIT_BAD 0x11
#define SHARED_ALIAS 0x100000000ull

uint64_t fw_caa; /* set by fw_main(): there is no initialized data */
static volatile struct ghcb *const ghcb = (void *)(FW_GHCB + SHARED_ALIAS);
static unsigned verdicts, bad;
static uint64_t next_page;

void fw_main(void);

void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t < f) {
        return memcpy(to, from, size);
    }
    while (size--) {
        ((volatile uint8_t *)t)[size] = f[size];
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (; size; size--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

static uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value),
                       "d"((uint32_t)(value >> 32))
                     : "memory");
}

static uint64_t ghcb_msr(uint64_t request)
{
    wrmsr(MSR_AMD64_GHCB, request);
    __asm__ volatile("rep; vmmcall" : : : "memory");
    return rdmsr(MSR_AMD64_GHCB);
}

static void mark(unsigned bit)
{
    ghcb->valid_bitmap[bit / 8] |= (uint8_t)(1u << bit % 8);
}

uint64_t ghcb_exit(uint64_t code, uint64_t info_1, uint64_t info_2,
                   uint64_t rax)
{
    for (unsigned i = 0; i < sizeof(ghcb->valid_bitmap); i++) {
        ghcb->valid_bitmap[i] = 0;
    }
    ghcb->protocol_version = GHCB_PROTOCOL_MAX;
    ghcb->rax = rax;
    ghcb->sw_exit_code = code;
    ghcb->sw_exit_info_1 = info_1;
    ghcb->sw_exit_info_2 = info_2;
    mark(GHCB_VALID_BIT(rax));
    mark(GHCB_VALID_BIT(sw_exit_code));
    mark(GHCB_VALID_BIT(sw_exit_info_1));
    mark(GHCB_VALID_BIT(sw_exit_info_2));
    ghcb_msr(FW_GHCB);
    return ghcb->sw_exit_info_1;
}

static void out(uint16_t port, uint8_t value)
{
    ghcb_exit(SVM_EXIT_IOIO,
              (uint64_t)port << GHCB_IOIO_PORT_SHIFT | GHCB_IOIO_SIZE8, 0,
              value);
}

static void print(const char *text)
{
    while (*text) {
        out(PORT_CONSOLE, (uint8_t)*text++);
    }
}

static void print_number(const char *fmt, ...)
{
    char text[64];
    va_list args;

    va_start(args, fmt);
    format_text(text, sizeof(text), fmt, args);
    va_end(args);
    print(text);
}

void report(bool ok, const char *fmt, ...)
{
    char text[160];
    va_list args;

    va_start(args, fmt);
    format_text(text, sizeof(text), fmt, args);
    va_end(args);
    verdicts++;
    bad += !ok;
    print_number("%s %u - ", ok ? "ok" : "not ok", verdicts);
    print(text);
    print("\n");
}

void expect(uint64_t got, uint64_t want, const char *what)
{
    if (got != want) {
        print_number("# %lx, expected %lx\n", got, want);
    }
    report(got == want, "%s: %lx", what, want);
}

void fw_finish(void)
{
    print_number("1..%u\n", verdicts);
    out(PORT_EXIT, verdicts && !bad ? EXIT_GOOD : EXIT_BAD);
    for (;;) {
        __asm__ volatile("hlt");
    }
}

void fw_init(void)
{
    ghcb_msr(FW_GHCB | (uint64_t)GHCB_PSC_SHARED << GHCB_PSC_OP_SHIFT |
             GHCB_MSR_PSC_REQ);
    for (unsigned i = 0; i < PAGE / 8; i++) {
        ((volatile uint64_t *)ghcb)[i] = 0;
    }
    ghcb_msr(FW_GHCB | GHCB_MSR_REG_GPA_REQ);
}

bool svsm_switch(struct call *c)
{
    register uint64_t r8 __asm__("r8") = c->r8;
    register uint64_t r9 __asm__("r9") = c->r9;
    uint64_t rax = c->rax, rcx = c->rcx, rdx = c->rdx;

    wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
    __asm__ volatile("rep; vmmcall"
                     : "+a"(rax), "+c"(rcx), "+d"(rdx), "+r"(r8), "+r"(r9)
                     :
                     : "memory");
    *c = (struct call){ rax, rcx, rdx, r8, r9 };
    return rdmsr(MSR_AMD64_GHCB) == GHCB_MSR_VMPL_RESP;
}

bool svsm_call_at(uint64_t caa, struct call *c)
{
    volatile struct svsm_caa *area = (void *)caa;
    bool done;

    area->call_pending = 1;
    done = svsm_switch(c) && !area->call_pending;
    area->call_pending = 0;
    return done;
}

uint64_t svsm_call_once(struct call *c)
{
    return svsm_call_at(fw_caa, c) ? c->rax : ~0ull;
}

uint64_t svsm_call(struct call *c)
{
    uint64_t call = c->rax, rax;

    do {
        c->rax = call;
        rax = svsm_call_once(c);
    } while (rax == SVSM_ERR_INCOMPLETE || rax == SVSM_ERR_BUSY);
    return rax;
}

uint64_t svsm(uint32_t protocol, uint32_t call, uint64_t rcx)
{
    struct call c = { .rax = SVSM_CALL(protocol, call), .rcx = rcx };

    return svsm_call(&c);
}

uint64_t svsm_pvalidate(uint64_t gpa, uint64_t flags)
{
    struct svsm_pvalidate_hdr *list = (void *)(FW_CAA + 8);

    *list = (struct svsm_pvalidate_hdr){ .entries = 1 };
    *(uint64_t *)(list + 1) = gpa | flags;
    return svsm(SVSM_PROTOCOL_CORE, SVSM_CORE_PVALIDATE, (uint64_t)list);
}

uint8_t *fw_page(void)
{
    uint64_t gpa = FW_RAM_END - 2 * SNP_LARGE_PAGE_SIZE +
                   PAGE * ++next_page;

    if (svsm_pvalidate(gpa, SVSM_PVALIDATE_VALIDATE) != SVSM_SUCCESS) {
        report(false, "a page can be validated");
        fw_finish();
    }
    return (uint8_t *)gpa;
}

uint64_t fw_features(void)
{
    return rdmsr(MSR_AMD64_SEV_STATUS) >> SEV_STATUS_FEATURES_SHIFT;
}

void fw_main(void)
{
    fw_caa = FW_CAA;
    fw_init();
    fw_tests();
    fw_finish();
}
