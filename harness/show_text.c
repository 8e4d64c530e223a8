/* SPDX-License-Identifier: MIT */
/* One outcome for people. */
#include <string.h>

#include "harness/failure.h"
#include "harness/show.h"

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

/* Control characters of a test's output must not reach the terminal. */
static char *printable(const char *text)
{
    char *copy = g_utf8_make_valid(text ? text : "", -1);
    for (char *p = copy; *p; p++) {
        if (((guchar)*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f) {
            *p = ' ';
        }
    }
    return copy;
}

/* "       TITLE      text", further lines below the first. */
static void print_detail(FILE *out, const char *title, const char *text)
{
    g_autofree char *clean = printable(text);
    g_auto(GStrv) lines = g_strsplit(g_strchomp(clean), "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line) {
            fprintf(out, "       %-10s %s\n", title, *line);
            title = "";
        }
    }
}

static void print_failure(FILE *out, gboolean colour, const struct outcome *o,
                          const struct tap_case *c)
{
    struct failure f;
    failure_parse(c->reason ? c->reason : "", &f);
    g_autofree char *name = printable(c->name);
    g_autofree char *command = outcome_reproduce(o, c);
    fprintf(out, "  %sFAIL%s %s: %s\n", colour ? RED : "", colour ? PLAIN : "",
            o->tap.program, name);
    print_detail(out, "step", c->step);
    if (f.expected && f.seen) {
        print_detail(out, "expected", f.expected);
        print_detail(out, "seen", f.seen);
    }
    print_detail(out, f.condition ? "condition" : "because",
                 f.condition ? f.condition : f.text);
    print_detail(out, "at", f.place);
    print_detail(out, "output", c->output);
    print_detail(out, "reproduce:", command);
    failure_clear(&f);
}

static void print_cases(FILE *out, gboolean colour, const struct outcome *o)
{
    for (guint i = 0; i < o->tap.cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(o->tap.cases, i);
        g_autofree char *name = printable(c->name);
        g_autofree char *reason = printable(c->reason);
        if (c->result == TAP_FAIL) {
            print_failure(out, colour, o, c);
        } else if (c->result == TAP_SKIP) {
            fprintf(out, "  skip %s: %s%s%s\n", o->tap.program, name,
                    *reason ? ": " : "", reason);
        }
    }
}

void show_text_outcome(FILE *out, gboolean colour, const struct outcome *o)
{
    static const char *const word[] = {
        [TAP_PASS] = "ok", [TAP_FAIL] = "FAIL", [TAP_SKIP] = "skip"
    };
    static const char *const paint[] = {
        [TAP_PASS] = GREEN, [TAP_FAIL] = RED, [TAP_SKIP] = YELLOW
    };
    enum tap_result verdict = outcome_verdict(o);
    unsigned failed = tap_count(&o->tap, TAP_FAIL);
    unsigned skipped = tap_count(&o->tap, TAP_SKIP);
    g_autofree char *title = outcome_title(&o->run);
    fprintf(out, "%s%-4s%s %-32s %3u passed", colour ? paint[verdict] : "",
            word[verdict], colour ? PLAIN : "", title,
            tap_count(&o->tap, TAP_PASS));
    if (failed) {
        fprintf(out, ", %u failed", failed);
    }
    if (skipped) {
        fprintf(out, ", %u skipped", skipped);
    }
    fprintf(out, "  [%.1f s]\n", o->seconds);
    print_cases(out, colour, o);
    if (failed) {
        print_detail(out, "console", o->console);
        print_detail(out, "log", o->log);
    }
}
