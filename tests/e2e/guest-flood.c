/* SPDX-License-Identifier: MIT */
/*
 * In the guest: writes lines to the first serial port until it is ended, by
 * string instructions, of which one exit carries some two thousand bytes: the
 * kernel's driver needs an exit for each. Freestanding, as guest-key.c is.
 */
#include <sys/syscall.h>

#define PORT 0x3f8
#define LINE 64

static char text[64 * LINE];

static long call(long number, long a, long b, long c)
{
    long rc;

    __asm__ volatile("syscall"
                     : "=a"(rc)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return rc;
}

static void fill(void)
{
    for (unsigned i = 0; i < sizeof(text); i++) {
        text[i] = i % LINE == LINE - 1 ? '\n' : (char)('a' + i % 26);
    }
}

void start(void) __attribute__((noreturn, used));
void start(void)
{
    /* not iopl(): Linux's #VC handler looks at the bitmap alone */
    if (call(SYS_ioperm, PORT, 1, 1) < 0) {
        call(SYS_exit_group, 1, 0, 0);
    }
    fill();
    for (;;) {
        const char *from = text;
        unsigned long left = sizeof(text);

        __asm__ volatile("rep outsb"
                         : "+S"(from), "+c"(left)
                         : "d"((unsigned short)PORT)
                         : "memory");
    }
}

__asm__(".globl _start\n"
        "_start: and $-16, %rsp\n"
        "call start\n");
