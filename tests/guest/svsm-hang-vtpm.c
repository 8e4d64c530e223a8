/* SPDX-License-Identifier: MIT */
/* In place of the vTPM program: takes one command and never answers. */
#include <stdint.h>

void _start(void);

void _start(void)
{
    static uint8_t command[64];
    int64_t result = 0; /* read */

    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(0), "S"(command), "d"(sizeof(command))
                     : "rcx", "r11", "memory");
    for (;;) {
        __asm__ volatile("pause");
    }
}
