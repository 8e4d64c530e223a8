/* SPDX-License-Identifier: MIT */
/*
 * Runs test programs, several side by side, each under a keeper (keeper.c) in a
 * session and a temporary directory of its own. One thread, one poll loop.
 */
#ifndef EVTPM_HARNESS_RUNNER_H
#define EVTPM_HARNESS_RUNNER_H

#include "harness/outcome.h"
#include "harness/platform.h"

struct runner_options {
    unsigned jobs;      /* programs side by side, at least 1 */
    double timeout;     /* seconds for each program; 0: its own limit */
    gboolean fail_fast; /* after a failure no program is started */
    enum platform platform;
    const char
        *logs; /* directory; each program's output goes to ID.log in it */
};

/* What happens meanwhile. Each member may be NULL. */
struct runner_view {
    void (*begin)(void *user, const struct test_run *run);
    /* FALSE with an error ends the run. */
    gboolean (*end)(void *user, const struct outcome *outcome, GError **error);
    void (*tick)(void *user); /* several times a second */
    void *user;
};

/*
 * Runs all; outcomes are added to `outcomes` in the order in which they ended.
 * FALSE when interrupted, when the temporary directory cannot be made, or when
 * the view says so: what runs then is ended first, without an outcome.
 */
gboolean runner_run(const struct tests *tests, const GArray *runs,
                    const struct runner_options *options,
                    const struct runner_view *view, GPtrArray *outcomes,
                    GError **error);

#endif
