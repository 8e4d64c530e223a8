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
    struct evtpm_error old;
    size_t used;
    va_list ap;
    int n;

    if (!err) {
        return -1;
    }
    old = *err;
    va_start(ap, fmt);
    n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
    used = n < 0 ? 0 : (size_t)n;
    if (used < sizeof(err->text)) {
        snprintf(err->text + used, sizeof(err->text) - used, ": %s", old.text);
    }
    return -1;
}
