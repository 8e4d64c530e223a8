/* SPDX-License-Identifier: MIT */
/* evtpm test: the tests of this build, one verdict. */
#include <stdio.h>
#include <string.h>

#include "harness/backend.h"
#include "harness/command.h"
#include "harness/environment.h"
#include "harness/needs.h"
#include "harness/repeat.h"
#include "harness/reports.h"
#include "harness/runner.h"
#include "harness/show.h"
#include "harness/test_daemon.h"

#define JOBS_MOST 64
#define ROUNDS_MOST 100000
#define ABOUT_MOST 100 /* characters */
#define OWN_LIMIT G_MAXDOUBLE

struct options {
    gboolean no_build, list, tap, keep_going, fail_fast;
    char *platform, *shuffle, *format;
    int jobs, rounds;
    double timeout;
    struct reports reports;
    struct backend_options place;
    /* what all of this was parsed by, and the environment then */
    const GOptionEntry *entries;
    GStrv environ;
    /* parsed */
    enum platform where;
    gboolean libvirt;
    gboolean shuffled;
    guint64 seed;
};

static gboolean in_range(const char *option, int value, int most,
                         GError **error)
{
    return (value >= 1 && value <= most) ||
           fail(error, HARNESS_ERROR_USAGE, "--%s: %d is not in 1 to %d",
                option, value, most);
}

/* Programs and the needs of tests find the backend by this variable. */
static gboolean check_backend(struct options *o, GError **error)
{
    const struct vm_backend *b =
        backend_find(o->place.backend, o->place.connect, error);
    if (!b) {
        return FALSE;
    }
    o->libvirt = b != &backend_qemu;
    g_setenv("EVTPM_BACKEND", b->name, TRUE);
    return !o->libvirt || o->jobs == 1 ||
           fail(error, HARNESS_ERROR_USAGE,
                "--jobs: by libvirt one program runs after the other, for "
                "their VMs have the same names");
}

static gboolean check_options(struct options *o, GError **error)
{
    if (o->keep_going && o->fail_fast) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--keep-going and --fail-fast exclude each other");
    }
    if (o->format && strcmp(o->format, "tap") != 0 &&
        strcmp(o->format, "text") != 0) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "unknown format \"%s\": text or tap", o->format);
    }
    if (o->tap && g_strcmp0(o->format, "text") == 0) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--tap and --format=text exclude each other");
    }
    o->tap = o->tap || g_strcmp0(o->format, "tap") == 0;
    /* so that what is no number at all is refused, too */
    if (o->timeout != OWN_LIMIT && !(o->timeout > 0 && o->timeout < 1e6)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--timeout: a positive number of seconds is needed");
    }
    o->shuffled = o->shuffle != NULL;
    return check_backend(o, error) &&
           in_range("jobs", o->jobs, JOBS_MOST, error) &&
           in_range("repeat", o->rounds, ROUNDS_MOST, error) &&
           platform_parse(o->platform ? o->platform : "emulated", &o->where,
                          error) &&
           (!o->shuffle || selection_seed(o->shuffle, &o->seed, error));
}

/* One line each: a long description loses its end. */
static void print_about(const char *about)
{
    if (g_utf8_strlen(about, -1) > ABOUT_MOST) {
        g_autofree char *start = g_utf8_substring(about, 0, ABOUT_MOST);
        printf("  %s…", start);
    } else if (*about) {
        printf("  %s", about);
    }
}

static void print_skips(const struct test_program *p, enum platform platform)
{
    g_autoptr(GPtrArray) skips = tests_skips(p, platform);
    for (guint i = 0; i < skips->len; i++) {
        printf("  [would skip %s]", (char *)g_ptr_array_index(skips, i));
    }
}

/* The name first, for those who cut it off. */
static void print_list(const struct tests *tests, enum platform platform)
{
    for (guint i = 0; i < tests->programs->len; i++) {
        const struct test_program *p = g_ptr_array_index(tests->programs, i);
        const char *const *needs = (const char *const *)p->needs;
        g_autofree char *list = g_strjoinv(", ", p->needs);
        g_autofree char *missing = needs_missing(needs, platform);
        printf("%s", p->id);
        print_about(p->about);
        if (*list) {
            printf("  [needs %s]", list);
        }
        if (missing) {
            printf("  [would be skipped: %s]", missing);
        } else {
            print_skips(p, platform);
        }
        putchar('\n');
    }
}

/* One run of all, seen and kept. */
struct session {
    const struct options *options;
    struct show show;
    struct totals totals;
    GPtrArray *outcomes;
};

static void on_begin(void *user, const struct test_run *run)
{
    struct session *s = user;
    show_begin(&s->show, run);
}

static gboolean on_end(void *user, const struct outcome *outcome,
                       GError **error)
{
    struct session *s = user;
    totals_add(&s->totals, outcome);
    show_end(&s->show, outcome);
    return !ferror(stdout) ||
           fail(error, HARNESS_ERROR_FAILED, "cannot write to standard output");
}

static void on_tick(void *user)
{
    struct session *s = user;
    show_tick(&s->show);
}

static gboolean write_reports(const struct session *s,
                              const char *const *patterns, gint64 started,
                              gboolean complete, GError **error)
{
    const struct options *o = s->options;
    struct results_about about = {
        .patterns = patterns,
        .platform = platform_name(o->where),
        .jobs = (unsigned)o->jobs,
        .rounds = (unsigned)o->rounds,
        .shuffled = o->shuffled,
        .seed = o->seed,
        .started = started,
        .seconds = (double)(g_get_real_time() - started) / 1e6,
        .complete = complete,
    };
    if (!reports_wanted(&o->reports)) {
        return TRUE;
    }
    about.environment = environment_collect();
    json_object_set_string_member(about.environment, "backend",
                                  o->libvirt ? "libvirt" : "qemu");
    return reports_write(&o->reports, &about, s->outcomes, error);
}

/* The summary is the last line whatever happens before it. */
static int conclude(struct session *s, gboolean ran, gboolean reported)
{
    show_summary(&s->show, &s->totals);
    if (!ran || !reported) {
        return -1;
    }
    /* nothing that passed is no success */
    return s->totals.failed == 0 && s->totals.passed > 0 ? 0 : 1;
}

static void free_outcome(void *outcome)
{
    outcome_free(outcome);
}

/* What repeats a case: the time that it may take and all that says where it
 * runs, but not how often and beside what. */
static char *repeat(const struct tests *tests, const struct options *o)
{
    static const char *const own[] = { "shuffle", "format", NULL };
    g_autofree char *command = repeat_command(
        o->entries, own, (const char *const *)o->environ, tests->build);
    return o->timeout == OWN_LIMIT
               ? g_steal_pointer(&command)
               : g_strdup_printf("%s --timeout=%g", command, o->timeout);
}

static int run_tests(const struct tests *tests, const struct options *o,
                     const char *const *patterns, GError **error)
{
    g_autoptr(GArray) runs = selection_runs(tests, (unsigned)o->rounds);
    g_autofree char *command = repeat(tests, o);
    for (guint i = 0; i < runs->len; i++) {
        g_array_index(runs, struct test_run, i).command = command;
    }
    struct session s = {
        .options = o,
        .outcomes = g_ptr_array_new_with_free_func(free_outcome),
    };
    const struct runner_options options = { .jobs = (unsigned)o->jobs,
                                            .timeout = o->timeout == OWN_LIMIT
                                                           ? 0
                                                           : o->timeout,
                                            .fail_fast = o->fail_fast,
                                            .platform = o->where,
                                            .logs = o->reports.logs };
    const struct runner_view view = { on_begin, on_end, on_tick, &s };
    gint64 started = g_get_real_time();
    show_init(&s.show, stdout, o->tap, runs->len);
    if (o->shuffled) {
        selection_shuffle(runs, o->seed);
        show_remark(&s.show,
                    "shuffled by seed %" G_GUINT64_FORMAT
                    " (--shuffle=%" G_GUINT64_FORMAT " repeats the order)",
                    o->seed, o->seed);
    }
    gboolean ran = runner_run(tests, runs, &options, &view, s.outcomes, error);
    gboolean complete = ran && s.outcomes->len == runs->len;
    /* what was interrupted is reported as far as it came */
    g_autoptr(GError) local = NULL;
    gboolean reported = write_reports(&s, patterns, started, complete, &local);
    if (!reported && ran) {
        g_propagate_error(error, g_steal_pointer(&local));
    }
    int status = conclude(&s, ran, reported);
    show_clear(&s.show);
    g_ptr_array_unref(s.outcomes);
    return status;
}

/* The list, and those of it that were asked for. */
static gboolean select_tests(struct tests *tests, const struct options *o,
                             const char *const *patterns, GError **error)
{
    if (!tests_load(tests, error)) {
        return FALSE;
    }
    if (o->libvirt) {
        selection_scenarios(tests);
    }
    return selection_filter(tests, patterns, error);
}

/* `argv`: the command as it was given. */
static int test(struct options *o, const char *const *patterns,
                char *const *argv, GError **error)
{
    struct tests tests;
    int status = -1;
    if (!check_options(o, error)) {
        return -1;
    }
    if (tests_find(&tests, error) &&
        (o->no_build || o->list || tests_build(&tests, error)) &&
        select_tests(&tests, o, patterns, error)) {
        if (o->list) {
            print_list(&tests, o->where);
            status = 0;
        } else if (o->libvirt && !test_daemon_given(o->place.connect)) {
            status = test_daemon_run(&tests, argv, error);
        } else if ((!o->libvirt || test_daemon_use(o->place.connect, error)) &&
                   reports_prepare(&o->reports, tests.build, error)) {
            status = run_tests(&tests, o, patterns, error);
        }
    }
    if (status >= 0 && (fflush(stdout) != 0 || ferror(stdout))) {
        fail(error, HARNESS_ERROR_FAILED, "cannot write to standard output");
        status = -1;
    }
    tests_clear(&tests);
    return status;
}

static int parse_and_test(int argc, char **argv, struct options *o,
                          GError **error)
{
    /* the parser takes the options out of argv, strings stay */
    g_autofree char **given =
        g_memdup2(argv, sizeof(*argv) * (gsize)(argc + 1));
    const GOptionEntry entries[] = {
        { "list", 'l', 0, G_OPTION_ARG_NONE, &o->list,
          "print the selected tests, what each is about and needs, and run "
          "nothing",
          NULL },
        { "no-build", 0, 0, G_OPTION_ARG_NONE, &o->no_build,
          "run what is built already", NULL },
        { "platform", 0, 0, G_OPTION_ARG_STRING, &o->platform,
          "where VMs run: emulated (default), snp or auto", "P" },
        { "backend", 0, 0, G_OPTION_ARG_STRING, &o->place.backend,
          "what runs the VMs: qemu (default), or libvirt, for scenarios alone",
          "B" },
        { "connect", 0, 0, G_OPTION_ARG_STRING, &o->place.connect,
          "libvirt's URI (default: $LIBVIRT_DEFAULT_URI, else a daemon that is "
          "started for the run)",
          "URI" },
        { "jobs", 'j', 0, G_OPTION_ARG_INT, &o->jobs,
          "programs side by side (default: 1)", "N" },
        { "repeat", 'r', 0, G_OPTION_ARG_INT, &o->rounds,
          "run each program N times", "N" },
        { "keep-going", 'k', 0, G_OPTION_ARG_NONE, &o->keep_going,
          "run the rest after a failure (default)", NULL },
        { "fail-fast", 0, 0, G_OPTION_ARG_NONE, &o->fail_fast,
          "start no program after a failure", NULL },
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &o->timeout,
          "limit for each program (default: its own)", "SECONDS" },
        { "shuffle", 0, 0, G_OPTION_ARG_STRING, &o->shuffle,
          "random order: a number, or random, which prints the number picked",
          "SEED" },
        { "format", 0, 0, G_OPTION_ARG_STRING, &o->format,
          "of standard output: text (default) or tap", "F" },
        { "tap", 0, 0, G_OPTION_ARG_NONE, &o->tap, "the same as --format=tap",
          NULL },
        { "junit", 0, 0, G_OPTION_ARG_FILENAME, &o->reports.junit,
          "write the results as JUnit XML", "FILE" },
        { "report", 0, 0, G_OPTION_ARG_FILENAME, &o->reports.dir,
          "write an HTML page, results.json and all logs", "DIR" },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "test [OPTIONS] [PATTERN...]",
                        "Runs unit tests, test guests and end-to-end "
                        "scenarios. A PATTERN selects: a program's name, part "
                        "of names or a glob, PROGRAM:/CASE, or part of case "
                        "paths. The last line counts the results.",
                        0, -1, error) < 0) {
        return -1;
    }
    o->entries = entries;
    o->environ = g_get_environ();
    return test(o, argc > 1 ? (const char *const *)argv + 1 : NULL, given,
                error);
}

int cmd_test(int argc, char **argv, GError **error)
{
    struct options o = { .jobs = 1, .rounds = 1, .timeout = OWN_LIMIT };
    int status = parse_and_test(argc, argv, &o, error);
    g_free(o.platform);
    g_free(o.shuffle);
    g_free(o.format);
    g_strfreev(o.environ);
    backend_options_clear(&o.place);
    reports_clear(&o.reports);
    return status;
}
