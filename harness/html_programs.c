/* SPDX-License-Identifier: MIT */
/* The report's programs: what failed, and all of them with their times. */
#include <string.h>

#include "harness/html.h"
#include "harness/markup.h"
#include "harness/results.h"

static gboolean failed(JsonObject *o)
{
    return strcmp(results_string(o, "verdict"), "failed") == 0;
}

static void add_block(GString *out, const char *title, const char *tag,
                      const char *text)
{
    if (*text) {
        html_element(out, "dt", NULL, title);
        g_string_append(out, "<dd>");
        html_element(out, tag, NULL, text);
        g_string_append(out, "</dd>\n");
    }
}

static void add_logs(GString *out, JsonObject *program)
{
    const char *log = results_string(program, "log");
    g_autoptr(JsonArray) files = results_array(program, "files");
    if (*log) {
        html_link(out, log, "output");
    }
    for (guint i = 0; i < json_array_get_length(files); i++) {
        const char *path = json_array_get_string_element(files, i);
        g_autofree char *name = g_path_get_basename(path);
        g_string_append(out, *log || i ? " · " : "");
        html_link(out, path, name);
    }
}

static void add_failure(GString *out, JsonObject *program, JsonObject *c)
{
    g_string_append(out, "<article class=\"failure\">\n<h3>");
    markup_text(out, results_string(program, "name"));
    g_string_append(out, " ");
    html_element(out, "span", "case", results_string(c, "name"));
    g_string_append(out, "</h3>\n<dl>\n");
    add_block(out, "Step", "span", results_string(c, "step"));
    add_block(out, "Expected", "code", results_string(c, "expected"));
    add_block(out, "Seen", "code", results_string(c, "seen"));
    add_block(out, "Message", "span", results_string(c, "message"));
    add_block(out, "Place", "code", results_string(c, "place"));
    add_block(out, "Output", "pre", results_string(c, "output"));
    add_block(out, "Console", "pre", results_string(program, "console"));
    add_block(out, "Reproduce", "code", results_string(c, "reproduce"));
    g_string_append(out, "<dt>Logs</dt><dd>");
    add_logs(out, program);
    g_string_append(out, "</dd>\n</dl>\n</article>\n");
}

void html_failures(GString *out, JsonArray *programs)
{
    gboolean any = FALSE;
    for (guint i = 0; i < json_array_get_length(programs); i++) {
        JsonObject *p = json_array_get_object_element(programs, i);
        g_autoptr(JsonArray) cases = results_array(p, "cases");
        for (guint k = 0; k < json_array_get_length(cases); k++) {
            JsonObject *c = json_array_get_object_element(cases, k);
            if (failed(c)) {
                g_string_append(out,
                                any ? "" : "<section>\n<h2>What failed</h2>\n");
                any = TRUE;
                add_failure(out, p, c);
            }
        }
    }
    g_string_append(out, any ? "</section>\n" : "");
}

static void add_case(GString *out, JsonObject *c)
{
    g_autofree char *took = html_seconds(results_seconds(c));
    g_string_append(out, "<tr>");
    html_element(out, "td", results_string(c, "verdict"),
                 results_string(c, "verdict"));
    html_element(out, "td", "name", results_string(c, "name"));
    html_element(out, "td", "number", took);
    html_element(out, "td", "reason",
                 failed(c) ? results_string(c, "message")
                           : results_string(c, "reason"));
    g_string_append(out, "</tr>\n");
}

static void add_bar(GString *out, JsonObject *p, double longest)
{
    double seconds = results_seconds(p);
    g_autofree char *took = html_seconds(seconds);
    char width[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(width, sizeof(width), "%.2f",
                    longest > 0 ? 100 * seconds / longest : 0);
    g_string_append_printf(out,
                           "<span class=\"bar\"><i style=\"width:%s%%\"></i>"
                           "</span><span class=\"number\">%s</span>",
                           width, took);
}

static void add_program(GString *out, JsonObject *p, double longest)
{
    const char *verdict = results_string(p, "verdict");
    g_autoptr(JsonArray) cases = results_array(p, "cases");
    guint count = json_array_get_length(cases);
    g_string_append(out, "<details><summary>");
    html_element(out, "span", verdict, verdict);
    g_string_append(out, "<span class=\"what\">");
    html_element(out, "b", NULL, results_string(p, "name"));
    if (results_number(p, "round") > 1) {
        g_string_append_printf(out, " (%d)", (int)results_number(p, "round"));
    }
    html_element(out, "small", NULL, results_string(p, "about"));
    g_string_append_printf(out, "</span><span class=\"number\">%u %s</span>",
                           count, count == 1 ? "case" : "cases");
    add_bar(out, p, longest);
    g_string_append(out, "</summary>\n<table>\n");
    for (guint i = 0; i < count; i++) {
        add_case(out, json_array_get_object_element(cases, i));
    }
    g_string_append(out, "</table>\n<p>");
    add_logs(out, p);
    g_string_append(out, "</p></details>\n");
}

static double longest_of(JsonArray *programs)
{
    double longest = 0;
    for (guint i = 0; i < json_array_get_length(programs); i++) {
        JsonObject *p = json_array_get_object_element(programs, i);
        longest = MAX(longest, results_seconds(p));
    }
    return longest;
}

static void add_group(GString *out, JsonArray *programs, const char *prefix,
                      const char *title)
{
    double longest = longest_of(programs);
    gboolean any = FALSE;
    for (guint i = 0; i < json_array_get_length(programs); i++) {
        JsonObject *p = json_array_get_object_element(programs, i);
        if (g_str_has_prefix(results_string(p, "name"), prefix)) {
            if (!any) {
                html_element(out, "h3", NULL, title);
            }
            any = TRUE;
            add_program(out, p, longest);
        }
    }
}

void html_programs(GString *out, JsonArray *programs)
{
    g_string_append(out, "<section class=\"programs\">\n"
                         "<h2>Tests and their times</h2>\n");
    add_group(out, programs, "e2e/", "End to end: whole VMs");
    add_group(out, programs, "guest/", "Test guests: the emulated processor");
    add_group(out, programs, "unit/", "On the host: units and fuzzing");
    g_string_append(out, "</section>\n");
}
