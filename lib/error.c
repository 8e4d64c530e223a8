/* SPDX-License-Identifier: MIT */
/* Error texts of libevtpm. */
#include "lib/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int evtpm_fail(struct evtpm_error *err, const char *fmt, ...)
{
    va_list ap;

    if (err) {
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof(err->text), fmt, ap);
        va_end(ap);
    }
    return -1;
}

int evtpm_fail_prefix(struct evtpm_error *err, const char *fmt, ...)
{
    char prefix[128];
    size_t used, rest;
    va_list ap;

    if (!err) {
        return -1;
    }
    va_start(ap, fmt);
    vsnprintf(prefix, sizeof(prefix) - 2, fmt, ap);
    va_end(ap);
    strcat(prefix, ": ");

    used = strlen(prefix);
    rest = strlen(err->text);
    if (rest > sizeof(err->text) - 1 - used) {
        rest = sizeof(err->text) - 1 - used;
    }
    memmove(err->text + used, err->text, rest);
    memcpy(err->text, prefix, used);
    err->text[used + rest] = '\0';
    return -1;
}
