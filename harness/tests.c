/* SPDX-License-Identifier: MIT */
/* Finding, selecting and running test programs. */
#include "harness/tests.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/needs.h"
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
    g_free(p->source);
    g_free(p->about);
    g_strfreev(p->needs);
    g_free(p);
}

/* SOURCE/STEM.c, if it is there. */
static char *source_file(const struct tests *t, const char *stem)
{
    g_autofree char *name = g_strconcat(stem, ".c", NULL);
    char *path = g_build_filename(t->source, name, NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

/* What the source says, and what every test of the group needs. */
static void describe(struct test_program *p, const char *need)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) own = NULL;
    if (p->source) {
        g_file_get_contents(p->source, &text, NULL, NULL);
    }
    needs_parse(text ? text : "", &p->about, &own);
    g_autoptr(GStrvBuilder) b = g_strv_builder_new();
    if (need) {
        g_strv_builder_add(b, need);
    }
    g_strv_builder_addv(b, (const char **)own);
    p->needs = g_strv_builder_end(b);
}

/* Takes `path` and `source`. */
static void add_program(struct tests *t, const char *group, const char *name,
                        char *path, char *source, const char *argument,
                        unsigned timeout)
{
    struct test_program *p = g_new0(struct test_program, 1);
    p->id = g_strdup_printf("%s/%s", group, name);
    p->path = path;
    p->argument = g_strdup(argument);
    g_autofree char *base = g_path_get_basename(path);
    p->glib =
        !g_str_has_suffix(path, ".sh") && !g_str_has_prefix(base, "fuzz_");
    p->timeout = timeout;
    p->source = source;
    describe(p, strcmp(group, "guest") == 0 ? "emulator"
                : strcmp(group, "e2e") == 0 ? "vm"
                                            : NULL);
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
        char *source = script ? g_strdup(path) : source_file(t, *w);
        add_program(t, group, name, path, source, NULL, timeout);
    }
}

/* Guests that end in many ways are one source: NAME is PROGRAM or PROGRAM-WAY.
 */
static char *guest_source(const struct tests *t, const char *name)
{
    g_autofree char *whole = g_strconcat("tests/guest/", name, NULL);
    char *source = source_file(t, whole);
    char *dash = strchr(whole, '-');
    if (!source && dash) {
        *dash = '\0';
        source = source_file(t, whole);
    }
    return source;
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
                guest_source(t, field[0]), field[0], limit + 30);
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
