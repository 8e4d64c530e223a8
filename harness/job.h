/* SPDX-License-Identifier: MIT */
/* One test program while it runs: its process, its output, its log. */
#ifndef EVTPM_HARNESS_JOB_H
#define EVTPM_HARNESS_JOB_H

#include "harness/process.h"
#include "harness/runner.h"
#include "harness/scratch.h"

struct job {
    struct outcome *outcome;
    struct process process; /* its keeper */
    int out;                /* read end of its output, -1 once it ended */
    GString *line;          /* a part of one */
    int log;                /* -1: cannot be written */
    gsize logged;           /* bytes */
    char *tmp;              /* its TMPDIR */
    char *kept;             /* directory for its logs */
    gint64 start;           /* monotonic */
    deadline_t deadline;
    double limit; /* seconds */
};

/* Starts it; `number` is different for each. A program that cannot be started
 * fails: look at `process.pid`. FALSE when not even its directory can be made.
 */
gboolean job_start(struct job *job, const struct tests *tests,
                   const struct test_run *run,
                   const struct runner_options *options,
                   const struct scratch *scratch, unsigned number,
                   GError **error);

/* Takes output that is there; FALSE when there was none. */
gboolean job_read(struct job *job);

/* Ended or over its limit? */
gboolean job_over(const struct job *job);

/* Ends it if it runs, judges it, keeps its logs, removes its directory. Takes
 * the outcome out; all else is freed. */
struct outcome *job_finish(struct job *job);

/* Ends it without a judgement. */
void job_abandon(struct job *job);

#endif
