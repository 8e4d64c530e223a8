/* SPDX-License-Identifier: MIT */
/* Serial console over GHCB IOIO: one 16550 at 0x3f8, polled. */
#include "svsm/console.h"

#include <stdbool.h>
#include <stdint.h>

#include "svsm/format.h"
#include "svsm/ghcb.h"
#include "svsm/spinlock.h"

#define UART_DATA 0x3f8
#define UART_LCR 0x3fb
#define UART_LSR 0x3fd
#define UART_LCR_8N1 0x03
#define UART_LSR_THRE 0x20
#define UART_SPINS 10000 /* then the byte is sent anyway: a host may lie */
#define LINE_MAX 256

static struct spinlock console_lock;
static bool console_ready;
static bool lock_broken;

static void lock_console(void)
{
    if (!lock_broken) {
        spin_lock(&console_lock);
    }
}

static void unlock_console(void)
{
    if (!lock_broken) {
        spin_unlock(&console_lock);
    }
}

void console_break_lock(void)
{
    lock_broken = true;
}

void console_init(void)
{
    ghcb_io_out8(UART_LCR, UART_LCR_8N1);
    console_ready = true;
}

static void putc(char c)
{
    if (c == '\n') {
        putc('\r');
    }
    for (unsigned i = 0; i < UART_SPINS; i++) {
        if (ghcb_io_in8(UART_LSR) & UART_LSR_THRE) {
            break;
        }
    }
    ghcb_io_out8(UART_DATA, (uint8_t)c);
}

static void puts(const char *s)
{
    while (*s) {
        putc(*s++);
    }
}

void console_printf(const char *format, ...)
{
    char line[LINE_MAX];
    va_list args;

    if (!console_ready) {
        return;
    }
    va_start(args, format);
    format_text(line, sizeof(line), format, args);
    va_end(args);
    lock_console();
    puts("[SVSM] ");
    puts(line);
    unlock_console();
}

void console_vtpm(const char *text, size_t size)
{
    static bool in_line;

    if (!console_ready) {
        return;
    }
    lock_console();
    for (size_t i = 0; i < size; i++) {
        if (!in_line) {
            puts("[vTPM] ");
            in_line = true;
        }
        if (text[i] == '\n') {
            in_line = false;
        }
        putc((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n' ? text[i]
                                                                   : '.');
    }
    unlock_console();
}
