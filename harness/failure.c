/* SPDX-License-Identifier: MIT */
/* Taking GLib's assertion messages apart. */
#include "harness/failure.h"

#include <string.h>

#define ASSERTION "assertion failed"

/* "ERROR:FILE:LINE:FUNCTION: REST" (a log domain may stand before): the rest,
 * or NULL. */
static const char *take_place(const char *message, struct failure *f)
{
    const char *start = strstr(message, "ERROR:");
    if (!start) {
        return NULL;
    }
    start += strlen("ERROR:");
    const char *line = strchr(start, ':');
    const char *function = line ? strchr(line + 1, ':') : NULL;
    const char *rest = function ? strstr(function + 1, ": ") : NULL;
    if (!rest || !g_ascii_isdigit(line[1])) {
        return NULL;
    }
    while (g_str_has_prefix(start, "../")) {
        start += 3;
    }
    f->place = g_strdup_printf("%.*s, %.*s()", (int)(function - start), start,
                               (int)(rest - function - 1), function + 1);
    return rest + 2;
}

/* The end of what the parenthesis at `open` encloses, strings skipped. */
static const char *matching(const char *open)
{
    int depth = 0;
    gboolean quoted = FALSE;
    for (const char *p = open; *p; p++) {
        if (quoted && *p == '\\' && p[1]) {
            p++;
        } else if (quoted) {
            quoted = *p != '"';
        } else if (*p == '"') {
            quoted = TRUE;
        } else if (*p == '(') {
            depth++;
        } else if (*p == ')' && --depth == 0) {
            return p;
        }
    }
    return NULL;
}

/* The operator between the values, outside of strings. */
static const char *find_operator(const char *text, const char *end, gsize *size)
{
    static const char *const operators[] = { " == ", " != ", " <= ",
                                             " >= ", " < ",  " > " };
    gboolean quoted = FALSE;
    for (const char *p = text; p < end; p++) {
        if (quoted && *p == '\\' && p[1]) {
            p++;
            continue;
        }
        if (quoted) {
            quoted = *p != '"';
            continue;
        }
        quoted = *p == '"';
        for (gsize i = 0; i < G_N_ELEMENTS(operators); i++) {
            if (g_str_has_prefix(p, operators[i])) {
                *size = strlen(operators[i]);
                return p;
            }
        }
    }
    return NULL;
}

static void take_values(const char *open, struct failure *f)
{
    const char *end = matching(open);
    gsize size = 0;
    const char *op = end ? find_operator(open + 1, end, &size) : NULL;
    if (op) {
        f->seen = g_strndup(open + 1, (gsize)(op - open - 1));
        f->expected = g_strndup(op + 1, (gsize)(end - op - 1));
    }
}

void failure_parse(const char *message, struct failure *f)
{
    *f = (struct failure){ 0 };
    const char *rest = take_place(message, f);
    rest = rest ? rest : message;
    const char *assertion = strstr(rest, ASSERTION);
    const char *open = assertion ? strchr(assertion, '(') : NULL;
    const char *close = open ? matching(open) : NULL;
    if (assertion == rest && close) {
        f->condition = g_strndup(open + 1, (gsize)(close - open - 1));
        if (g_str_has_prefix(close, "): (")) {
            take_values(close + 3, f);
        } else if (g_str_has_prefix(close, "): ")) {
            f->expected = g_strdup(f->condition);
            f->seen = g_strdup(close + 3);
        }
    }
    f->text = g_strdup(rest);
}

void failure_clear(struct failure *f)
{
    g_free(f->place);
    g_free(f->condition);
    g_free(f->expected);
    g_free(f->seen);
    g_free(f->text);
    *f = (struct failure){ 0 };
}
