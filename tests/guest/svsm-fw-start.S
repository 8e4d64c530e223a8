/* SPDX-License-Identifier: MIT */
/*
 * Reset vector of the test firmware: real mode, protected mode, 64-bit mode with the first 4 GiB
 * private at their addresses and shared from 4 GiB on. At the end the tables by which the IGVM
 * builder knows an OVMF: the same ranges as OVMF's.
 */
#define TABLES 0x800000
#define CBIT_HIGH 0x80000 /* bit 51 */
#define STACK_TOP 0x830000

    .section .text.low, "ax"
    .code16
real_mode:
    cli
    lgdtl %cs:(gdt_register - real_mode)
    mov %cr0, %eax
    or $1, %eax
    mov %eax, %cr0
    ljmpl $8, $protected_mode

    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff /* 8: 32-bit code */
    .quad 0x00cf93000000ffff /* 16: data */
    .quad 0x00af9b000000ffff /* 24: 64-bit code */
gdt_register:
    .word . - gdt - 1
    .long gdt

    .code32
protected_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    /* four 1 GiB pages with the C-bit, four more without it at 4 GiB */
    movl $TABLES + 0x1003, TABLES
    movl $CBIT_HIGH, TABLES + 4
    xor %ecx, %ecx
1:  mov %ecx, %eax
    shl $30, %eax
    or $0x83, %eax
    mov %eax, TABLES + 0x1000(, %ecx, 8)
    movl $CBIT_HIGH, TABLES + 0x1004(, %ecx, 8)
    mov %eax, TABLES + 0x1020(, %ecx, 8)
    inc %ecx
    cmp $4, %ecx
    jne 1b
    mov $0x620, %eax /* PAE, OSFXSR, OSXMMEXCPT */
    mov %eax, %cr4
    mov $TABLES, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    rdmsr
    or $0x100, %eax /* LME */
    wrmsr
    mov $0x80010033, %eax
    mov %eax, %cr0
    ljmp $24, $long_mode

    .code64
long_mode:
    mov $STACK_TOP, %esp
    xor %ebp, %ebp
    movabs $fw_main, %rax
    call *%rax
    hlt

    .balign 4
asev:
    .ascii "ASEV"
    .long asev_end - asev
    .long 1
    .long 6
    .long 0x800000, 0x9000, 1
    .long 0x80a000, 0x3000, 1
    .long 0x80d000, 0x1000, 2
    .long 0x80e000, 0x1000, 3
    .long 0x80f000, 0x1000, 4
    .long 0x811000, 0x1f000, 1
asev_end:

    /* The last 50h bytes: OVMF's list of tables, read backwards, up to 20h; the reset vector at 10h */
    .section .tail, "ax"
    .quad 0
    .long 0x10000 - (asev - real_mode)
    .word 22
    .long 0xdc886566
    .word 0x984a, 0x4798
    .byte 0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc
    .word 40
    .long 0x96b582de
    .word 0x1fb2, 0x45f7
    .byte 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d
    .skip 16
    .globl fw_entry
    .code16
fw_entry:
    /* near jump to offset 0 of the segment: fff3h + 0dh wraps */
    .byte 0xe9
    .word 13
    .skip 13
