/* SPDX-License-Identifier: MIT */
/* The TAP reader: each row a program's output and exit status, and the verdict
 * it earns. */
#include <glib.h>
#include <signal.h>

#include "harness/tap.h"

#define EXITED(code) ((code) << 8)

static const struct {
    const char *name;
    const char *output;
    int status;
    const char *why;
    unsigned passed, failed, skipped;
    const char *reason; /* of the first failure */
} rows[] = {
    { "all-pass", "TAP version 14\n1..2\nok 1 a\nok 2 - b", 0, NULL, 2, 0, 0,
      NULL },
    { "plan-at-end", "ok 1 a\n1..1", 0, NULL, 1, 0, 0, NULL },
    { "fail", "1..2\nok 1 a\nnot ok 2 b", EXITED(1), NULL, 1, 1, 0, NULL },
    { "fail-but-status-0", "1..1\nnot ok 1 a", 0, NULL, 0, 1, 0, NULL },
    { "pass-but-status-1", "1..1\nok 1 a", EXITED(1), NULL, 1, 1, 0,
      "ended with status 1" },
    { "pass-but-killed", "1..1\nok 1 a", SIGSEGV, NULL, 1, 1, 0,
      "ended with signal 11 (Segmentation fault)" },
    { "skip", "1..1\nok 1 a # SKIP no QEMU", 0, NULL, 0, 0, 1, NULL },
    { "skip-lower-case", "1..1\nok 1 a # skip", 0, NULL, 0, 0, 1, NULL },
    { "skip-all", "1..0 # SKIP nothing here", 0, NULL, 0, 0, 1, NULL },
    { "skip-all-77", "1..0 # SKIP nothing here", EXITED(77), NULL, 0, 0, 1,
      NULL },
    { "status-77-alone", "", EXITED(77), NULL, 0, 1, 0,
      "no plan: the program did not finish" },
    { "failed-skip", "1..1\nnot ok 1 a # SKIP x", 0, NULL, 0, 1, 0, "x" },
    { "todo", "1..1\nnot ok 1 a # TODO later", 0, NULL, 0, 0, 1, NULL },
    { "todo-passes", "1..1\nok 1 a # TODO later", 0, NULL, 1, 0, 0, NULL },
    { "silent", "", 0, NULL, 0, 1, 0, "no plan: the program did not finish" },
    { "empty-plan", "1..0", 0, NULL, 0, 0, 1, NULL },
    { "too-few", "1..3\nok 1 a", 0, NULL, 1, 1, 0,
      "3 tests were planned, 1 gave a result" },
    { "too-many", "1..1\nok 1 a\nok 2 b", 0, NULL, 2, 1, 0,
      "1 tests were planned, 2 gave a result" },
    { "two-plans", "1..1\nok 1 a\n1..1", 0, NULL, 1, 1, 0, "a second plan" },
    { "bail-out", "1..2\nok 1 a\nBail out! no chip", EXITED(1), NULL, 1, 1, 0,
      "no chip" },
    { "timeout", "1..2\nok 1 a", -1, "took too long", 1, 1, 0,
      "took too long" },
    { "words-like-results", "1..1\nokay then\nnot okay\nok 1 a", 0, NULL, 1, 0,
      0, NULL },
    { "subtest-indented", "1..1\n    not ok 1 inner\nok 1 a", 0, NULL, 1, 0, 0,
      NULL },
    { "hash-in-name", "1..1\nok 1 a #1 of 2", 0, NULL, 1, 0, 0, NULL },
};

static const struct tap_case *first_failure(const struct tap *tap)
{
    for (guint i = 0; i < tap->cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(tap->cases, i);
        if (c->result == TAP_FAIL) {
            return c;
        }
    }
    return NULL;
}

static void feed(struct tap *tap, const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    for (char **line = lines; *line; line++) {
        tap_line(tap, *line);
    }
}

static void test_row(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    struct tap tap;
    tap_init(&tap, "program");
    feed(&tap, rows[i].output);
    tap_end(&tap, rows[i].status, rows[i].why);
    g_assert_cmpuint(tap_count(&tap, TAP_PASS), ==, rows[i].passed);
    g_assert_cmpuint(tap_count(&tap, TAP_FAIL), ==, rows[i].failed);
    g_assert_cmpuint(tap_count(&tap, TAP_SKIP), ==, rows[i].skipped);
    if (rows[i].reason) {
        g_assert_cmpstr(first_failure(&tap)->reason, ==, rows[i].reason);
    }
    tap_clear(&tap);
}

/* Names lose the number, the dash and the directive. */
static void test_names(void)
{
    static const char *const names[] = { "/a/b", "with spaces", "3",
                                         "unnumbered", "a #1 of 2" };
    struct tap tap;
    tap_init(&tap, "program");
    feed(&tap, "ok 1 /a/b\nok 2 - with spaces # SKIP x\nok 3\nok unnumbered\n"
               "ok 5 a #1 of 2");
    g_assert_cmpuint(tap.cases->len, ==, G_N_ELEMENTS(names));
    for (guint i = 0; i < tap.cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(tap.cases, i);
        g_assert_cmpstr(c->name, ==, names[i]);
    }
    tap_clear(&tap);
}

/* A failure carries what was printed since the last result, and only so much of
 * it. */
static void test_output(void)
{
    struct tap tap;
    tap_init(&tap, "program");
    feed(&tap, "early\nok 1 a");
    for (int i = 0; i < TAP_OUTPUT_LINES + 5; i++) {
        g_autofree char *line = g_strdup_printf("line %d", i);
        tap_line(&tap, line);
    }
    tap_line(&tap, "bad \xff byte");
    tap_line(&tap, "not ok 2 b");
    const struct tap_case *c = g_ptr_array_index(tap.cases, 1);
    g_assert_null(strstr(c->output, "early"));
    g_assert_null(strstr(c->output, "line 5\n"));
    g_assert_nonnull(strstr(c->output, "line 6\nline 7\n"));
    g_assert_true(g_utf8_validate(c->output, -1, NULL));
    tap_clear(&tap);
}

/* What scripts print below a failure belongs to it, also some results later. */
static void test_output_after(void)
{
    struct tap tap;
    tap_init(&tap, "program");
    feed(&tap, "before\nnot ok 1 a\nbelow\nok 2 b\nnot ok 3 c\nok 4 d\nend\n"
               "1..4");
    tap_end(&tap, EXITED(1), NULL);
    const struct tap_case *a = g_ptr_array_index(tap.cases, 0);
    const struct tap_case *b = g_ptr_array_index(tap.cases, 1);
    const struct tap_case *c = g_ptr_array_index(tap.cases, 2);
    g_assert_cmpstr(a->output, ==, "before\nbelow\n");
    g_assert_null(b->output);
    g_assert_cmpstr(c->output, ==, "end\n");
    tap_clear(&tap);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/harness/tap/verdict/%s", rows[i].name);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_row);
    }
    g_test_add_func("/harness/tap/names", test_names);
    g_test_add_func("/harness/tap/output", test_output);
    g_test_add_func("/harness/tap/output-after", test_output_after);
    return g_test_run();
}
