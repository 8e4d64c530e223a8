/* SPDX-License-Identifier: MIT */
/*
 * In place of the vTPM program: tries what a process must not be able to do,
 * and answers only while all of it is refused. GetRandom (17bh) makes it write
 * to the kernel's first page.
 */
#include <stddef.h>
#include <stdint.h>

#define NR_READ 0
#define NR_WRITE 1
#define NR_MMAP 9
#define NR_MPROTECT 10
#define NR_SOCKET 41
#define NR_ARCH_PRCTL 158
#define KERNEL 0x8000010000ull
#define ANONYMOUS_PRIVATE 0x22
#define ARCH_SET_GS 0x1001

static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c,
                    uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    int64_t result = (int64_t)number;

    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

static int refused_all(void)
{
    int64_t page = call(NR_MMAP, 0, 4096, 3, ANONYMOUS_PRIVATE);

    return page > 0 && call(NR_MMAP, 0, 4096, 7, ANONYMOUS_PRIVATE) < 0 &&
           call(NR_MPROTECT, (uint64_t)page, 4096, 7, 0) < 0 &&
           call(NR_MPROTECT, KERNEL, 4096, 3, 0) < 0 &&
           call(NR_MMAP, 0, 1ull << 45, 3, ANONYMOUS_PRIVATE) < 0 &&
           call(NR_WRITE, 2, KERNEL, 10, 0) < 0 &&
           call(NR_WRITE, 5, (uint64_t)page, 1, 0) < 0 &&
           call(NR_ARCH_PRCTL, ARCH_SET_GS, 0x1000, 0, 0) < 0 &&
           call(NR_SOCKET, 1, 1, 0, 0) < 0 &&
           call(~0ull, 0, 0, 0, 0) < 0;
}

void _start(void);

void _start(void)
{
    static const uint8_t answer[10] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 0, 0 };
    static uint8_t command[64];

    if (!refused_all()) {
        __asm__ volatile("ud2");
    }
    for (;;) {
        call(NR_READ, 0, (uint64_t)command, sizeof(command), 0);
        if (command[9] == 0x7b) {
            *(volatile uint64_t *)KERNEL = 0;
        }
        call(NR_WRITE, 1, (uint64_t)answer, sizeof(answer), 0);
    }
}
