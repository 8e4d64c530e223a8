/* SPDX-License-Identifier: MIT */
/* One outcome as TAP 14. */
#include <string.h>

#include "harness/failure.h"
#include "harness/show.h"

/* A description ends at its line; "#" begins a directive, so it is escaped. */
static char *description(const char *text)
{
    GString *s = g_string_new(NULL);
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    for (const char *p = valid; *p; p++) {
        if (*p == '#' || *p == '\\') {
            g_string_append_c(s, '\\');
        }
        g_string_append_c(s, (guchar)*p < 0x20 ? ' ' : *p);
    }
    return g_string_free(s, FALSE);
}

/* A double-quoted YAML scalar. */
static void add_scalar(FILE *out, const char *name, const char *text)
{
    if (!text || !*text) {
        return;
    }
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    fprintf(out, "  %s: \"", name);
    for (const char *p = valid; *p; p++) {
        if (*p == '"' || *p == '\\') {
            fprintf(out, "\\%c", *p);
        } else if (*p == '\n') {
            fputs("\\n", out);
        } else if ((guchar)*p < 0x20 || *p == 0x7f) {
            fprintf(out, "\\x%02x", (guchar)*p);
        } else {
            fputc(*p, out);
        }
    }
    fputs("\"\n", out);
}

static void add_diagnosis(FILE *out, const struct outcome *o,
                          const struct tap_case *c)
{
    struct failure f;
    failure_parse(c->reason ? c->reason : "", &f);
    g_autofree char *command = outcome_reproduce(o, c);
    fputs("  ---\n", out);
    add_scalar(out, "message", f.text);
    add_scalar(out, "step", c->step);
    add_scalar(out, "expected", f.expected);
    add_scalar(out, "seen", f.seen);
    add_scalar(out, "at", f.place);
    add_scalar(out, "output", c->output);
    add_scalar(out, "console", o->console);
    add_scalar(out, "log", o->log);
    add_scalar(out, "reproduce", command);
    fputs("  ...\n", out);
    failure_clear(&f);
}

void show_tap_outcome(FILE *out, const struct outcome *o, unsigned *number)
{
    g_autofree char *title = outcome_title(&o->run);
    for (guint i = 0; i < o->tap.cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(o->tap.cases, i);
        g_autofree char *name = description(c->name);
        g_autofree char *reason = description(c->reason);
        fprintf(out, "%s %u - %s: %s", c->result == TAP_FAIL ? "not ok" : "ok",
                ++*number, title, name);
        if (c->result == TAP_SKIP) {
            fprintf(out, " # SKIP %s", reason);
        }
        fputc('\n', out);
        if (c->result == TAP_FAIL) {
            add_diagnosis(out, o, c);
        }
    }
    fprintf(out, "# %s: %.1f s\n", title, o->seconds);
}
