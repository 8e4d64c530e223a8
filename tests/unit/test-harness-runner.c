/* SPDX-License-Identifier: MIT */
/* The pure parts of the test runner: order, names, descriptions, the line on
 * the terminal, and whose failure it is when a program dies. */
#include <string.h>

#include "harness/needs.h"
#include "harness/outcome.h"
#include "harness/repeat.h"
#include "harness/selection.h"
#include "harness/show.h"

static struct test_program programs[5] = {
    { .id = (char *)"unit/a", .glib = TRUE },
    { .id = (char *)"unit/b" },
    { .id = (char *)"guest/c" },
    { .id = (char *)"guest/d" },
    { .id = (char *)"e2e/e", .glib = TRUE },
};

static struct tests all_tests(void)
{
    struct tests t = { .programs = g_ptr_array_new() };
    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        g_ptr_array_add(t.programs, &programs[i]);
    }
    return t;
}

static char *order(const GArray *runs)
{
    g_autoptr(GString) s = g_string_new(NULL);
    for (guint i = 0; i < runs->len; i++) {
        const struct test_run *r = &g_array_index(runs, struct test_run, i);
        g_string_append_printf(s, "%s%s%u", i ? " " : "",
                               strchr(r->program->id, '/') + 1, r->round);
    }
    return g_strdup(s->str);
}

/* One seed is one order, on every machine: SplitMix64 and Fisher-Yates,
 * computed by another program. */
static void test_shuffle(void)
{
    static const struct {
        guint64 seed;
        const char *order;
    } rows[] = {
        { 0, "b2 d1 c1 e2 d2 b1 e1 c2 a1 a2" },
        { 1, "e1 c1 d2 b1 e2 d1 a1 b2 c2 a2" },
        { G_MAXUINT64, "d1 e1 c1 c2 a2 a1 d2 b1 e2 b2" },
    };
    struct tests t = all_tests();
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) runs = selection_runs(&t, 2);
        g_autofree char *straight = order(runs);
        g_assert_cmpstr(straight, ==, "a1 b1 c1 d1 e1 a2 b2 c2 d2 e2");
        selection_shuffle(runs, rows[i].seed);
        g_autofree char *shuffled = order(runs);
        g_assert_cmpstr(shuffled, ==, rows[i].order);
    }
    g_ptr_array_unref(t.programs);
}

/* Each of six orders of three comes about as often. */
static void test_fair(void)
{
    struct tests t = all_tests();
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_ptr_array_set_size(t.programs, 3);
    for (guint64 seed = 0; seed < 6000; seed++) {
        g_autoptr(GArray) runs = selection_runs(&t, 1);
        selection_shuffle(runs, seed);
        char *text = order(runs);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(seen, text));
        g_hash_table_insert(seen, text, GUINT_TO_POINTER(n + 1));
    }
    g_autoptr(GList) counts = g_hash_table_get_values(seen);
    g_assert_cmpuint(g_hash_table_size(seen), ==, 6);
    for (const GList *l = counts; l; l = l->next) {
        g_assert_cmpuint(GPOINTER_TO_UINT(l->data), >, 850);
        g_assert_cmpuint(GPOINTER_TO_UINT(l->data), <, 1150);
    }
    g_ptr_array_unref(t.programs);
}

static void test_seed(void)
{
    static const struct {
        const char *text;
        gboolean good;
        guint64 seed;
    } rows[] = {
        { "0", TRUE, 0 },
        { "18446744073709551615", TRUE, G_MAXUINT64 },
        { "18446744073709551616", FALSE, 0 },
        { "", FALSE, 0 },
        { "-1", FALSE, 0 },
        { " 1", FALSE, 0 },
        { "1x", FALSE, 0 },
    };
    guint64 seed;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(selection_seed(rows[i].text, &seed, &error), ==,
                        rows[i].good);
        if (rows[i].good) {
            g_assert_cmpuint(seed, ==, rows[i].seed);
        } else {
            g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_USAGE);
        }
    }
    g_assert_true(selection_seed("random", &seed, NULL));
    g_assert_cmpuint(seed, <, 1000000);
}

static void test_reproduce(void)
{
    struct test_run run = { &programs[0], 2, 3, NULL };
    struct outcome *o = outcome_new(&run);
    struct tap_case plain = { .name = (char *)"/a/b" };
    struct tap_case odd = { .name = (char *)"/it's $(rm)" };
    struct tap_case none = { .name = (char *)"plan" };
    g_autofree char *title = outcome_title(&run);
    g_autofree char *one = outcome_reproduce(o, &plain);
    g_autofree char *two = outcome_reproduce(o, &odd);
    g_autofree char *three = outcome_reproduce(o, &none);
    g_assert_cmpstr(title, ==, "unit/a (2 of 3)");
    g_assert_cmpstr(one, ==, "./evtpm test unit/a:/a/b");
    g_assert_cmpstr(two, ==, "./evtpm test 'unit/a:/it'\\''s $(rm)'");
    g_assert_cmpstr(three, ==, "./evtpm test unit/a");
    /* a script's cases cannot be run alone */
    struct test_run script = { &programs[1], 1, 1, NULL };
    o->run = script;
    g_autofree char *four = outcome_reproduce(o, &plain);
    g_assert_cmpstr(four, ==, "./evtpm test unit/b");
    o->run.command = "A=1 ./evtpm test --platform=snp";
    g_autofree char *five = outcome_reproduce(o, &plain);
    g_assert_cmpstr(five, ==, "A=1 ./evtpm test --platform=snp unit/b");
    outcome_free(o);
}

static void test_repeat(void)
{
    char *platform = (char *)"snp", *connect = (char *)"qemu:///session?a=b";
    char *backend = NULL, *shuffle = (char *)"7", *report = (char *)"dir";
    gboolean list = TRUE;
    const GOptionEntry entries[] = {
        { "list", 'l', 0, G_OPTION_ARG_NONE, &list, "", NULL },
        { "platform", 0, 0, G_OPTION_ARG_STRING, &platform, "", "P" },
        { "backend", 0, 0, G_OPTION_ARG_STRING, &backend, "", "B" },
        { "shuffle", 0, 0, G_OPTION_ARG_STRING, &shuffle, "", "SEED" },
        { "connect", 0, 0, G_OPTION_ARG_STRING, &connect, "", "URI" },
        { "report", 0, 0, G_OPTION_ARG_FILENAME, &report, "", "DIR" },
        { NULL },
    };
    static const char *const own[] = { "shuffle", NULL };
    static const char *const environ[] = { "HOME=/h",
                                           "EVTPM_LAUNCHES=200",
                                           "XEVTPM_NOT=1",
                                           "EVTPM_CACHE=/a b",
                                           "EVTPM_TEST_PLATFORM=emulated",
                                           "EVTPM_ARTIFACTS=/b/artifacts",
                                           "EVTPM_NONE=",
                                           NULL };
    static const char *const none[] = { NULL };
    g_autofree char *all = repeat_command(entries, own, environ, "/b");
    g_assert_cmpstr(all, ==,
                    "EVTPM_CACHE='/a b' EVTPM_LAUNCHES=200 EVTPM_NONE= "
                    "./evtpm test --platform=snp "
                    "--connect='qemu:///session?a=b'");
    g_autofree char *other = repeat_command(entries, own, environ, "/c");
    g_assert_nonnull(strstr(other, "EVTPM_ARTIFACTS=/b/artifacts "));
    platform = connect = NULL;
    g_autofree char *plain = repeat_command(entries, own, none, "/b");
    g_assert_cmpstr(plain, ==, "./evtpm test");
    g_autofree char *empty = repeat_word("");
    g_assert_cmpstr(empty, ==, "''");
}

/* The failure of a program that ended in the middle: whose it is. */
static void test_unfinished(void)
{
    static char *only[] = { (char *)"/c", (char *)"/a", NULL };
    static const struct {
        const char *lines;
        char **only;
        const char *failed, *output;
    } rows[] = {
        { "ok 1 /a\nBail out! x", NULL, "/b", "1 further case did not run\n" },
        { "out\nBail out! x", NULL, "/a",
          "out\n2 further cases did not run\n" },
        { "Bail out! x", only, "/c", "1 further case did not run\n" },
        { "ok 1 /c\nBail out! x", only, "/a", "" },
        { "ok 1 /a\nok 2 /b\nok 3 /c\nBail out! x", NULL, "bail out", "" },
        { "not ok 1 /a\n1..1", NULL, "/a", "" },
        { "ok 1 /a", NULL, "/b", "1 further case did not run\n" },
    };
    const char *names[] = { "/a", "/b", "/c" };
    g_autoptr(GPtrArray) cases = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_ptr_array_add(cases, (char *)names[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct test_program program = { .id = (char *)"unit/x",
                                        .glib = TRUE,
                                        .cases = rows[i].only };
        struct test_run run = { &program, 1, 1, NULL };
        struct outcome *o = outcome_new(&run);
        g_auto(GStrv) lines = g_strsplit(rows[i].lines, "\n", -1);
        for (char **line = lines; *line; line++) {
            tap_line(&o->tap, *line);
        }
        tap_end(&o->tap, 6, NULL);
        outcome_name_unfinished(o, cases);
        const char *failed = NULL, *output = NULL;
        for (guint k = 0; k < o->tap.cases->len; k++) {
            const struct tap_case *c = g_ptr_array_index(o->tap.cases, k);
            if (c->result == TAP_FAIL && !failed) {
                failed = c->name;
                output = c->output;
            }
        }
        g_assert_cmpstr(failed, ==, rows[i].failed);
        g_assert_cmpstr(output, ==, rows[i].output);
        outcome_free(o);
    }
}

static void test_needs(void)
{
    static const struct {
        const char *source, *about, *needs;
    } rows[] = {
        { "/* SPDX-License-Identifier: MIT */\n/* One line. */\nint x;\n",
          "One line", "" },
        { "/* SPDX-License-Identifier: MIT */\n/*\n * Two\n * lines: of "
          "it.\n *\n * More.\n * needs: vm, jq\n */\n/* Other. */\n",
          "Two lines: of it", "vm jq" },
        { "#!/bin/sh\n# SPDX-License-Identifier: MIT\n# A script. It does.\n"
          "# needs: xmllint\nset -u\n# not this\n",
          "A script", "xmllint" },
        { "/* SPDX-License-Identifier: MIT */\n/* Over\n * two. */\n"
          "/* needs: no */\n",
          "Over two", "" },
        { "#include <a.h>\n/* Late. */\n", "Late", "" },
        { "", "", "" },
        { "/* never closed", "never closed", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *about = NULL;
        g_auto(GStrv) needs = NULL;
        needs_parse(rows[i].source, &about, &needs);
        g_autofree char *joined = g_strjoinv(" ", needs);
        g_assert_cmpstr(about, ==, rows[i].about);
        g_assert_cmpstr(joined, ==, rows[i].needs);
    }
}

static void test_missing(void)
{
    const char *there[] = { "sh", NULL };
    const char *not_there[] = { "sh", "no-such-program", NULL };
    const char *emulator[] = { "emulator", NULL };
    g_autofree char *first = needs_missing(there, PLATFORM_EMULATED);
    g_autofree char *second = needs_missing(not_there, PLATFORM_EMULATED);
    g_autofree char *third = needs_missing(emulator, PLATFORM_SNP);
    g_assert_null(first);
    g_assert_cmpstr(second, ==, "no-such-program is not installed");
    g_assert_cmpstr(third, ==, "about the emulation: not for platform snp");
    g_assert_null(needs_missing(NULL, PLATFORM_SNP));

    const char *process[] = { "process", NULL };
    g_setenv("EVTPM_BACKEND", "qemu", TRUE);
    g_assert_null(needs_missing(process, PLATFORM_EMULATED));
    g_setenv("EVTPM_BACKEND", "libvirt", TRUE);
    g_autofree char *fourth = needs_missing(process, PLATFORM_EMULATED);
    g_assert_cmpstr(fourth, ==,
                    "about QEMU as a process of ours: not by libvirt");
    g_unsetenv("EVTPM_BACKEND");
}

static void test_progress(void)
{
    struct show s;
    g_autofree char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    show_init(&s, out, FALSE, 12);
    g_assert_false(s.terminal);
    struct test_run a = { &programs[0], 1, 1, NULL },
                    e = { &programs[4], 2, 3, NULL };
    show_begin(&s, &a);
    show_begin(&s, &e);
    s.done = 3;
    gint64 now = g_get_monotonic_time();
    g_autofree char *line = show_progress(&s, now, 80);
    g_assert_cmpstr(line, ==, "[3/12] unit/a 0 s, e2e/e (2 of 3) 0 s");
    s.failed = 2;
    g_autofree char *later = show_progress(&s, now + 5000000, 30);
    g_assert_cmpstr(later, ==, "[3/12] 2 failed unit/a 5 s, e");
    fclose(out);
    /* what is no terminal gets no such line */
    g_assert_cmpstr(text, ==, "");
    show_clear(&s);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/selection/shuffle", test_shuffle);
    g_test_add_func("/harness/selection/fair", test_fair);
    g_test_add_func("/harness/selection/seed", test_seed);
    g_test_add_func("/harness/outcome/reproduce", test_reproduce);
    g_test_add_func("/harness/outcome/repeat", test_repeat);
    g_test_add_func("/harness/outcome/unfinished", test_unfinished);
    g_test_add_func("/harness/needs/parse", test_needs);
    g_test_add_func("/harness/needs/missing", test_missing);
    g_test_add_func("/harness/show/progress", test_progress);
    return g_test_run();
}
