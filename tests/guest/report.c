/* SPDX-License-Identifier: MIT */
/* Test guests: the start in C, output, verdicts, the end. */
#include "tests/guest/guest.h"

#define PORT_CONSOLE 0xe9
#define PORT_EXIT 0xf4
#define EXIT_GOOD 0x10 /* QEMU's status 33 */
#define EXIT_BAD 0x11  /* 35 */

const struct svsm_boot_info *boot;
static unsigned int verdicts, bad;

void guest_start(void);

static void put(char c)
{
    io_out(PORT_CONSOLE, 1, (uint8_t)c);
}

static void put_number(uint64_t value, unsigned int base)
{
    char digits[20];
    unsigned int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (n > 0) {
        put(digits[--n]);
    }
}

static void put_signed(int64_t value)
{
    if (value < 0) {
        put('-');
        value = -value;
    }
    put_number((uint64_t)value, 10);
}

/* %s %c %d %u %x, with l for 64 bits */
static void vprint(const char *fmt, va_list ap)
{
    for (; *fmt; fmt++) {
        bool wide = false;

        if (*fmt != '%') {
            put(*fmt);
            continue;
        }
        fmt++;
        if (*fmt == 'l') {
            wide = true;
            fmt++;
        }
        switch (*fmt) {
        case 's':
            for (const char *s = va_arg(ap, const char *); *s; s++) {
                put(*s);
            }
            break;
        case 'c':
            put((char)va_arg(ap, int));
            break;
        case 'd':
            put_signed(wide ? va_arg(ap, int64_t) : va_arg(ap, int));
            break;
        case 'u':
        case 'x':
            put_number(wide ? va_arg(ap, uint64_t) : va_arg(ap, unsigned int),
                       *fmt == 'u' ? 10 : 16);
            break;
        default:
            put(*fmt);
            break;
        }
    }
}

void print(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprint(fmt, ap);
    va_end(ap);
}

void report(bool ok, const char *fmt, ...)
{
    va_list ap;

    verdicts++;
    bad += !ok;
    print("%s %u - ", ok ? "ok" : "not ok", verdicts);
    va_start(ap, fmt);
    vprint(fmt, ap);
    va_end(ap);
    put('\n');
}

void finish(void)
{
    print("1..%u\n", verdicts);
    io_out(PORT_EXIT, 1, verdicts > 0 && bad == 0 ? EXIT_GOOD : EXIT_BAD);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void guest_start(void)
{
    boot = (const struct svsm_boot_info *)start_regs[START_RDI];
    ghcb_init();
    trap_init();
    guest_main();
    finish();
}
