/* SPDX-License-Identifier: MIT */
/* Text formatting for the console. Compiles on the host too. */
#include "svsm/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *at;
    char *end; /* room for the terminator is kept */
};

struct spec {
    unsigned width;
    bool zero;
    bool wide; /* l or z: 64 bits */
};

static void put(struct output *out, char c)
{
    if (out->at < out->end) {
        *out->at++ = c;
    }
}

static void put_string(struct output *out, const char *s)
{
    for (s = s ? s : "(null)"; *s; s++) {
        put(out, *s);
    }
}

static void put_number(struct output *out, uint64_t value, unsigned base,
                       bool negative, const struct spec *spec)
{
    char digits[24];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative) {
        put(out, '-');
    }
    for (unsigned i = n + negative; i < spec->width; i++) {
        put(out, spec->zero ? '0' : ' ');
    }
    while (n) {
        put(out, digits[--n]);
    }
}

static const char *parse_spec(const char *f, struct spec *spec)
{
    *spec = (struct spec){ 0 };
    if (*f == '0') {
        spec->zero = true;
        f++;
    }
    while (*f >= '0' && *f <= '9') {
        spec->width = spec->width * 10 + (unsigned)(*f++ - '0');
    }
    while (*f == 'l' || *f == 'z') {
        spec->wide = true;
        f++;
    }
    return f;
}

size_t format_text(char *to, size_t size, const char *f, va_list args)
{
    struct output out = { to, to + size - 1 };
    struct spec spec;
    int64_t value;

    for (; *f; f++) {
        if (*f != '%') {
            put(&out, *f);
            continue;
        }
        f = parse_spec(f + 1, &spec);
        switch (*f) {
        case 's':
            put_string(&out, va_arg(args, const char *));
            break;
        case 'c':
            put(&out, (char)va_arg(args, int));
            break;
        case 'd':
            value = spec.wide ? va_arg(args, int64_t) : va_arg(args, int);
            put_number(&out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
                       10, value < 0, &spec);
            break;
        case 'u':
        case 'x':
            put_number(&out,
                       spec.wide ? va_arg(args, uint64_t)
                                 : va_arg(args, unsigned),
                       *f == 'x' ? 16 : 10, false, &spec);
            break;
        case '%':
            put(&out, '%');
            break;
        default: /* a mistake of ours: the rest stays visible */
            put(&out, '?');
            f--;
            break;
        }
        if (*f == '\0') {
            break;
        }
    }
    *out.at = '\0';
    return (size_t)(out.at - to);
}
