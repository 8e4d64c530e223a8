/* SPDX-License-Identifier: MIT */
/* Test guests: GDT, TSS, IDT; exceptions that a test expects, and those it does not. */
#include "tests/guest/guest.h"

volatile struct trap last_trap;
volatile unsigned int irq_count;
void (*volatile hv_handler)(void);
uint64_t catch_rsp; /* entry.S: 0 while nothing is expected */

extern char catch_landing[], trap_entries[];
void trap_handle(struct trap_frame *frame);

#define VECTORS 64
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS 0x28

/* null, code, data, user data 0x1b, user code 0x23, TSS (two entries) */
static uint64_t gdt[7] = {
    0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff,
    0x00affb000000ffff,
};
static uint64_t idt[VECTORS][2];
static struct {
    uint32_t rsvd;
    uint64_t rsp[3];
    uint64_t rest[9];
    uint32_t iomap;
} EVTPM_PACKED tss;
static uint8_t trap_stack[8192] __attribute__((aligned(16)));

struct descriptor_table {
    uint16_t limit;
    uint64_t base;
} EVTPM_PACKED;

void trap_init(void)
{
    struct descriptor_table d = { sizeof(gdt) - 1, (uint64_t)gdt };
    uint64_t base = (uint64_t)&tss;

    tss.rsp[0] = (uint64_t)trap_stack + sizeof(trap_stack);
    tss.iomap = sizeof(tss) << 16;
    gdt[5] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
             (base >> 24 & 0xff) << 56;
    gdt[6] = base >> 32;
    for (unsigned int i = 0; i < VECTORS; i++) {
        uint64_t at = (uint64_t)trap_entries + i * 16;

        idt[i][0] = (at & 0xffff) | SEL_CODE << 16 | 0x8eull << 40 |
                    (at >> 16 & 0xffff) << 48;
        idt[i][1] = at >> 32;
    }
    __asm__ volatile("lgdt %0" : : "m"(d));
    d = (struct descriptor_table){ sizeof(idt) - 1, (uint64_t)idt };
    __asm__ volatile("lidt %0" : : "m"(d));
    __asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

void trap_handle(struct trap_frame *f)
{
    uint64_t cr2;

    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    if (f->vector >= 32) {
        irq_count++;
        return;
    }
    if (f->vector == SNP_VECTOR_HV && hv_handler) {
        hv_handler();
        return;
    }
    last_trap.vector = f->vector;
    last_trap.error = f->error;
    last_trap.rip = f->rip;
    last_trap.cr2 = cr2;
    last_trap.cs = f->cs;
    if (!catch_rsp) {
        print("# unexpected exception %lu error 0x%lx rip 0x%lx cr2 0x%lx\n",
              f->vector, f->error, f->rip, cr2);
        report(false, "no unexpected exception");
        finish();
    }
    f->rip = (uint64_t)catch_landing;
    f->rsp = catch_rsp;
    f->cs = SEL_CODE;
    f->ss = SEL_DATA;
    f->rflags = 2;
}

void report_trap(void (*fn)(void *), void *arg, uint64_t vector,
                 uint64_t error, const char *what)
{
    bool trapped = trap_catch(fn, arg);

    report(trapped && last_trap.vector == vector &&
               (error == ~0ull || last_trap.error == error),
           "%s", what);
    if (!trapped) {
        print("# no exception\n");
    } else if (last_trap.vector != vector || last_trap.error != error) {
        print("# exception %lu, error 0x%lx\n", last_trap.vector,
              last_trap.error);
    }
}

void report_vc(void (*fn)(void *), void *arg, uint64_t code, const char *what)
{
    report_trap(fn, arg, SNP_VECTOR_VC, code, what);
}

void report_no_trap(void (*fn)(void *), void *arg, const char *what)
{
    bool trapped = trap_catch(fn, arg);

    report(!trapped, "%s", what);
    if (trapped) {
        print("# exception %lu, error 0x%lx, rip 0x%lx\n", last_trap.vector,
              last_trap.error, last_trap.rip);
    }
}
