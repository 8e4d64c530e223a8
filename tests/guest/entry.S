/* SPDX-License-Identifier: MIT */
/* Test guests: start at VMPL0, exception entries, and the way back out of an expected exception. */

    .section .text.entry, "ax"
    .globl _start
_start:
    /* What the VMSA gave, for the test that checks it */
    movabs %rax, start_regs
    mov %rsp, %rax
    movabs %rax, start_regs + 8
    movabs $start_regs, %rax
    mov %rbx, 16(%rax)
    mov %rcx, 24(%rax)
    mov %rdx, 32(%rax)
    mov %rsi, 40(%rax)
    mov %rdi, 48(%rax)
    mov %rbp, 56(%rax)
    movabs $stack_top, %rsp
    pushfq
    pop 64(%rax)
    xor %ebp, %ebp
    movabs $guest_start, %rax
    call *%rax
1:
    hlt
    jmp 1b

    .text

/*
 * bool trap_catch(void (*fn)(void *), void *arg): runs fn(arg); true when an exception ended it,
 * which is then described in last_trap.
 */
    .globl trap_catch
trap_catch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    movabs $catch_rsp, %rax
    mov %rsp, (%rax)
    mov %rdi, %rax
    mov %rsi, %rdi
    sub $8, %rsp
    call *%rax
    add $8, %rsp
    xor %ecx, %ecx
    jmp 1f
    .globl catch_landing
catch_landing:
    mov $1, %ecx
1:
    movabs $catch_rsp, %rax
    movq $0, (%rax)
    mov %ecx, %eax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret

/* void user_enter(uint64_t rip, uint64_t rsp): to CPL3; only an exception comes back. */
    .globl user_enter
user_enter:
    push $0x1b
    push %rsi
    push $2
    push $0x23
    push %rdi
    iretq

/* Each entry leaves vector and error code on the stack, the latter 0 where hardware pushes none. */
    .altmacro
    .macro entry vector
    .balign 16
    .if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
    .else
    push $0
    .endif
    push $\vector
    jmp trap_common
    .endm

    .balign 16
    .globl trap_entries
trap_entries:
    .set i, 0
    .rept 64
    entry %i
    .set i, i + 1
    .endr

trap_common:
    push %rax
    push %rcx
    push %rdx
    push %rbx
    push %rbp
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    cld
    mov %rsp, %rdi
    movabs $trap_handle, %rax
    call *%rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rbp
    pop %rbx
    pop %rdx
    pop %rcx
    pop %rax
    add $16, %rsp
    iretq

    .bss
    .balign 16
    .globl start_regs
start_regs:
    .skip 9 * 8
    .balign 4096
    .skip 16384
stack_top:
    .section .note.GNU-stack, "", @progbits
