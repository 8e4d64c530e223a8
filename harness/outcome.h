/* SPDX-License-Identifier: MIT */
/* What came out of one run of one test program. */
#ifndef EVTPM_HARNESS_OUTCOME_H
#define EVTPM_HARNESS_OUTCOME_H

#include "harness/marks.h"
#include "harness/selection.h"
#include "harness/tap.h"

struct outcome {
    struct test_run run;
    struct tap tap;
    struct marks marks;
    double begin;     /* seconds since the start of all */
    double seconds;   /* that it took */
    char *log;        /* file with its whole output, or NULL */
    GPtrArray *files; /* of char *: logs that were kept, each below `log`'s
                         directory */
    char *console;    /* last console lines of a failed one, or NULL */
};

struct outcome *outcome_new(const struct test_run *run);
void outcome_free(struct outcome *outcome);

/* Failed if a case did, passed if one did, else skipped. */
enum tap_result outcome_verdict(const struct outcome *outcome);

/* "unit/test-x", with the round if there are several: "unit/test-x (2 of 3)".
 * Free with g_free. */
char *outcome_title(const struct test_run *run);

/* The command that runs this case alone, as it was run. Free with g_free. */
char *outcome_reproduce(const struct outcome *outcome,
                        const struct tap_case *failed);

/*
 * A program that died or hung in the middle said no name: the failure gets that
 * of the first of its cases that gave no result, and says how many did not run.
 */
void outcome_name_unfinished(struct outcome *outcome, const GPtrArray *cases);

#endif
