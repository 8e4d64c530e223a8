/* SPDX-License-Identifier: MIT */
/* evtpm test: all tests of this build, one verdict. */
#include <stdio.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/tests.h"

struct totals {
    unsigned count[3]; /* by enum tap_result */
};

static void print_failure(const struct tap *tap, const struct tap_case *c)
{
    printf("  FAIL %s: %s%s%s\n", tap->program, c->name, c->reason ? ": " : "",
           c->reason ? c->reason : "");
    g_auto(GStrv) lines = g_strsplit(c->output ? c->output : "", "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line) {
            printf("       %s\n", *line);
        }
    }
}

static void print_program(const struct tap *tap, double seconds)
{
    unsigned passed = tap_count(tap, TAP_PASS);
    unsigned failed = tap_count(tap, TAP_FAIL);
    unsigned skipped = tap_count(tap, TAP_SKIP);
    printf("%-4s %-32s %3u passed",
           failed   ? "FAIL"
           : passed ? "ok"
                    : "skip",
           tap->program, passed);
    if (failed) {
        printf(", %u failed", failed);
    }
    if (skipped) {
        printf(", %u skipped", skipped);
    }
    printf("  [%.1f s]\n", seconds);
    for (guint i = 0; i < tap->cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(tap->cases, i);
        if (c->result == TAP_FAIL) {
            print_failure(tap, c);
        } else if (c->result == TAP_SKIP) {
            printf("  skip %s: %s%s%s\n", tap->program, c->name,
                   c->reason && *c->reason ? ": " : "",
                   c->reason ? c->reason : "");
        }
    }
    fflush(stdout);
}

static gboolean run_all(const struct tests *tests, struct totals *totals,
                        GError **error)
{
    for (guint i = 0; i < tests->programs->len; i++) {
        struct tap tap;
        const struct test_program *p = g_ptr_array_index(tests->programs, i);
        gint64 start = g_get_monotonic_time();
        tap_init(&tap, p->id);
        gboolean ok = tests_run(tests, p, &tap, error);
        print_program(&tap, (double)(g_get_monotonic_time() - start) / 1e6);
        for (int r = 0; r < 3; r++) {
            totals->count[r] += tap_count(&tap, (enum tap_result)r);
        }
        tap_clear(&tap);
        if (!ok) {
            return FALSE;
        }
    }
    return TRUE;
}

static int run_tests(struct tests *tests, const char *pattern, gboolean build,
                     gboolean list, GError **error)
{
    struct totals totals = { { 0 } };
    if (build && !list && !tests_build(tests, error)) {
        return -1;
    }
    if (!tests_load(tests, error)) {
        return -1;
    }
    if (pattern && !tests_filter(tests, pattern, error)) {
        return -1;
    }
    if (list) {
        for (guint i = 0; i < tests->programs->len; i++) {
            const struct test_program *p =
                g_ptr_array_index(tests->programs, i);
            puts(p->id);
        }
        return 0;
    }
    gboolean ok = run_all(tests, &totals, error);
    printf("%u passed, %u failed, %u skipped\n", totals.count[TAP_PASS],
           totals.count[TAP_FAIL], totals.count[TAP_SKIP]);
    fflush(stdout);
    if (!ok) {
        return -1;
    }
    /* nothing that passed is no success */
    return totals.count[TAP_FAIL] == 0 && totals.count[TAP_PASS] > 0 ? 0 : 1;
}

int cmd_test(int argc, char **argv, GError **error)
{
    gboolean no_build = FALSE, list = FALSE;
    const GOptionEntry entries[] = {
        { "no-build", 0, 0, G_OPTION_ARG_NONE, &no_build,
          "run what is built already", NULL },
        { "list", 'l', 0, G_OPTION_ARG_NONE, &list,
          "print the names of the test programs and run nothing", NULL },
        { NULL },
    };
    struct tests tests;
    if (command_options(&argc, &argv, entries, "test [OPTIONS] [PATTERN]",
                        "Runs unit tests, test guests and end-to-end "
                        "scenarios; PATTERN (part of a name, or a glob) "
                        "selects. The last line counts the results.",
                        0, 1, error) < 0) {
        return -1;
    }
    int status = -1;
    if (tests_find(&tests, error)) {
        status = run_tests(&tests, argc > 1 ? argv[1] : NULL, !no_build, list,
                           error);
    }
    tests_clear(&tests);
    return status;
}
