/* SPDX-License-Identifier: MIT */
/*
 * How the harness reports a failure: a GError of this domain, its message one
 * line for people. The code decides the exit status; main() alone prints and
 * exits.
 */
#ifndef EVTPM_HARNESS_FAIL_H
#define EVTPM_HARNESS_FAIL_H

#include <glib.h>

#include "lib/error.h"

#define HARNESS_ERROR harness_error_quark()
GQuark harness_error_quark(void);

enum harness_error {
    HARNESS_ERROR_FAILED,   /* exit status 1 */
    HARNESS_ERROR_USAGE,    /* 2 */
    HARNESS_ERROR_TIMEOUT,  /* 1 */
    HARNESS_ERROR_VM_ENDED, /* 1; whoever owns the VM replaces it by the reason
                             */
    HARNESS_ERROR_INTERRUPTED, /* 128 + signal */
    HARNESS_ERROR_NOT_FOUND,   /* 1 */
    HARNESS_ERROR_BUSY,        /* 1 */
};

/* Sets an error and returns FALSE, so that `return fail(error, ...)` reads
 * well. */
gboolean fail(GError **error, enum harness_error code, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* The same from errno: "WHAT: strerror", "no space left" named as such. */
gboolean fail_errno(GError **error, int saved_errno, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* The same from libevtpm's error. */
gboolean fail_lib(GError **error, const struct evtpm_error *err);

#endif
