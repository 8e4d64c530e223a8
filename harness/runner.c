/* SPDX-License-Identifier: MIT */
/* The loop over all test programs. */
#include "harness/runner.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "harness/children.h"
#include "harness/job.h"

/* How long one poll may take: a signal just before it is seen after that. */
#define SLICE_MS 100

struct runner {
    const struct tests *tests;
    const struct runner_options *options;
    const struct runner_view *view;
    struct scratch scratch;
    GPtrArray *jobs; /* struct job, those that run */
    GPtrArray *outcomes;
    gint64 start;
    unsigned started;
    gboolean stop; /* start no more */
};

static gboolean start_one(struct runner *r, const struct test_run *run,
                          GError **error)
{
    struct job *job = g_new0(struct job, 1);
    if (r->view->begin) {
        r->view->begin(r->view->user, run);
    }
    if (!job_start(job, r->tests, run, r->options, &r->scratch, r->started,
                   error)) {
        g_free(job);
        return FALSE;
    }
    job->outcome->begin = (double)(job->start - r->start) / 1e6;
    g_ptr_array_add(r->jobs, job);
    r->started++;
    return TRUE;
}

static void wait_output(const struct runner *r)
{
    g_autofree struct pollfd *set = g_new0(struct pollfd, r->jobs->len * 2);
    for (guint i = 0; i < r->jobs->len; i++) {
        const struct job *job = g_ptr_array_index(r->jobs, i);
        if (job->process.pid <= 0) {
            return; /* never started: over at once */
        }
        set[2 * i] = (struct pollfd){ .fd = job->out, .events = POLLIN };
        set[2 * i + 1] =
            (struct pollfd){ .fd = job->process.pidfd, .events = POLLIN };
    }
    poll(set, r->jobs->len * 2, SLICE_MS);
}

/* A keeper that was killed left its program's processes to us: they are whoever
 * is our child and no keeper. */
static void end_stray(pid_t pid, const char *name, void *user)
{
    const struct runner *r = user;
    (void)name;
    for (guint i = 0; i < r->jobs->len; i++) {
        const struct job *job = g_ptr_array_index(r->jobs, i);
        if (job->process.pid == pid) {
            return;
        }
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static gboolean finish(struct runner *r, guint index, GError **error)
{
    struct job *job = g_ptr_array_steal_index(r->jobs, index);
    struct outcome *o = job_finish(job);
    g_free(job);
    children_each(end_stray, r);
    g_ptr_array_add(r->outcomes, o);
    r->stop =
        r->stop || (r->options->fail_fast && outcome_verdict(o) == TAP_FAIL);
    return !r->view->end || r->view->end(r->view->user, o, error);
}

static gboolean take_output(struct runner *r, GError **error)
{
    for (guint i = r->jobs->len; i > 0; i--) {
        struct job *job = g_ptr_array_index(r->jobs, i - 1);
        job_read(job);
        if (job_over(job) && !finish(r, i - 1, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean loop(struct runner *r, const GArray *runs, GError **error)
{
    while (r->jobs->len || (r->started < runs->len && !r->stop)) {
        while (!r->stop && r->started < runs->len &&
               r->jobs->len < r->options->jobs) {
            if (!start_one(r, &g_array_index(runs, struct test_run, r->started),
                           error)) {
                return FALSE;
            }
        }
        if (wait_signal()) {
            return fail(error, HARNESS_ERROR_INTERRUPTED, "interrupted");
        }
        wait_output(r);
        if (!take_output(r, error)) {
            return FALSE;
        }
        if (r->view->tick) {
            r->view->tick(r->view->user);
        }
    }
    return TRUE;
}

static void abandon_all(struct runner *r)
{
    /* all at once, then each */
    for (guint i = 0; i < r->jobs->len; i++) {
        const struct job *job = g_ptr_array_index(r->jobs, i);
        if (job->process.pid > 0) {
            kill(job->process.pid, SIGTERM);
        }
    }
    while (r->jobs->len) {
        struct job *job = g_ptr_array_steal_index(r->jobs, r->jobs->len - 1);
        job_abandon(job);
        g_free(job);
    }
}

gboolean runner_run(const struct tests *tests, const GArray *runs,
                    const struct runner_options *options,
                    const struct runner_view *view, GPtrArray *outcomes,
                    GError **error)
{
    struct runner r = {
        .tests = tests,
        .options = options,
        .view = view,
        .jobs = g_ptr_array_new(),
        .outcomes = outcomes,
        .start = g_get_monotonic_time(),
    };
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    gboolean ok = scratch_open(&r.scratch, error) && loop(&r, runs, error);
    abandon_all(&r);
    children_each(end_stray, &r);
    scratch_close(&r.scratch);
    g_ptr_array_unref(r.jobs);
    return ok;
}
