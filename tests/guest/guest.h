/* SPDX-License-Identifier: MIT */
/*
 * Test guests: freestanding programs that start at VMPL0 from an IGVM file and prove one subject of
 * the platform each. They count verdicts, print them as TAP lines through GHCB I/O to the debug
 * console (port 0xe9) and end by the debug exit device (port 0xf4), so that silence is a failure.
 */
#ifndef EVTPM_TESTS_GUEST_H
#define EVTPM_TESTS_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evtpm/ghcb.h"
#include "evtpm/igvm.h"
#include "evtpm/snp.h"
#include "evtpm/svsm_boot.h"
#include "evtpm/vmsa.h"

#define PAGE SNP_PAGE_SIZE

/* The test itself: verdicts through report(); returning ends the guest with their sum. */
void guest_main(void);

/* ---- verdicts (report.c) ---- */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report(bool ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the guest: status 33 when all verdicts were good and there was one, else 35. */
void finish(void) __attribute__((noreturn));

/* ---- start state (entry.S) ---- */
enum { START_RAX, START_RSP, START_RBX, START_RCX, START_RDX, START_RSI,
       START_RDI, START_RBP, START_RFLAGS };
extern uint64_t start_regs[9];
extern const struct svsm_boot_info *boot;
extern char image_end[];

/* ---- exceptions (trap.c) ---- */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
struct trap {
    uint64_t vector, error, rip, cr2, cs;
};
extern volatile struct trap last_trap;
extern volatile unsigned int irq_count; /* interrupts, vectors 32 to 63 */
/* Takes #HV, vector 28; none: it is unexpected like the others. */
extern void (*volatile hv_handler)(void);
bool trap_catch(void (*fn)(void *), void *arg);
void user_enter(uint64_t rip, uint64_t rsp) __attribute__((noreturn));
void trap_init(void);
/* fn(arg) raises exactly this; error ~0: any. Prints what came instead. */
void report_trap(void (*fn)(void *), void *arg, uint64_t vector,
                 uint64_t error, const char *what);
void report_vc(void (*fn)(void *), void *arg, uint64_t code, const char *what);
void report_no_trap(void (*fn)(void *), void *arg, const char *what);
#define TRAP_GP 13
#define TRAP_PF 14
#define TRAP_UD 6

/* ---- memory (mem.c) ---- */
void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
/* Heap pages: private and not yet validated; validated and zero. Never 2 MiB aligned. */
void *page_raw(void);
void *page_alloc(void);
/* 2 MiB of untouched heap, 2 MiB aligned. */
void *large_raw(void);
/* A virtual page that maps nothing until page_map(). */
void *page_window(void);
#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_NX (1ull << 63)
#define PTE_PRIVATE_RW (PTE_P | PTE_W | PTE_NX | SNP_CBIT)
#define PTE_SHARED_RW (PTE_P | PTE_W | PTE_NX)
volatile uint64_t *page_pte(const volatile void *va);
/* Sets the entry of `va`, flushes it, returns `va`. */
void *page_map(void *va, uint64_t gpa, uint64_t flags);
/* U bit on the tables above the region's leaves. */
void user_allow(void);

/* ---- GHCB (ghcb.c) ---- */
extern volatile struct ghcb *const ghcb;
uint64_t ghcb_msr(uint64_t request); /* one VMGEXIT of the MSR protocol */
void ghcb_init(void);
void ghcb_begin(void); /* clears fields and bitmap */
void ghcb_set_valid(unsigned int bit);
/* Sends code and infos and what was set since ghcb_begin(); returns sw_exit_info_1. */
uint64_t ghcb_call(uint64_t code, uint64_t info_1, uint64_t info_2);
#define GHCB_SET(field, value)                       \
    do {                                             \
        ghcb->field = (value);                       \
        ghcb_set_valid(GHCB_VALID_BIT(field));       \
    } while (0)
void io_out(uint16_t port, unsigned int size, uint32_t value);
uint32_t io_in(uint16_t port, unsigned int size);
/* Page state change of one page by MSR: 0 or the host's error. */
uint32_t psc(uint64_t gpa, unsigned int op);
/* The page becomes shared and is mapped so, zeroed; undoes validation first. */
void *page_share(void *va);

/* ---- local APIC by MMIO events (apic.c) ---- */
#define APIC_EOI 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_ISR 0x100
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HIGH 0x310
#define APIC_TIMER 0x320
#define APIC_COUNT 0x380
#define APIC_DIVIDE 0x3e0
void apic_write(uint32_t reg, uint32_t value);
uint32_t apic_read(uint32_t reg);

/* ---- other VMPLs (vmpl.c) ---- */
/* Everything the guest runs on (image, page tables, IDT) for `vmpl`, all rights. */
void vmpl_grant_image(unsigned int vmpl);
void vmpl_grant(const volatile void *va, uint64_t size, unsigned int vmpl,
                unsigned int perms);
/* A VMSA page for `vmpl` that calls fn(arg) on a stack of its own in 64-bit mode. */
struct vmsa *vmpl_vmsa(unsigned int vmpl, void (*fn)(void *), void *arg);
/* Makes the host know it for this vCPU: AP creation "on INIT"; returns sw_exit_info_1. */
uint64_t vmpl_register(unsigned int vmpl, const struct vmsa *vmsa);
uint64_t vmpl_run(unsigned int vmpl); /* RUN_VMPL by MSR; the answer */
#define VMPL_RUN_OK ((uint64_t)GHCB_MSR_VMPL_RESP)

/* ---- instructions ---- */
struct rmp_result {
    uint32_t eax;
    bool carry;
    uint64_t rcx, rdx;
};

static inline struct rmp_result pvalidate_at(uint64_t va, bool large,
                                             uint32_t edx)
{
    struct rmp_result r;

    __asm__ volatile(".byte 0xf2, 0x0f, 0x01, 0xff"
                     : "=a"(r.eax), "=@ccc"(r.carry)
                     : "a"(va), "c"((uint64_t)large), "d"((uint64_t)edx)
                     : "memory");
    r.rcx = r.rdx = 0;
    return r;
}

static inline struct rmp_result pvalidate(const volatile void *va, bool large,
                                          bool validate)
{
    return pvalidate_at((uint64_t)va, large, validate);
}

static inline struct rmp_result rmpadjust(const volatile void *va, bool large,
                                          uint64_t rdx)
{
    struct rmp_result r = { .rcx = large, .rdx = rdx };
    uint64_t rax = (uint64_t)va;

    __asm__ volatile(".byte 0xf3, 0x0f, 0x01, 0xfe"
                     : "+a"(rax), "+c"(r.rcx), "+d"(r.rdx), "=@ccc"(r.carry)
                     :
                     : "memory");
    r.eax = (uint32_t)rax;
    return r;
}

static inline struct rmp_result rmpquery(const volatile void *va,
                                         uint64_t rdx)
{
    struct rmp_result r = { .rcx = 0, .rdx = rdx };
    uint64_t rax = (uint64_t)va;

    __asm__ volatile(".byte 0xf3, 0x0f, 0x01, 0xfd"
                     : "+a"(rax), "+c"(r.rcx), "+d"(r.rdx), "=@ccc"(r.carry)
                     :
                     : "memory");
    r.eax = (uint32_t)rax;
    return r;
}

static inline uint64_t rdx_of(unsigned int vmpl, unsigned int perms)
{
    return vmpl | perms << RMPADJUST_PERM_SHIFT;
}

static inline void vmgexit(void)
{
    __asm__ volatile("rep; vmmcall" ::: "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)),
                       "c"(msr)
                     : "memory");
}

static inline void invlpg(const volatile void *va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#endif
