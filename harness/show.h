/* SPDX-License-Identifier: MIT */
/* A test run as people (text) or programs (TAP) see it on standard output. */
#ifndef EVTPM_HARNESS_SHOW_H
#define EVTPM_HARNESS_SHOW_H

#include <stdio.h>

#include "harness/outcome.h"
#include "harness/results.h"

struct show {
    FILE *out;
    gboolean tap;
    gboolean terminal; /* text: one line is kept up to date below the rest */
    gboolean colour;
    unsigned total, done, failed; /* runs of programs; failed cases */
    unsigned number;              /* of the last TAP line */
    GPtrArray *running;           /* struct running, private */
};

/* `total`: how many runs of programs there will be. */
void show_init(struct show *show, FILE *out, gboolean tap, unsigned total);
void show_clear(struct show *show);

void show_begin(struct show *show, const struct test_run *run);
/* The whole of a program's outcome at once. */
void show_end(struct show *show, const struct outcome *outcome);
/* Now and then: the line on the terminal. */
void show_tick(struct show *show);
/* A remark above the rest. */
void show_remark(struct show *show, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* "N passed, N failed, N skipped", the last line (as a comment in TAP, below
 * the plan). */
void show_summary(struct show *show, const struct totals *totals);

/* The formats, for show.c and tests: one outcome, without the terminal's line.
 */
void show_text_outcome(FILE *out, gboolean colour, const struct outcome *o);
void show_tap_outcome(FILE *out, const struct outcome *o, unsigned *number);

/* The line on the terminal, at most `width` columns; free with g_free. */
char *show_progress(const struct show *show, gint64 now, int width);

#endif
