/* SPDX-License-Identifier: MIT */
/* Stages of a command, for people and for machines. */
#include "harness/report.h"

#include <unistd.h>

struct report {
    char *command;
    FILE *out;
    gboolean terminal;
    gint64 start;
    gint64 stage_start;
    char *title;
    JsonArray *stages;
    JsonObject *stage; /* NULL: none open */
    JsonObject *facts;
    GString *lines; /* facts of the open stage, as they will be printed */
};

struct report *report_new(const char *command, FILE *out)
{
    struct report *r = g_new0(struct report, 1);
    r->command = g_strdup(command);
    r->out = out;
    r->terminal = out && isatty(fileno(out));
    r->start = g_get_monotonic_time();
    r->stages = json_array_new();
    r->lines = g_string_new(NULL);
    return r;
}

void report_free(struct report *r)
{
    if (r) {
        g_free(r->command);
        g_free(r->title);
        g_clear_pointer(&r->stage, json_object_unref);
        json_array_unref(r->stages);
        g_string_free(r->lines, TRUE);
        g_free(r);
    }
}

double report_seconds(const struct report *r)
{
    return (double)(g_get_monotonic_time() - r->start) / 1e6;
}

void report_begin(struct report *r, const char *id, const char *title)
{
    g_free(r->title);
    r->title = g_strdup(title);
    r->stage_start = g_get_monotonic_time();
    g_clear_pointer(&r->stage, json_object_unref);
    r->stage = json_object_new();
    json_object_set_string_member(r->stage, "id", id);
    json_object_set_string_member(r->stage, "title", title);
    r->facts = json_object_new();
    json_object_set_object_member(r->stage, "facts", r->facts);
    g_string_truncate(r->lines, 0);
    if (r->terminal) {
        fprintf(r->out, "  ...  %s", title);
        fflush(r->out);
    }
}

void report_fact(struct report *r, const char *key, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    if (r->stage) {
        json_object_set_string_member(r->facts, key, text);
        g_string_append_printf(r->lines, "      %-18s %s\n", key, text);
    }
}

void report_data(struct report *r, const char *key, const char *text)
{
    if (r->stage) {
        json_object_set_string_member(r->facts, key, text);
    }
}

gboolean report_end(struct report *r, gboolean ok, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *summary = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    double seconds = (double)(g_get_monotonic_time() - r->stage_start) / 1e6;
    json_object_set_boolean_member(r->stage, "ok", ok);
    json_object_set_double_member(r->stage, "seconds", seconds);
    json_object_set_string_member(r->stage, "summary", summary);
    json_array_add_object_element(r->stages, g_steal_pointer(&r->stage));
    if (r->out) {
        const char *mark = ok ? "ok  " : "FAIL";
        const char *colour = !r->terminal ? "" : ok ? "\033[32m" : "\033[31m";
        fprintf(r->out, "%s%s%s%s  %s%s%s  [%.1f s]\n%s",
                r->terminal ? "\r\033[K" : "", colour, mark,
                r->terminal ? "\033[0m" : "", r->title, *summary ? ": " : "",
                summary, seconds, r->lines->str);
        fflush(r->out);
    }
    return ok;
}

void report_fail(struct report *r, const GError *error)
{
    if (r->stage) {
        report_end(r, FALSE, "%s", error ? error->message : "failed");
    }
}

char *report_json(struct report *r, gboolean ok)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "command", r->command);
    json_object_set_boolean_member(o, "ok", ok);
    json_object_set_double_member(o, "seconds", report_seconds(r));
    json_object_set_array_member(o, "stages", json_array_ref(r->stages));
    json_node_take_object(root, o);
    return json_to_string(root, TRUE);
}
