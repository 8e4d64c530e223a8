/* SPDX-License-Identifier: MIT */
/* Patterns, repetition, order. */
#include "harness/selection.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness/process.h"

static gboolean matches(const char *name, const char *pattern)
{
    return strstr(name, pattern) || g_pattern_match_simple(pattern, name);
}

static void collect_line(const char *line, void *user)
{
    if (*line == '/') {
        g_ptr_array_add(user, g_strdup(line));
    }
}

GPtrArray *tests_cases(const struct test_program *p)
{
    const char *argv[] = { p->path, "-l", NULL };
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    int status;
    if (p->glib) {
        process_run(argv, NULL, NULL, FALSE, collect_line, lines, NULL, &status,
                    deadline_in(10), NULL);
    }
    return lines;
}

/* "PATH<TAB>WHY" */
static void collect_skip(const char *line, void *user)
{
    const char *tab = strchr(line, '\t');
    if (*line == '/' && tab) {
        g_ptr_array_add(user, g_strdup_printf("%.*s: %s", (int)(tab - line),
                                              line, tab + 1));
    }
}

GPtrArray *tests_skips(const struct test_program *p, enum platform platform)
{
    /* -l: whoever does not know --skips runs nothing either */
    const char *argv[] = { p->path, "-l", "--skips", NULL };
    g_autofree char *where =
        g_strconcat("EVTPM_TEST_PLATFORM=", platform_name(platform), NULL);
    const char *environ[] = { where, NULL };
    struct process_options options = { .environ = environ };
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    int status;
    if (p->glib && tests_is_scenario(p)) {
        process_run(argv, &options, NULL, FALSE, collect_skip, lines, NULL,
                    &status, deadline_in(10), NULL);
    }
    return lines;
}

/* What a pattern has selected so far: whole programs, or cases of them. */
struct choice {
    GHashTable *whole; /* struct test_program: all of it */
    GHashTable *cases; /* struct test_program -> GPtrArray of paths */
};

static void add_case(struct choice *c, struct test_program *p, const char *path)
{
    GPtrArray *list = g_hash_table_lookup(c->cases, p);
    if (!list) {
        list = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(c->cases, p, list);
    }
    if (!g_ptr_array_find_with_equal_func(list, path, g_str_equal, NULL)) {
        g_ptr_array_add(list, g_strdup(path));
    }
}

static struct test_program *by_id(const struct tests *t, const char *id)
{
    for (guint i = 0; i < t->programs->len; i++) {
        struct test_program *p = g_ptr_array_index(t->programs, i);
        if (strcmp(p->id, id) == 0) {
            return p;
        }
    }
    return NULL;
}

/* "ID:PATH" */
static gboolean choose_one_case(const struct tests *t, const char *pattern,
                                struct choice *c)
{
    const char *colon = strstr(pattern, ":/");
    g_autofree char *id =
        colon ? g_strndup(pattern, (gsize)(colon - pattern)) : NULL;
    struct test_program *p = id ? by_id(t, id) : NULL;
    if (!p || !p->glib) {
        return FALSE;
    }
    g_autoptr(GPtrArray) known = tests_cases(p);
    gsize size = strlen(colon + 1);
    gboolean any = FALSE;
    for (guint i = 0; i < known->len; i++) {
        const char *path = g_ptr_array_index(known, i);
        if (strncmp(path, colon + 1, size) == 0 &&
            (path[size] == '\0' || path[size] == '/')) {
            add_case(c, p, path);
            any = TRUE;
        }
    }
    return any;
}

static gboolean choose_programs(const struct tests *t, const char *pattern,
                                struct choice *c)
{
    gboolean any = FALSE;
    struct test_program *exact = by_id(t, pattern);
    if (exact) {
        g_hash_table_add(c->whole, exact);
        return TRUE;
    }
    for (guint i = 0; i < t->programs->len; i++) {
        struct test_program *p = g_ptr_array_index(t->programs, i);
        if (matches(p->id, pattern)) {
            g_hash_table_add(c->whole, p);
            any = TRUE;
        }
    }
    return any;
}

static gboolean choose_cases(const struct tests *t, const char *pattern,
                             struct choice *c)
{
    gboolean any = FALSE;
    for (guint i = 0; i < t->programs->len; i++) {
        struct test_program *p = g_ptr_array_index(t->programs, i);
        g_autoptr(GPtrArray) known = tests_cases(p);
        for (guint k = 0; k < known->len; k++) {
            const char *path = g_ptr_array_index(known, k);
            if (matches(path, pattern)) {
                add_case(c, p, path);
                any = TRUE;
            }
        }
    }
    return any;
}

static void keep_chosen(struct tests *t, const struct choice *c)
{
    for (guint i = t->programs->len; i > 0; i--) {
        struct test_program *p = g_ptr_array_index(t->programs, i - 1);
        GPtrArray *cases = g_hash_table_lookup(c->cases, p);
        if (g_hash_table_contains(c->whole, p)) {
            continue;
        }
        if (!cases) {
            g_ptr_array_remove_index(t->programs, i - 1);
            continue;
        }
        p->cases = g_new0(char *, cases->len + 1);
        for (guint k = 0; k < cases->len; k++) {
            p->cases[k] = g_strdup(g_ptr_array_index(cases, k));
        }
    }
}

gboolean tests_is_scenario(const struct test_program *p)
{
    return g_str_has_prefix(p->id, "e2e/");
}

void selection_scenarios(struct tests *t)
{
    for (guint i = t->programs->len; i > 0; i--) {
        if (!tests_is_scenario(g_ptr_array_index(t->programs, i - 1))) {
            g_ptr_array_remove_index(t->programs, i - 1);
        }
    }
}

gboolean selection_filter(struct tests *t, const char *const *patterns,
                          GError **error)
{
    struct choice c = {
        .whole = g_hash_table_new(NULL, NULL),
        .cases = g_hash_table_new_full(NULL, NULL, NULL,
                                       (GDestroyNotify)g_ptr_array_unref),
    };
    gboolean ok = TRUE;
    for (const char *const *p = patterns; ok && p && *p; p++) {
        ok = choose_one_case(t, *p, &c) || choose_programs(t, *p, &c) ||
             choose_cases(t, *p, &c) ||
             fail(error, HARNESS_ERROR_FAILED,
                  "no test matches \"%s\" (evtpm test --list has the names)",
                  *p);
    }
    if (ok && patterns && *patterns) {
        keep_chosen(t, &c);
    }
    g_hash_table_unref(c.whole);
    g_hash_table_unref(c.cases);
    return ok;
}

GArray *selection_runs(const struct tests *t, unsigned rounds)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(struct test_run));
    for (unsigned round = 1; round <= rounds; round++) {
        for (guint i = 0; i < t->programs->len; i++) {
            struct test_run run = { .program =
                                        g_ptr_array_index(t->programs, i),
                                    .round = round,
                                    .rounds = rounds };
            g_array_append_val(runs, run);
        }
    }
    return runs;
}

/* SplitMix64: each number from a counter, so that one seed is one sequence on
 * every machine. */
static guint64 next_random(guint64 *state)
{
    guint64 z = *state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void selection_shuffle(GArray *runs, guint64 seed)
{
    for (guint i = runs->len; i > 1; i--) {
        guint k = (guint)(next_random(&seed) % i);
        struct test_run *a = &g_array_index(runs, struct test_run, i - 1);
        struct test_run *b = &g_array_index(runs, struct test_run, k);
        struct test_run kept = *a;
        *a = *b;
        *b = kept;
    }
}

gboolean selection_seed(const char *text, guint64 *seed, GError **error)
{
    char *end;
    if (strcmp(text, "random") == 0) {
        guint64 state = (guint64)g_get_real_time() ^ ((guint64)getpid() << 40);
        *seed = next_random(&state) % 1000000;
        return TRUE;
    }
    errno = 0;
    *seed = g_ascii_strtoull(text, &end, 10);
    return (g_ascii_isdigit(*text) && !*end && !errno) ||
           fail(error, HARNESS_ERROR_USAGE,
                "bad seed \"%s\": a number, or random", text);
}

char *selection_name(const struct test_program *p, const char *case_name)
{
    return p->glib && case_name && *case_name == '/'
               ? g_strdup_printf("%s:%s", p->id, case_name)
               : g_strdup(p->id);
}
