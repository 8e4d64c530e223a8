/* SPDX-License-Identifier: MIT */
/* Starting, reading and judging one test program. */
#include "harness/job.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "harness/keep.h"
#include "harness/needs.h"
#include "harness/tree.h"

/* How long a program may take to end when it is told to, before the keeper
 * kills all of it; and the keeper itself, which then has more to do. */
#define GRACE_MS "2000"
#define KEEPER_GRACE_MS 15000
/* A program that floods its output must fill neither disk nor memory. */
#define LOG_MOST (16u << 20)
#define LINE_MOST 65536
/* A pipe holds less; a process that nobody could kill may go on writing. */
#define LAST_READS 64

/* Failures since the `first` case happened in the step that was marked last,
 * which ends with its case. */
static void note_step(struct outcome *o, guint first)
{
    for (guint i = first; i < o->tap.cases->len; i++) {
        struct tap_case *c = g_ptr_array_index(o->tap.cases, i);
        if (c->result == TAP_FAIL && !c->step) {
            c->step = g_strdup(o->marks.step);
        }
    }
    if (first < o->tap.cases->len) {
        g_clear_pointer(&o->marks.step, g_free);
    }
}

static void take_line(struct job *job, const char *line)
{
    guint before = job->outcome->tap.cases->len;
    if (!marks_line(&job->outcome->marks, line)) {
        tap_line(&job->outcome->tap, line);
    }
    note_step(job->outcome, before);
}

static void keep_in_log(struct job *job, const char *data, gsize size)
{
    static const char cut[] = "\n[the log ends here: too long]\n";
    if (job->log < 0 || job->logged > LOG_MOST) {
        return;
    }
    if (job->logged + size > LOG_MOST) {
        data = cut;
        size = sizeof(cut) - 1;
        job->logged = LOG_MOST;
    }
    job->logged += size;
    if (write(job->log, data, size) != (ssize_t)size) {
        job->logged = LOG_MOST + 1; /* disk full: the verdicts are in memory */
    }
}

static void give_lines(struct job *job, gboolean at_end)
{
    GString *s = job->line;
    char *start = s->str, *newline;
    while ((newline = strchr(start, '\n'))) {
        *newline = '\0';
        take_line(job, start);
        start = newline + 1;
    }
    g_string_erase(s, 0, start - s->str);
    if (s->len && (at_end || s->len > LINE_MOST)) {
        take_line(job, s->str);
        g_string_truncate(s, 0);
    }
}

/* NUL would end the line for all who read it as text. */
static void add_text(GString *line, const char *data, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        g_string_append_c(line, data[i] ? data[i] : ' ');
    }
}

gboolean job_read(struct job *job)
{
    char buf[16384];
    gboolean any = FALSE;
    /* a bounded piece, or a flood would keep us from the others */
    for (int i = 0; i < 16 && job->out >= 0; i++) {
        ssize_t n = read(job->out, buf, sizeof(buf));
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (n <= 0) {
            close(job->out);
            job->out = -1;
            break;
        }
        any = TRUE;
        keep_in_log(job, buf, (gsize)n);
        add_text(job->line, buf, (gsize)n);
        give_lines(job, FALSE);
    }
    return any;
}

/* Beside this program, wherever the tests are. */
static char *keeper_path(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *dir = g_path_get_dirname(self ? self : "evtpm");
    return g_build_filename(dir, "evtpm-keeper", NULL);
}

static GPtrArray *command_line(const struct test_program *p)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(argv, keeper_path());
    g_ptr_array_add(argv, g_strdup(GRACE_MS));
    g_ptr_array_add(argv, g_strdup(p->path));
    if (p->glib) {
        g_ptr_array_add(argv, g_strdup("-k"));
        g_ptr_array_add(argv, g_strdup("--tap"));
    }
    for (char **c = p->cases; c && *c; c++) {
        g_ptr_array_add(argv, g_strdup("-p"));
        g_ptr_array_add(argv, g_strdup(*c));
    }
    if (p->argument) {
        g_ptr_array_add(argv, g_strdup(p->argument));
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

static gboolean spawn(struct job *job, const struct tests *tests,
                      const struct runner_options *options, int lock,
                      GError **error)
{
    g_autoptr(GPtrArray) argv = command_line(job->outcome->run.program);
    g_autofree char *source =
        g_strconcat("G_TEST_SRCDIR=", tests->source, NULL);
    g_autofree char *build =
        g_strconcat("G_TEST_BUILDDIR=", tests->build, NULL);
    g_autofree char *tmp = g_strconcat("TMPDIR=", job->tmp, NULL);
    g_autofree char *run = g_strdup_printf("XDG_RUNTIME_DIR=%s/run", job->tmp);
    g_autofree char *logs = g_strconcat("EVTPM_TEST_LOGS=", job->kept, NULL);
    g_autofree char *platform = g_strconcat(
        "EVTPM_TEST_PLATFORM=", platform_name(options->platform), NULL);
    const char *environ[] = { source,
                              build,
                              tmp,
                              run,
                              logs,
                              platform,
                              "ASAN_OPTIONS=detect_leaks=1",
                              "UBSAN_OPTIONS=print_stacktrace=1",
                              NULL };
    int keep[] = { lock, -1 };
    int pipe[2];
    if (!g_unix_open_pipe(pipe, FD_CLOEXEC, error)) {
        return FALSE;
    }
    struct process_options o = { .out = pipe[1],
                                 .err = pipe[1],
                                 .keep = keep,
                                 .cwd = tests->build,
                                 .environ = environ };
    gboolean ok = process_spawn((const char *const *)argv->pdata, &o,
                                &job->process, error);
    close(pipe[1]);
    job->out = pipe[0];
    g_unix_set_fd_nonblocking(job->out, TRUE, NULL);
    return ok;
}

static void open_log(struct job *job, const char *logs)
{
    const struct test_run *run = &job->outcome->run;
    g_autofree char *round =
        run->round > 1 ? g_strdup_printf(".%u", run->round) : g_strdup("");
    g_autofree char *name = g_strconcat(run->program->id, round, NULL);
    g_autofree char *file = g_strconcat(name, ".log", NULL);
    char *path = g_build_filename(logs, file, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_mkdir_with_parents(dir, 0755);
    job->kept = g_build_filename(logs, name, NULL);
    tree_remove(job->kept);
    job->log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (job->log < 0) {
        g_clear_pointer(&path, g_free);
    }
    job->outcome->log = path;
}

gboolean job_start(struct job *job, const struct tests *tests,
                   const struct test_run *run,
                   const struct runner_options *options,
                   const struct scratch *scratch, unsigned number,
                   GError **error)
{
    *job = (struct job){ .process = PROCESS_NONE, .out = -1, .log = -1 };
    job->tmp = scratch_program(scratch, number, error);
    if (!job->tmp) {
        return FALSE;
    }
    job->outcome = outcome_new(run);
    job->line = g_string_new(NULL);
    job->start = g_get_monotonic_time();
    job->limit =
        options->timeout > 0 ? options->timeout : (double)run->program->timeout;
    job->deadline = deadline_in(job->limit);
    open_log(job, options->logs);
    g_autoptr(GError) local = NULL;
    g_autofree char *missing = needs_missing(
        (const char *const *)run->program->needs, options->platform);
    if (missing) {
        g_autofree char *plan = g_strconcat("1..0 # SKIP ", missing, NULL);
        tap_line(&job->outcome->tap, plan);
    } else if (!spawn(job, tests, options, scratch->lock, &local)) {
        tap_end(&job->outcome->tap, -1, local->message);
    }
    return TRUE;
}

gboolean job_over(const struct job *job)
{
    return job->process.pid <= 0 || !process_alive(&job->process) ||
           deadline_passed(job->deadline);
}

static void judge(struct job *job, gboolean late)
{
    struct outcome *o = job->outcome;
    guint before = o->tap.cases->len;
    if (late) {
        g_autofree char *why = g_strdup_printf(
            "did not end within %g seconds and was ended", job->limit);
        tap_end(&o->tap, -1, why);
    } else {
        tap_end(&o->tap, job->process.status, NULL);
    }
    note_step(o, before);
    if (tap_count(&o->tap, TAP_FAIL)) {
        g_autoptr(GPtrArray) cases = tests_cases(o->run.program);
        outcome_name_unfinished(o, cases);
    }
}

static void job_clear(struct job *job)
{
    process_clear(&job->process);
    if (job->out >= 0) {
        close(job->out);
    }
    if (job->log >= 0) {
        close(job->log);
    }
    g_string_free(job->line, TRUE);
    tree_remove(job->tmp);
    g_free(job->tmp);
    g_free(job->kept);
}

struct outcome *job_finish(struct job *job)
{
    struct outcome *o = job->outcome;
    if (job->process.pid > 0) {
        gboolean late = process_alive(&job->process);
        process_end(&job->process, KEEPER_GRACE_MS);
        /* all who could write are gone: what is there is the rest */
        for (int i = 0; i < LAST_READS && job_read(job); i++) {
        }
        give_lines(job, TRUE);
        judge(job, late);
    } else {
        o->tap.finished = TRUE;
    }
    o->seconds = (double)(g_get_monotonic_time() - job->start) / 1e6;
    if (job->process.pid > 0) {
        keep_logs(o, job->tmp, job->kept);
    }
    job_clear(job);
    return o;
}

void job_abandon(struct job *job)
{
    if (job->process.pid > 0) {
        process_end(&job->process, KEEPER_GRACE_MS);
    }
    outcome_free(job->outcome);
    job_clear(job);
}
