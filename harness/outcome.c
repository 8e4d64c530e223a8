/* SPDX-License-Identifier: MIT */
/* One program's outcome. */
#include "harness/outcome.h"

#include <string.h>

#include "harness/repeat.h"

struct outcome *outcome_new(const struct test_run *run)
{
    struct outcome *o = g_new0(struct outcome, 1);
    o->run = *run;
    o->files = g_ptr_array_new_with_free_func(g_free);
    tap_init(&o->tap, run->program->id);
    marks_init(&o->marks);
    return o;
}

void outcome_free(struct outcome *o)
{
    if (o) {
        tap_clear(&o->tap);
        marks_clear(&o->marks);
        g_ptr_array_unref(o->files);
        g_free(o->log);
        g_free(o->console);
        g_free(o);
    }
}

enum tap_result outcome_verdict(const struct outcome *o)
{
    return tap_count(&o->tap, TAP_FAIL)   ? TAP_FAIL
           : tap_count(&o->tap, TAP_PASS) ? TAP_PASS
                                          : TAP_SKIP;
}

char *outcome_title(const struct test_run *run)
{
    return run->rounds > 1 ? g_strdup_printf("%s (%u of %u)", run->program->id,
                                             run->round, run->rounds)
                           : g_strdup(run->program->id);
}

char *outcome_reproduce(const struct outcome *o, const struct tap_case *failed)
{
    g_autofree char *name =
        selection_name(o->run.program, failed ? failed->name : NULL);
    g_autofree char *word = repeat_word(name);
    const char *command = o->run.command;
    return g_strconcat(command ? command : "./evtpm test", " ", word, NULL);
}

static gboolean has_result(const struct tap *tap, const char *name)
{
    for (guint i = 0; i < tap->cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(tap->cases, i);
        if (strcmp(c->name, name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The failure that is not any case's own, if there is one. */
static struct tap_case *nameless(const struct tap *tap)
{
    static const char *const names[] = { "bail out", "run", "plan", "exit" };
    for (guint n = 0; n < G_N_ELEMENTS(names); n++) {
        for (guint i = 0; i < tap->cases->len; i++) {
            struct tap_case *c = g_ptr_array_index(tap->cases, i);
            if (c->result == TAP_FAIL && strcmp(c->name, names[n]) == 0) {
                return c;
            }
        }
    }
    return NULL;
}

static void note_missing(struct tap_case *failed, guint missing)
{
    if (missing) {
        char *more = g_strdup_printf("%s%u further %s did not run\n",
                                     failed->output ? failed->output : "",
                                     missing, missing == 1 ? "case" : "cases");
        g_free(failed->output);
        failed->output = more;
    }
}

void outcome_name_unfinished(struct outcome *o, const GPtrArray *cases)
{
    struct tap_case *failed = nameless(&o->tap);
    /* those that were asked for ran in the order in which they were */
    GStrv only = o->run.program->cases;
    guint count = only ? g_strv_length(only) : cases->len;
    const char *first = NULL;
    guint missing = 0;
    for (guint i = 0; failed && i < count; i++) {
        const char *name = only ? only[i] : g_ptr_array_index(cases, i);
        if (!has_result(&o->tap, name)) {
            missing += first != NULL;
            first = first ? first : name;
        }
    }
    if (first) {
        g_free(failed->name);
        failed->name = g_strdup(first);
        note_missing(failed, missing);
    }
}
