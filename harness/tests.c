/* SPDX-License-Identifier: MIT */
/* Finding, selecting and running test programs. */
#include "harness/tests.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/process.h"

/* Written by make: NAME=WORDS lines, see Makefile-harness.am. */
#define LAYOUT "harness/tests.layout"

static void program_free(void *data)
{
    struct test_program *p = data;
    g_free(p->id);
    g_free(p->path);
    g_free(p->argument);
    g_strfreev(p->cases);
    g_free(p);
}

static void add_program(struct tests *t, const char *group, const char *name,
                        char *path, const char *argument, unsigned timeout)
{
    struct test_program *p = g_new0(struct test_program, 1);
    p->id = g_strdup_printf("%s/%s", group, name);
    p->path = path;
    p->argument = g_strdup(argument);
    g_autofree char *base = g_path_get_basename(path);
    p->glib =
        !g_str_has_suffix(path, ".sh") && !g_str_has_prefix(base, "fuzz_");
    p->timeout = timeout;
    g_ptr_array_add(t->programs, p);
}

/* Scripts lie in the source directory, programs in the build directory. */
static void add_words(struct tests *t, const char *group, const char *words,
                      unsigned timeout)
{
    g_auto(GStrv) list = g_strsplit_set(words, " \t", -1);
    for (char **w = list; *w; w++) {
        g_autofree char *name = g_path_get_basename(*w);
        /* guests are programs of their own here; scenarios have their own list
         */
        if (!**w || strcmp(name, "run-guest.sh") == 0 ||
            (strcmp(group, "e2e") != 0 && g_str_has_prefix(*w, "tests/e2e/"))) {
            continue;
        }
        if (strcmp(group, "unit") == 0 && g_str_has_prefix(*w, "tests/e2e/")) {
            continue; /* in a list of their own, with a longer limit */
        }
        gboolean script = g_str_has_suffix(name, ".sh");
        char *path = g_build_filename(script ? t->source : t->build, *w, NULL);
        if (script) {
            name[strlen(name) - 3] = '\0';
        }
        add_program(t, group, name, path, NULL, timeout);
    }
}

/* guests.list: NAME|STATUS|MESSAGE|OPTIONS|LIMIT */
static void add_guests(struct tests *t)
{
    g_autofree char *list =
        g_build_filename(t->source, "tests/guest/guests.list", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(list, &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) field = g_strsplit(*line, "|", 5);
        if (g_strv_length(field) == 5 && field[0][0] != '#') {
            unsigned limit = (unsigned)g_ascii_strtoull(field[4], NULL, 10);
            add_program(
                t, "guest", field[0],
                g_build_filename(t->source, "tests/guest/run-guest.sh", NULL),
                field[0], limit + 30);
        }
    }
}

gboolean tests_find(struct tests *t, GError **error)
{
    *t = (struct tests){ .build = artifacts_build_dir() };
    t->programs = g_ptr_array_new_with_free_func(program_free);
    return t->build != NULL ||
           fail(error, HARNESS_ERROR_NOT_FOUND,
                "the tests need the directory that evtpm was built in");
}

/* One "NAME=WORDS" line. */
static void load_line(struct tests *t, const char *name, const char *value)
{
    if (strcmp(name, "source") == 0) {
        g_free(t->source);
        t->source = g_strdup(value);
    } else if (strcmp(name, "unit") == 0 && t->source) {
        add_words(t, "unit", value, 300);
        add_guests(t);
    } else if (strcmp(name, "e2e") == 0 && t->source) {
        add_words(t, "e2e", value, 900);
    }
}

/* A list that lost a whole group must not pass for success of the rest. */
static gboolean has_group(const struct tests *t, const char *group)
{
    for (guint i = 0; i < t->programs->len; i++) {
        const struct test_program *p = g_ptr_array_index(t->programs, i);
        if (g_str_has_prefix(p->id, group)) {
            return TRUE;
        }
    }
    return FALSE;
}

gboolean tests_load(struct tests *t, GError **error)
{
    g_autofree char *path = g_build_filename(t->build, LAYOUT, NULL);
    g_autofree char *text = NULL;
    if (g_file_get_contents(path, &text, NULL, NULL)) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
            char *value = strchr(*line, '=');
            if (value) {
                *value = '\0';
                load_line(t, *line, value + 1);
            }
        }
    }
    return (has_group(t, "unit/") && has_group(t, "guest/") &&
            has_group(t, "e2e/")) ||
           fail(error, HARNESS_ERROR_FAILED,
                "%s: the list of tests is missing or incomplete (make -C %s "
                "check-build)",
                path, t->build);
}

void tests_clear(struct tests *t)
{
    g_free(t->build);
    g_free(t->source);
    g_ptr_array_unref(t->programs);
}

static void keep_line(const char *line, void *user)
{
    GQueue *lines = user;
    g_queue_push_tail(lines, g_strdup(line));
    if (g_queue_get_length(lines) > 40) {
        g_free(g_queue_pop_head(lines));
    }
}

gboolean tests_build(const struct tests *t, GError **error)
{
    g_autofree char *jobs =
        g_strdup_printf("-j%u", MIN(g_get_num_processors(), 4));
    const char *argv[] = { "make",   "-s",          jobs, "-C",
                           t->build, "check-build", NULL };
    GQueue lines = G_QUEUE_INIT;
    int status = 0;
    gboolean ok = process_run(argv, NULL, NULL, TRUE, keep_line, &lines, NULL,
                              &status, deadline_in(1800), error);
    if (ok && status != 0) {
        for (GList *l = lines.head; l; l = l->next) {
            fprintf(stderr, "%s\n", (char *)l->data);
        }
        ok = fail(error, HARNESS_ERROR_FAILED,
                  "the tests cannot be built (make -C %s check-build)",
                  t->build);
    }
    g_queue_clear_full(&lines, g_free);
    return ok;
}

static gboolean matches(const char *name, const char *pattern)
{
    return strstr(name, pattern) || g_pattern_match_simple(pattern, name);
}

static void collect_line(const char *line, void *user)
{
    g_ptr_array_add(user, g_strdup(line));
}

/* The cases of a GLib program that the pattern names; NULL if none. */
static GStrv matching_cases(const struct test_program *p, const char *pattern)
{
    const char *argv[] = { p->path, "-l", NULL };
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    int status;
    gboolean any = FALSE;
    if (!p->glib || !process_run(argv, NULL, NULL, FALSE, collect_line, lines,
                                 NULL, &status, deadline_in(10), NULL)) {
        return NULL;
    }
    for (guint i = 0; i < lines->len; i++) {
        const char *line = g_ptr_array_index(lines, i);
        if (line[0] == '/' && matches(line, pattern)) {
            g_strv_builder_add(b, line);
            any = TRUE;
        }
    }
    return any ? g_strv_builder_end(b) : NULL;
}

gboolean tests_filter(struct tests *t, const char *pattern, GError **error)
{
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (guint i = 0; i < t->programs->len; i++) {
        struct test_program *p = g_ptr_array_index(t->programs, i);
        if (matches(p->id, pattern)) {
            g_ptr_array_add(kept, p);
        }
    }
    for (guint i = 0; !kept->len && i < t->programs->len; i++) {
        struct test_program *p = g_ptr_array_index(t->programs, i);
        p->cases = matching_cases(p, pattern);
    }
    for (guint i = t->programs->len; i > 0; i--) {
        struct test_program *p = g_ptr_array_index(t->programs, i - 1);
        if (!p->cases && !g_ptr_array_find(kept, p, NULL)) {
            g_ptr_array_remove_index(t->programs, i - 1);
        }
    }
    return t->programs->len > 0 ||
           fail(error, HARNESS_ERROR_FAILED, "no test matches \"%s\"", pattern);
}

static void take_line(const char *line, void *user)
{
    tap_line(user, line);
}

gboolean tests_run(const struct tests *t, const struct test_program *p,
                   struct tap *tap, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, p->path);
    if (p->glib) {
        g_ptr_array_add(argv, (char *)"-k");
        g_ptr_array_add(argv, (char *)"--tap");
    }
    for (char **c = p->cases; c && *c; c++) {
        g_ptr_array_add(argv, (char *)"-p");
        g_ptr_array_add(argv, *c);
    }
    if (p->argument) {
        g_ptr_array_add(argv, p->argument);
    }
    g_ptr_array_add(argv, NULL);
    g_autofree char *source = g_strconcat("G_TEST_SRCDIR=", t->source, NULL);
    g_autofree char *build = g_strconcat("G_TEST_BUILDDIR=", t->build, NULL);
    const char *environ[] = { source, build, "ASAN_OPTIONS=detect_leaks=1",
                              "UBSAN_OPTIONS=print_stacktrace=1", NULL };
    struct process_options options = { .cwd = t->build, .environ = environ };
    g_autoptr(GError) local = NULL;
    int status = 0;
    if (process_run((const char *const *)argv->pdata, &options, NULL, TRUE,
                    take_line, tap, NULL, &status, deadline_in(p->timeout),
                    &local)) {
        tap_end(tap, status, NULL);
        return TRUE;
    }
    tap_end(tap, -1, local->message);
    if (g_error_matches(local, HARNESS_ERROR, HARNESS_ERROR_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return TRUE;
}
