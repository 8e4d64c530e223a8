/* SPDX-License-Identifier: MIT */
/* TAP parser, versions 12 to 14 without subtests' verdicts (indented lines are
 * output). */
#include "harness/tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/process.h"

static void case_free(void *data)
{
    struct tap_case *c = data;
    g_free(c->name);
    g_free(c->reason);
    g_free(c->output);
    g_free(c->step);
    g_free(c);
}

void tap_init(struct tap *tap, const char *program)
{
    *tap = (struct tap){ .program = g_strdup(program),
                         .plan = -1,
                         .last = g_get_monotonic_time() };
    tap->cases = g_ptr_array_new_with_free_func(case_free);
    g_queue_init(&tap->recent);
}

void tap_clear(struct tap *tap)
{
    g_free(tap->program);
    g_ptr_array_unref(tap->cases);
    g_queue_clear_full(&tap->recent, g_free);
}

static char *take_recent(struct tap *tap)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char *line;
    while ((line = g_queue_pop_head(&tap->recent))) {
        g_string_append_printf(text, "%s\n", line);
        g_free(line);
    }
    return g_strdup(text->str);
}

static void add_output(struct tap_case *c, const char *more)
{
    char *whole = g_strconcat(c->output ? c->output : "", more, NULL);
    g_free(c->output);
    c->output = whole;
}

/* GLib's programs explain a failure before they say so, scripts afterwards. */
static void explain_previous(struct tap *tap, const char *output)
{
    struct tap_case *last =
        tap->cases->len ? g_ptr_array_index(tap->cases, tap->cases->len - 1)
                        : NULL;
    if (last && last->result == TAP_FAIL && *output) {
        add_output(last, output);
    }
}

static struct tap_case *add_case(struct tap *tap, enum tap_result result,
                                 const char *name, const char *reason)
{
    struct tap_case *c = g_new0(struct tap_case, 1);
    g_autofree char *output = take_recent(tap);
    explain_previous(tap, output);
    c->result = result;
    c->name = g_strdup(name);
    c->reason = g_strdup(reason);
    c->output = result == TAP_FAIL ? g_steal_pointer(&output) : NULL;
    gint64 now = g_get_monotonic_time();
    c->seconds = (double)(now - tap->last) / 1e6;
    tap->last = now;
    g_ptr_array_add(tap->cases, c);
    return c;
}

static void parse_plan(struct tap *tap, const char *line)
{
    int plan = atoi(line + 3);
    const char *hash = strchr(line, '#');
    if (tap->plan >= 0) {
        add_case(tap, TAP_FAIL, "plan", "a second plan");
        return;
    }
    tap->plan = plan;
    if (plan == 0) {
        const char *reason = hash ? hash + 1 : "";
        reason += strspn(reason, " ");
        if (g_ascii_strncasecmp(reason, "skip", 4) == 0) {
            reason += 4;
        }
        tap->skip_all = TRUE;
        add_case(tap, TAP_SKIP, "all", reason + strspn(reason, " "));
    }
}

/* GLib's programs say "/path - reason" of what failed: cuts it off the name. */
static char *take_reason(char *name)
{
    char *dash = *name == '/' ? strstr(name, " - ") : NULL;
    if (!dash) {
        return NULL;
    }
    *dash = '\0';
    return g_strdup(dash + 3);
}

static void parse_result(struct tap *tap, const char *line)
{
    gboolean ok = g_str_has_prefix(line, "ok");
    const char *p = line + (ok ? 2 : 6);
    p += strspn(p, " ");
    const char *number = p;
    p += strspn(p, "0123456789");
    g_autofree char *digits = g_strndup(number, (gsize)(p - number));
    p += strspn(p, " ");
    if (p[0] == '-' && p[1] == ' ') {
        p += 2;
    }
    /* a directive is "# SKIP" or "# TODO"; any other # belongs to the name */
    const char *directive = NULL;
    for (const char *h = strchr(p, '#'); h && !directive;
         h = strchr(h + 1, '#')) {
        const char *word = h + 1 + strspn(h + 1, " ");
        if (h > p && h[-1] == '\\') {
            continue; /* escaped: part of the name */
        }
        if (g_ascii_strncasecmp(word, "skip", 4) == 0 ||
            g_ascii_strncasecmp(word, "todo", 4) == 0) {
            directive = h;
        }
    }
    g_autofree char *name =
        directive ? g_strndup(p, (gsize)(directive - p)) : g_strdup(p);
    g_strstrip(name);
    g_autofree char *why = ok ? NULL : take_reason(name);
    const char *word =
        directive ? directive + 1 + strspn(directive + 1, " ") : "";
    gboolean todo = g_ascii_strncasecmp(word, "todo", 4) == 0;
    tap->results++;
    /* a known failure counts as skipped; one that passes is no longer known */
    enum tap_result result = directive && !todo ? TAP_SKIP
                             : todo && !ok      ? TAP_SKIP
                             : ok               ? TAP_PASS
                                                : TAP_FAIL;
    if (!ok && directive && !todo) {
        result = TAP_FAIL;
    }
    add_case(tap, result, *name ? name : digits,
             directive ? word + 4 + strspn(word + 4, " ") : why);
}

static gboolean is_result(const char *line)
{
    return (g_str_has_prefix(line, "ok") && (!line[2] || line[2] == ' ')) ||
           (g_str_has_prefix(line, "not ok") && (!line[6] || line[6] == ' '));
}

/* What says nothing about a failure. */
static gboolean is_noise(const char *line)
{
    return g_str_has_prefix(line, "TAP version ") ||
           g_str_has_prefix(line, "# random seed: ") ||
           g_str_has_prefix(line, "# Start of ") ||
           g_str_has_prefix(line, "# End of ");
}

/* GLib says "**" and the reason on standard error, too. */
static void forget_assertion(struct tap *tap, const char *why)
{
    const char *last = g_queue_peek_tail(&tap->recent);
    if (last && strcmp(last, why) == 0) {
        g_free(g_queue_pop_tail(&tap->recent));
        last = g_queue_peek_tail(&tap->recent);
        if (last && strcmp(last, "**") == 0) {
            g_free(g_queue_pop_tail(&tap->recent));
        }
    }
}

void tap_line(struct tap *tap, const char *line)
{
    if (g_str_has_prefix(line, "1..") && g_ascii_isdigit(line[3])) {
        parse_plan(tap, line);
    } else if (is_result(line)) {
        parse_result(tap, line);
    } else if (g_str_has_prefix(line, "Bail out!")) {
        const char *why = line + strlen("Bail out!");
        why += strspn(why, " ");
        forget_assertion(tap, why);
        add_case(tap, TAP_FAIL, "bail out", why);
        tap->bailed = TRUE;
    } else if (!is_noise(line)) {
        g_autofree char *valid = g_utf8_make_valid(line, -1);
        g_queue_push_tail(&tap->recent, g_steal_pointer(&valid));
        if (g_queue_get_length(&tap->recent) > TAP_OUTPUT_LINES) {
            g_free(g_queue_pop_head(&tap->recent));
        }
    }
}

/* What is printed after the last result explains a failure, if there was one.
 */
static void explain_last(struct tap *tap)
{
    for (guint i = tap->cases->len; i > 0; i--) {
        struct tap_case *c = g_ptr_array_index(tap->cases, i - 1);
        if (c->result == TAP_FAIL) {
            g_autofree char *more = take_recent(tap);
            add_output(c, more);
            return;
        }
    }
}

void tap_end(struct tap *tap, int status, const char *why)
{
    tap->finished = TRUE;
    if (why) {
        add_case(tap, TAP_FAIL, "run", why);
        return;
    }
    explain_last(tap);
    if (tap->bailed) {
        return; /* that is why the rest is missing */
    }
    if (tap->plan < 0) {
        g_autofree char *how =
            WIFSIGNALED(status) ? process_status_text(status) : NULL;
        g_autofree char *text =
            g_strconcat("no plan: the program did not finish",
                        how ? ", ended with " : NULL, how, NULL);
        add_case(tap, TAP_FAIL, "plan", text);
    } else if (!tap->skip_all && tap->results != (unsigned)tap->plan) {
        g_autofree char *text = g_strdup_printf(
            "%d tests were planned, %u gave a result", tap->plan, tap->results);
        add_case(tap, TAP_FAIL, "plan", text);
    }
    /* GLib's programs and ours end with 0 when all is well; 77 says "skipped"
     */
    gboolean bad =
        !WIFEXITED(status) || (WEXITSTATUS(status) != 0 &&
                               !(WEXITSTATUS(status) == 77 && tap->skip_all));
    if (bad && tap_count(tap, TAP_FAIL) == 0) {
        g_autofree char *how = process_status_text(status);
        g_autofree char *text = g_strdup_printf("ended with %s", how);
        add_case(tap, TAP_FAIL, "exit", text);
    }
}

unsigned tap_count(const struct tap *tap, enum tap_result result)
{
    unsigned n = 0;
    for (guint i = 0; i < tap->cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(tap->cases, i);
        n += c->result == result;
    }
    return n;
}
