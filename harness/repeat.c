/* SPDX-License-Identifier: MIT */
/* Environment and options become a command line. */
#include "harness/repeat.h"

#include <string.h>

/* What a shell takes as it is needs no quotes. */
char *repeat_word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/:._-+=,@%";
    return *text && !text[strspn(text, plain)] ? g_strdup(text)
                                               : g_shell_quote(text);
}

/* Set by the runner for each program, or by ./evtpm to what it is anyway. */
static gboolean set_by_us(const char *variable, const char *build)
{
    g_autofree char *artifacts =
        g_strconcat("EVTPM_ARTIFACTS=", build, "/artifacts", NULL);
    return g_str_has_prefix(variable, "EVTPM_TEST_") ||
           strcmp(variable, artifacts) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_environment(GString *s, const char *const *environ,
                            const char *build)
{
    g_autoptr(GPtrArray) ours = g_ptr_array_new();
    for (const char *const *e = environ; *e; e++) {
        if (g_str_has_prefix(*e, "EVTPM_") && strchr(*e, '=') &&
            !set_by_us(*e, build)) {
            g_ptr_array_add(ours, (void *)*e);
        }
    }
    g_ptr_array_sort(ours, by_name);
    for (guint i = 0; i < ours->len; i++) {
        const char *variable = g_ptr_array_index(ours, i);
        const char *value = strchr(variable, '=') + 1;
        g_autofree char *word = *value ? repeat_word(value) : g_strdup("");
        g_string_append_len(s, variable, value - variable);
        g_string_append_printf(s, "%s ", word);
    }
}

static void add_options(GString *s, const GOptionEntry *entries,
                        const char *const *own)
{
    for (const GOptionEntry *e = entries; e->long_name; e++) {
        const char *value =
            e->arg == G_OPTION_ARG_STRING ? *(char **)e->arg_data : NULL;
        if (value && !g_strv_contains(own, e->long_name)) {
            g_autofree char *word = repeat_word(value);
            g_string_append_printf(s, " --%s=%s", e->long_name, word);
        }
    }
}

char *repeat_command(const GOptionEntry *entries, const char *const *own,
                     const char *const *environ, const char *build)
{
    GString *s = g_string_new(NULL);
    add_environment(s, environ, build);
    g_string_append(s, "./evtpm test");
    add_options(s, entries, own);
    return g_string_free(s, FALSE);
}
