/* SPDX-License-Identifier: MIT */
/*
 * How libevtpm reports a failure: the lowest function that knows writes one line of text, the
 * caller at the top prints it. Functions that take `struct evtpm_error *` accept NULL.
 */
#ifndef EVTPM_LIB_ERROR_H
#define EVTPM_LIB_ERROR_H

#include <stddef.h>

struct evtpm_error {
    char text[512]; /* one line, no newline at its end; "" when nothing failed */
};

/* Writes the text, cut to fit, and returns -1, so that `return evtpm_fail(...)` reads well. */
int evtpm_fail(struct evtpm_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "PREFIX: " before the text that is already there; returns -1. */
int evtpm_fail_prefix(struct evtpm_error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
