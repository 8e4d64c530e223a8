/* SPDX-License-Identifier: MIT */
/*
 * GDT, TSS, IDT; what happens to exceptions. The kernel expects none of its own
 * but two: memory of the guest that is not validated (#VC 404) and RMP
 * instructions that fault, at the instructions listed in .extable. #VC and the
 * aborts have stacks of their own (IST), because a host can raise them between
 * SYSCALL and the switch of stacks. A #VC within a #VC is fatal anyway.
 */
#include "svsm/trap.h"

#include "evtpm/snp.h"
#include "svsm/console.h"
#include "svsm/cpu.h"
#include "svsm/cpuid.h"
#include "svsm/kva.h"
#include "svsm/term.h"

#define VECTORS 32
#define IST_VC 1
#define IST_ABORT 2
#define GATE_INTERRUPT 0x8e
/* TF IF DF IOPL NT AC: what SYSCALL clears */
#define SYSCALL_RFLAGS_MASK 0x47700u

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t rsvd_0c;
};
EVTPM_SIZE(struct gate, 16);

struct table_register {
    uint16_t limit;
    uint64_t base;
} EVTPM_PACKED;

struct extable_entry {
    uint64_t instruction;
    uint64_t fixup;
};

extern const struct extable_entry extable_start[], extable_end[];
extern const uint8_t trap_stubs[];
void syscall_entry(void);
void gdt_load(const void *descriptor);

struct percpu percpus[SVSM_CPU_MAX];
uint32_t cpu_count = 1;

static struct gate idt[VECTORS] __attribute__((aligned(16)));

void percpu_install(struct percpu *cpu, uint32_t index)
{
    cpu->self = cpu;
    cpu->index = index;
    wrmsr(MSR_GS_BASE, (uint64_t)cpu);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}

static void gdt_init(struct percpu *cpu)
{
    uint64_t base = (uint64_t)&cpu->tss;
    struct table_register gdtr = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };

    cpu->gdt[SEL_KERNEL_CODE / 8] = 0x00209b0000000000ull;
    cpu->gdt[SEL_KERNEL_DATA / 8] = 0x0000930000000000ull;
    cpu->gdt[SEL_USER_DATA / 8] = 0x0000f30000000000ull;
    cpu->gdt[SEL_USER_CODE / 8] = 0x0020fb0000000000ull;
    cpu->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
                            0x89ull << 40 | (base >> 24 & 0xff) << 56;
    cpu->gdt[SEL_TSS / 8 + 1] = base >> 32;
    cpu->tss.io_map = sizeof(struct tss);
    gdt_load(&gdtr);
}

static void idt_load(void)
{
    struct table_register idtr = { sizeof(idt) - 1, (uint64_t)idt };

    asm volatile("lidt %0" : : "m"(idtr));
}

static void idt_init(void)
{
    for (unsigned i = 0; i < VECTORS; i++) {
        uint64_t stub = (uint64_t)trap_stubs + 16 * i;

        idt[i] = (struct gate){
            .offset_low = (uint16_t)stub,
            .selector = SEL_KERNEL_CODE,
            .type = GATE_INTERRUPT,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
}

void trap_init_early(struct percpu *cpu)
{
    idt_init();
    gdt_init(cpu);
    idt_load();
}

void trap_stacks(struct percpu *cpu)
{
    cpu->tss.rsp[0] = kva_stack(1);
    cpu->tss.ist[IST_VC - 1] = kva_stack(2);
    cpu->tss.ist[IST_ABORT - 1] = kva_stack(2);
}

static void syscall_init(void)
{
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    wrmsr(MSR_STAR, (uint64_t)SEL_KERNEL_CODE << 32);
    wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    wrmsr(MSR_SFMASK, SYSCALL_RFLAGS_MASK);
}

static void cr4_init(void)
{
    struct cpuid_regs leaf7;
    uint64_t cr4 = read_cr4();

    if (cpuid_get(7, 0, &leaf7)) {
        cr4 |= leaf7.ebx & 1u << 7 ? CR4_SMEP : 0;
        cr4 |= leaf7.ebx & 1u << 20 ? CR4_SMAP : 0;
        cr4 |= leaf7.ecx & 1u << 2 ? CR4_UMIP : 0;
    }
    write_cr4(cr4);
}

void trap_init(struct percpu *cpu)
{
    idt[SNP_VECTOR_VC].ist = IST_VC;
    idt[VECTOR_NMI].ist = IST_ABORT;
    idt[VECTOR_DF].ist = IST_ABORT;
    idt[VECTOR_MC].ist = IST_ABORT;
    gdt_init(cpu);
    idt_load();
    syscall_init();
    cr4_init();
}

static bool trap_fixup(struct trap_frame *frame)
{
    for (const struct extable_entry *e = extable_start; e < extable_end; e++) {
        if (e->instruction == frame->rip) {
            frame->rip = e->fixup;
            frame->rax = SNP_FAIL_INPUT;
            return true;
        }
    }
    return false;
}

static void trap_fatal(const struct trap_frame *f)
{
    console_printf("rip %lx rsp %lx rflags %lx cr2 %lx cr3 %lx\n", f->rip,
                   f->rsp, f->rflags, read_cr2(), read_cr3());
    console_printf("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx\n", f->rax,
                   f->rbx, f->rcx, f->rdx, f->rsi, f->rdi);
    console_printf("rbp %lx r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx\n", f->rbp,
                   f->r8, f->r9, f->r10, f->r11, f->r12);
    fatal(SVSM_TERM_EXCEPTION, "exception %lu, error code %lx", f->vector,
          f->error);
}

void trap_kernel(struct trap_frame *frame)
{
    switch (frame->vector) {
    case VECTOR_NMI:
        return;
    case SNP_VECTOR_VC:
        if (frame->error != SVM_EXIT_PAGE_NOT_VALIDATED) {
            break;
        }
        /* fallthrough */
    case VECTOR_GP:
    case VECTOR_PF:
        if (trap_fixup(frame)) {
            return;
        }
        break;
    default:
        break;
    }
    trap_fatal(frame);
}
