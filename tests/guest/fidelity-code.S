/* SPDX-License-Identifier: MIT */
/* Fidelity tests: how rows end. Each entry leaves error, vector, RAX, RCX and RDX above the frame. */
#define MSR_GHCB 0xc0010130
#define RUN_VMPL0 0x16

    .text
    .altmacro
    .macro entry vector
    .balign 16
    .if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
    .else
    push $0
    .endif
    push $\vector
    jmp fid_common
    .endm

    .balign 16
    .globl fid_entries
fid_entries:
    .set i, 0
    .rept 32
    entry %i
    .set i, i + 1
    .endr

fid_common:
    push %rax
    push %rcx
    push %rdx
    movabs fid_at_vmpl0, %al
    test %al, %al
    jnz fid_back
    mov $MSR_GHCB, %ecx
    mov $RUN_VMPL0, %eax
    xor %edx, %edx
    wrmsr
    rep; vmmcall
    ud2

/*
 * void fid_enter(const struct fid_entry *): to the code of a row at VMPL0. Fields: RAX, RCX, RDX, RDI,
 * CR3, RIP, CS, RFLAGS, RSP, SS.
 */
    .globl fid_enter
fid_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %cr3, %rax
    push %rax
    movabs $fid_saved_rsp, %rax
    mov %rsp, (%rax)
    mov $0x1b, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %rdi, %r8
    mov 32(%r8), %rax
    mov %rax, %cr3
    push 72(%r8)
    push 64(%r8)
    push 56(%r8)
    push 48(%r8)
    push 40(%r8)
    mov 0(%r8), %rax
    mov 8(%r8), %rcx
    mov 16(%r8), %rdx
    mov 24(%r8), %rdi
    iretq
fid_back:
    movabs $fid_saved_rsp, %rax
    mov (%rax), %rsp
    mov $0x10, %eax
    mov %eax, %ss
    pop %rax
    mov %rax, %cr3
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

    .bss
    .balign 8
fid_saved_rsp:
    .skip 8
    .globl fid_at_vmpl0
fid_at_vmpl0:
    .skip 1

/* The same end for code without paging; fidelity.c writes the entries in front of it. */
    .section .rodata
    .code32
    .globl fid_flat_end, fid_flat_end_end
fid_flat_end:
    push %eax
    push %ecx
    push %edx
    mov $MSR_GHCB, %ecx
    mov $RUN_VMPL0, %eax
    xor %edx, %edx
    wrmsr
    rep; vmmcall
    ud2
fid_flat_end_end:
    .code16
    .globl fid_real_end, fid_real_end_end
fid_real_end:
    pushl %eax
    pushl %ecx
    pushl %edx
    movl $MSR_GHCB, %ecx
    movl $RUN_VMPL0, %eax
    xorl %edx, %edx
    wrmsr
    rep; vmmcall
    ud2
fid_real_end_end:
    .code64
    .section .note.GNU-stack, "", @progbits
