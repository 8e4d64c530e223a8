/* SPDX-License-Identifier: MIT */
/* Code that modes.c runs at VMPL2. Each piece is copied to the page LOW and is its own world. */
#define MSR_GHCB 0xc0010130
#define RUN_VMPL0 0x16
#define CPUID_REQ 0x4
#define REG_EBX 0x40000000

    .section .rodata
    .code16
    .globl real_code, real_code_end
    .balign 16
real_code:
    movw $(real_handler - real_code), 0x400 + 29 * 4
    movw %cs, 0x400 + 29 * 4 + 2
    movl $0x5ea1, 0x810
    xorl %eax, %eax
    cpuid
    outb %al, $0x80
    /* CPUID 0 EBX by the MSR protocol */
    movl $MSR_GHCB, %ecx
    movl $(REG_EBX | CPUID_REQ), %eax
    xorl %edx, %edx
    wrmsr
    rep; vmmcall
    rdmsr
    movl %eax, 0x808
    movl %edx, 0x80c
    movl $RUN_VMPL0, %eax
    xorl %edx, %edx
    wrmsr
    rep; vmmcall
1:  jmp 1b
/* Real mode pushes no error code; CPUID and OUT imm8 both take two bytes. */
real_handler:
    push %bp
    mov %sp, %bp
    addw $2, 2(%bp)
    pop %bp
    cmpl $0, 0x800
    jne 2f
    movl $1, 0x800
    iretw
2:  movl $2, 0x804
    iretw
real_code_end:

    .code32
    .globl flat_code, flat_code_end
    .balign 16
flat_code:
    .long flat_handler - flat_code
flat_start:
    xorl %eax, %eax
    movl $(flat_cpuid - flat_code), 0x10814
flat_cpuid:
    cpuid
    movl $MSR_GHCB, %ecx
    movl $(REG_EBX | CPUID_REQ), %eax
    xorl %edx, %edx
    wrmsr
    rep; vmmcall
    rdmsr
    movl %eax, 0x10808
    movl %edx, 0x1080c
    movl $RUN_VMPL0, %eax
    xorl %edx, %edx
    wrmsr
    rep; vmmcall
1:  jmp 1b
flat_handler:
    popl 0x10800
    pushl %eax
    movl 4(%esp), %eax
    movl %eax, 0x10804
    popl %eax
    addl $2, (%esp)
    iretl
flat_code_end:
    .code64
    .section .note.GNU-stack, "", @progbits
