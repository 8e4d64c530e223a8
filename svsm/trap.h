/* SPDX-License-Identifier: MIT */
/* Descriptor tables, exceptions of the kernel, entry to CPL3. */
#ifndef SVSM_TRAP_H
#define SVSM_TRAP_H

#include "svsm/percpu.h"

#define VECTOR_NMI 2
#define VECTOR_DF 8
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_MC 18

/* The IDT, and this vCPU's GDT: exceptions on whatever stack is current. */
void trap_init_early(struct percpu *cpu);

/* Stacks for exceptions from CPL3, #VC and aborts of @cpu; needs the heap. */
void trap_stacks(struct percpu *cpu);

/* GDT, TSS, IDT, SYSCALL MSRs and CR4 bits of this vCPU; after trap_stacks().
 */
void trap_init(struct percpu *cpu);

/* Called by entry.S for every exception that interrupts the kernel. */
void trap_kernel(struct trap_frame *frame);

/* See entry.S. */
uint64_t user_enter(struct trap_frame *frame);
void stack_switch(uint64_t top, void (*function)(void))
    __attribute__((noreturn));

#endif
