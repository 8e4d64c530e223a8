/* SPDX-License-Identifier: MIT */
/* What each vCPU of VMPL0 owns, reached through the GS base; offsets for the
 * assembly. */
#ifndef SVSM_PERCPU_H
#define SVSM_PERCPU_H

#define PERCPU_SELF 0
#define PERCPU_RETURN_RSP 8
#define PERCPU_USER_FRAME 16
#define PERCPU_SCRATCH 24

/* struct trap_frame */
#define FRAME_R15 0
#define FRAME_R14 8
#define FRAME_R13 16
#define FRAME_R12 24
#define FRAME_RBP 32
#define FRAME_RBX 40
#define FRAME_R11 48
#define FRAME_R10 56
#define FRAME_R9 64
#define FRAME_R8 72
#define FRAME_RAX 80
#define FRAME_RCX 88
#define FRAME_RDX 96
#define FRAME_RSI 104
#define FRAME_RDI 112
#define FRAME_VECTOR 120
#define FRAME_ERROR 128
#define FRAME_RIP 136
#define FRAME_CS 144
#define FRAME_RFLAGS 152
#define FRAME_RSP 160
#define FRAME_SS 168
#define FRAME_SIZE 176

#define VECTOR_SYSCALL 256

#define SEL_KERNEL_CODE 0x08
#define SEL_KERNEL_DATA 0x10
#define SEL_USER_DATA 0x1b
#define SEL_USER_CODE 0x23
#define SEL_TSS 0x28

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

#include "evtpm/abi.h"
#include "evtpm/ghcb.h"
#include "evtpm/svsm.h"
#include "evtpm/vmsa.h"

#define SVSM_CPU_MAX 16

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
EVTPM_SIZE(struct trap_frame, FRAME_SIZE);
EVTPM_OFFSET(struct trap_frame, rax, FRAME_RAX);
EVTPM_OFFSET(struct trap_frame, rdi, FRAME_RDI);
EVTPM_OFFSET(struct trap_frame, rip, FRAME_RIP);
EVTPM_OFFSET(struct trap_frame, ss, FRAME_SS);

struct tss {
    uint32_t rsvd_00;
    uint64_t rsp[3];
    uint64_t rsvd_1c;
    uint64_t ist[7]; /* ist[0] is IST1 */
    uint64_t rsvd_5c;
    uint16_t rsvd_64;
    uint16_t io_map; /* beyond the limit: no port for CPL3 */
} EVTPM_PACKED;
EVTPM_SIZE(struct tss, 104);

/*
 * The guest's side of a vCPU. The GPAs are guarded by vcpu_lock and may change
 * at another vCPU's call; 0: none. What is mapped is this vCPU's own matter.
 */
struct guest_cpu {
    uint64_t vmsa_gpa;
    uint64_t caa_gpa;
    uint64_t busy_gpa; /* the VMSA that the kernel looks at here; guarded */
    uint64_t mapped_vmsa;
    uint64_t mapped_caa;
    uint64_t vmsa_slot; /* kernel addresses where they are mapped */
    uint64_t caa_slot;
};

struct percpu {
    struct percpu *self;
    uint64_t return_rsp;           /* kernel stack to resume when CPL3 ends */
    struct trap_frame *user_frame; /* registers of CPL3 */
    uint64_t scratch;
    uint32_t index;
    uint32_t apic_id;
    struct ghcb *ghcb; /* 0 until registered */
    uint64_t ghcb_gpa;
    uint64_t window_small; /* kernel addresses of the guest window: 4K, 2M */
    uint64_t window_large;
    struct guest_cpu guest;
    uint64_t gdt[7];
    struct tss tss;
};
EVTPM_OFFSET(struct percpu, self, PERCPU_SELF);
EVTPM_OFFSET(struct percpu, return_rsp, PERCPU_RETURN_RSP);
EVTPM_OFFSET(struct percpu, user_frame, PERCPU_USER_FRAME);
EVTPM_OFFSET(struct percpu, scratch, PERCPU_SCRATCH);

extern struct percpu percpus[SVSM_CPU_MAX];
extern uint32_t cpu_count;

static inline struct percpu *this_cpu(void)
{
    struct percpu *cpu;

    asm volatile("mov %%gs:0, %0" : "=r"(cpu));
    return cpu;
}

/* Makes @cpu the current one: GS base. */
void percpu_install(struct percpu *cpu, uint32_t index);

#endif
#endif
