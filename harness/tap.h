/* SPDX-License-Identifier: MIT */
/*
 * Reading the Test Anything Protocol. A verdict is earned: a missing plan,
 * fewer results than planned, "Bail out!" and a bad exit status are failures,
 * whatever the lines before said.
 */
#ifndef EVTPM_HARNESS_TAP_H
#define EVTPM_HARNESS_TAP_H

#include <glib.h>

enum tap_result { TAP_PASS, TAP_FAIL, TAP_SKIP };

struct tap_case {
    enum tap_result result;
    char *name;     /* description, or the number when there is none */
    char *reason;   /* of a skip, or of a failure that is not the test's own */
    char *output;   /* what was printed before a failed test's line */
    char *step;     /* of a failure: what was being done, or NULL */
    double seconds; /* since the result before, or the program's start */
};

struct tap {
    char *program;
    GPtrArray *cases; /* struct tap_case */
    int plan;         /* -1: none seen */
    gboolean skip_all;
    gboolean finished;
    GQueue recent; /* other lines since the last result, oldest first */
    /* private */
    unsigned results;
    gboolean bailed;
    gint64 last; /* monotonic time of the last result */
};

/* Lines of output kept for a failed test. */
#define TAP_OUTPUT_LINES 25

void tap_init(struct tap *tap, const char *program);
void tap_clear(struct tap *tap);

/* One line of the program's output, without its newline. */
void tap_line(struct tap *tap, const char *line);

/* The program ended; `status` as from waitpid, or -1 with `why` when it could
 * not be run to its end. */
void tap_end(struct tap *tap, int status, const char *why);

unsigned tap_count(const struct tap *tap, enum tap_result result);

#endif
