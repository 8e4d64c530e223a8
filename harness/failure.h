/* SPDX-License-Identifier: MIT */
/* What a failed test said, taken apart for people: where, what was expected,
 * what was seen. */
#ifndef EVTPM_HARNESS_FAILURE_H
#define EVTPM_HARNESS_FAILURE_H

#include <glib.h>

struct failure {
    char *place;     /* "tests/unit/test-x.c:30, test_row()" or NULL */
    char *condition; /* "tap.plan == 3", or NULL */
    char *expected;  /* "== 3", or NULL */
    char *seen;      /* "2", or NULL */
    char *text;      /* what is left of the message; never NULL */
};

/*
 * Takes GLib's messages apart: "ERROR:FILE:LINE:FUNCTION: assertion failed
 * (CONDITION): (SEEN OP WANTED)" and its variants. Any other text is `text`.
 */
void failure_parse(const char *message, struct failure *failure);
void failure_clear(struct failure *failure);

#endif
