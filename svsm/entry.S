/* SPDX-License-Identifier: MIT */
/* First instruction, exception stubs, the way into CPL3 and back. */
#include "svsm/percpu.h"

    .section .text.entry, "ax"
    .globl _start
_start:
    /* RDI = GPA of the boot info (svsm_boot.h); no stack yet */
    lea boot_stack_top(%rip), %rsp
    xor %ebp, %ebp
    cld
    call svsm_main
    ud2

    .text
/* void stack_switch(uint64_t top, void (*function)(void)): never returns */
    .globl stack_switch
stack_switch:
    mov %rdi, %rsp
    xor %ebp, %ebp
    call *%rsi
    ud2

/* void gdt_load(const void *descriptor): new CS, SS, data segments, TR */
    .globl gdt_load
gdt_load:
    lgdt (%rdi)
    mov $SEL_KERNEL_DATA, %eax
    mov %eax, %ss
    mov %eax, %ds
    mov %eax, %es
    mov $SEL_TSS, %eax
    ltr %ax
    pop %rax
    pushq $SEL_KERNEL_CODE
    push %rax
    lretq

/*
 * uint64_t user_enter(struct trap_frame *frame): runs CPL3 from @frame until it
 * enters the kernel again; @frame then holds its registers. Returns the vector,
 * VECTOR_SYSCALL for a system call. A call of this function thus looks like any
 * other to C: the kernel stack below it is simply dropped on the way back.
 */
    .globl user_enter
user_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, %gs:PERCPU_RETURN_RSP
    mov %rdi, %gs:PERCPU_USER_FRAME
    pushq FRAME_SS(%rdi)
    pushq FRAME_RSP(%rdi)
    pushq FRAME_RFLAGS(%rdi)
    pushq FRAME_CS(%rdi)
    pushq FRAME_RIP(%rdi)
    mov FRAME_R15(%rdi), %r15
    mov FRAME_R14(%rdi), %r14
    mov FRAME_R13(%rdi), %r13
    mov FRAME_R12(%rdi), %r12
    mov FRAME_RBP(%rdi), %rbp
    mov FRAME_RBX(%rdi), %rbx
    mov FRAME_R11(%rdi), %r11
    mov FRAME_R10(%rdi), %r10
    mov FRAME_R9(%rdi), %r9
    mov FRAME_R8(%rdi), %r8
    mov FRAME_RAX(%rdi), %rax
    mov FRAME_RCX(%rdi), %rcx
    mov FRAME_RDX(%rdi), %rdx
    mov FRAME_RSI(%rdi), %rsi
    mov FRAME_RDI(%rdi), %rdi
    swapgs
    /* IRET, not SYSRET: a non-canonical RIP then faults here at CPL0 harmlessly */
    .globl user_iret
user_iret:
    iretq

/* RAX = frame, general registers but RAX already in it */
user_leave:
    mov FRAME_VECTOR(%rax), %rcx
    mov %gs:PERCPU_RETURN_RSP, %rsp
    /* AC, DF, NT, TF of CPL3 must not reach C */
    pushq $2
    popfq
    mov %rcx, %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

.macro save_user_registers
    mov %r15, FRAME_R15(%rax)
    mov %r14, FRAME_R14(%rax)
    mov %r13, FRAME_R13(%rax)
    mov %r12, FRAME_R12(%rax)
    mov %rbp, FRAME_RBP(%rax)
    mov %rbx, FRAME_RBX(%rax)
    mov %r11, FRAME_R11(%rax)
    mov %r10, FRAME_R10(%rax)
    mov %r9, FRAME_R9(%rax)
    mov %r8, FRAME_R8(%rax)
    mov %rcx, FRAME_RCX(%rax)
    mov %rdx, FRAME_RDX(%rax)
    mov %rsi, FRAME_RSI(%rax)
    mov %rdi, FRAME_RDI(%rax)
.endm

/* LSTAR: RCX = return RIP, R11 = RFLAGS, the stack is still the process's */
    .globl syscall_entry
syscall_entry:
    swapgs
    mov %rax, %gs:PERCPU_SCRATCH
    mov %gs:PERCPU_USER_FRAME, %rax
    save_user_registers
    mov %rsp, FRAME_RSP(%rax)
    mov %rcx, FRAME_RIP(%rax)
    mov %r11, FRAME_RFLAGS(%rax)
    mov %gs:PERCPU_SCRATCH, %rcx
    mov %rcx, FRAME_RAX(%rax)
    movq $SEL_USER_CODE, FRAME_CS(%rax)
    movq $SEL_USER_DATA, FRAME_SS(%rax)
    movq $VECTOR_SYSCALL, FRAME_VECTOR(%rax)
    movq $0, FRAME_ERROR(%rax)
    jmp user_leave

/* Stack on entry: vector, error, RIP, CS, RFLAGS, RSP, SS */
trap_common:
    testb $3, 24(%rsp)
    jz trap_from_kernel
    swapgs
    mov %rax, %gs:PERCPU_SCRATCH
    mov %gs:PERCPU_USER_FRAME, %rax
    save_user_registers
    mov %gs:PERCPU_SCRATCH, %rcx
    mov %rcx, FRAME_RAX(%rax)
    popq FRAME_VECTOR(%rax)
    popq FRAME_ERROR(%rax)
    popq FRAME_RIP(%rax)
    popq FRAME_CS(%rax)
    popq FRAME_RFLAGS(%rax)
    popq FRAME_RSP(%rax)
    popq FRAME_SS(%rax)
    jmp user_leave

trap_from_kernel:
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    /*
     * Between SYSCALL and SWAPGS (or SWAPGS and IRET) the GS base is still the
     * process's, whose own is 0: it has no way to set one.
     */
    xor %ebx, %ebx
    mov $0xc0000101, %ecx
    rdmsr
    test %edx, %edx
    jnz 1f
    swapgs
    inc %ebx
1:  mov %rsp, %rdi
    call trap_kernel
    test %ebx, %ebx
    jz 2f
    swapgs
2:  pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $16, %rsp
    iretq

/* 32 stubs of 16 bytes each; trap.c computes their addresses */
    .macro trap_stub vector
    .balign 16
    .if !((0x60227d00 >> \vector) & 1) /* 8, 10-14, 17, 21, 29, 30 push an error code */
    pushq $0
    .endif
    pushq $\vector
    jmp trap_common
    .endm

    .balign 16
    .globl trap_stubs
trap_stubs:
    .set vector, 0
    .rept 32
    trap_stub vector
    .set vector, vector + 1
    .endr

/* int guest_copy(void *to, const void *from, size_t size): -1 when a page is not validated */
    .globl guest_copy
guest_copy:
    mov %rdx, %rcx
    shr $3, %rcx
1:  rep movsq
    mov %edx, %ecx
    and $7, %ecx
2:  rep movsb
    xor %eax, %eax
    ret
3:  mov $-1, %eax
    ret
    .pushsection .extable, "a"
    .quad 1b, 3b
    .quad 2b, 3b
    .popsection

/* int guest_zero(void *to, size_t size): a multiple of 8 bytes */
    .globl guest_zero
guest_zero:
    mov %rsi, %rcx
    shr $3, %rcx
    xor %eax, %eax
1:  rep stosq
    ret
2:  mov $-1, %eax
    ret
    .pushsection .extable, "a"
    .quad 1b, 2b
    .popsection

    .bss
    .balign 4096
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
