/* SPDX-License-Identifier: MIT */
/* What is shown while tests run. */
#include "harness/show.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ERASE "\r\033[K"

struct running {
    struct test_run run;
    gint64 start;
};

void show_init(struct show *s, FILE *out, gboolean tap, unsigned total)
{
    const char *term = g_getenv("TERM");
    *s = (struct show){ .out = out, .tap = tap, .total = total };
    s->terminal = !tap && isatty(fileno(out)) && g_strcmp0(term, "dumb") != 0;
    s->colour = s->terminal && !g_getenv("NO_COLOR");
    s->running = g_ptr_array_new_with_free_func(g_free);
    if (tap) {
        fputs("TAP version 14\n", out);
    }
}

void show_clear(struct show *s)
{
    g_clear_pointer(&s->running, g_ptr_array_unref);
}

static void erase(const struct show *s)
{
    if (s->terminal) {
        fputs(ERASE, s->out);
    }
}

void show_begin(struct show *s, const struct test_run *run)
{
    struct running *r = g_new0(struct running, 1);
    r->run = *run;
    r->start = g_get_monotonic_time();
    g_ptr_array_add(s->running, r);
    show_tick(s);
}

static void forget(struct show *s, const struct test_run *run)
{
    for (guint i = 0; i < s->running->len; i++) {
        const struct running *r = g_ptr_array_index(s->running, i);
        if (r->run.program == run->program && r->run.round == run->round) {
            g_ptr_array_remove_index(s->running, i);
            return;
        }
    }
}

void show_end(struct show *s, const struct outcome *o)
{
    s->done++;
    s->failed += tap_count(&o->tap, TAP_FAIL);
    forget(s, &o->run);
    erase(s);
    if (s->tap) {
        show_tap_outcome(s->out, o, &s->number);
    } else {
        show_text_outcome(s->out, s->colour, o);
    }
    show_tick(s);
    fflush(s->out);
}

char *show_progress(const struct show *s, gint64 now, int width)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_printf(line, "[%u/%u]", s->done, s->total);
    if (s->failed) {
        g_string_append_printf(line, " %u failed", s->failed);
    }
    for (guint i = 0; i < s->running->len; i++) {
        const struct running *r = g_ptr_array_index(s->running, i);
        g_autofree char *title = outcome_title(&r->run);
        g_string_append_printf(line, "%s %s %d s", i ? "," : "", title,
                               (int)((now - r->start) / 1000000));
    }
    /* one more would begin another line, which nothing erases */
    return g_strndup(line->str, (gsize)MAX(width - 1, 1));
}

static int terminal_width(FILE *out)
{
    struct winsize size;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0
               ? size.ws_col
               : 80;
}

void show_tick(struct show *s)
{
    if (s->terminal && s->done < s->total) {
        g_autofree char *line =
            show_progress(s, g_get_monotonic_time(), terminal_width(s->out));
        fprintf(s->out, ERASE "%s", line);
        fflush(s->out);
    }
}

void show_remark(struct show *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    erase(s);
    fprintf(s->out, "%s%s\n", s->tap ? "# " : "", text);
    fflush(s->out);
}

void show_summary(struct show *s, const struct totals *t)
{
    erase(s);
    if (s->tap) {
        fprintf(s->out, "1..%u\n", s->number);
    }
    fprintf(s->out, "%s%u passed, %u failed, %u skipped\n", s->tap ? "# " : "",
            t->passed, t->failed, t->skipped);
    fflush(s->out);
}
