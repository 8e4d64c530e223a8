/* SPDX-License-Identifier: MIT */
/* The report's page: its head, what it says first and last. */
#include "harness/html.h"

#include <string.h>

#include "harness/markup.h"
#include "harness/results.h"

void html_element(GString *out, const char *tag, const char *class_name,
                  const char *text)
{
    g_string_append_printf(out, "<%s", tag);
    if (class_name) {
        markup_attribute(out, "class", class_name);
    }
    g_string_append_c(out, '>');
    markup_text(out, text);
    g_string_append_printf(out, "</%s>", tag);
}

char *html_seconds(double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    int whole = (int)(seconds + 0.5);
    if (whole >= 60) {
        return g_strdup_printf("%d min %d s", whole / 60, whole % 60);
    }
    g_ascii_formatd(text, sizeof(text), seconds < 0.1 ? "%.3f" : "%.1f",
                    seconds);
    return g_strconcat(text, " s", NULL);
}

void html_link(GString *out, const char *path, const char *text)
{
    /* no path can become a scheme or leave this machine */
    g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
    g_autofree char *target =
        g_strconcat(*path == '/' ? "file://" : "./", escaped, NULL);
    g_string_append(out, "<a");
    markup_attribute(out, "href", target);
    g_string_append_c(out, '>');
    markup_text(out, text);
    g_string_append(out, "</a>");
}

void html_svg_text(GString *out, int x, int y, const char *class_name,
                   const char *text)
{
    g_string_append_printf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y,
                           class_name);
    markup_text(out, text);
    g_string_append(out, "</text>\n");
}

void html_each(JsonArray *programs, const char *member, html_each_fn visit,
               void *user)
{
    for (guint i = 0; i < json_array_get_length(programs); i++) {
        JsonObject *p = json_array_get_object_element(programs, i);
        g_autoptr(JsonArray) list = results_array(p, member);
        for (guint k = 0; k < json_array_get_length(list); k++) {
            visit(p, json_array_get_object_element(list, k), user);
        }
    }
}

static void add_head(GString *out, const char *title)
{
    g_string_append(
        out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
             "charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" "
             "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
             "<meta name=\"viewport\" content=\"width=device-width\">\n");
    html_element(out, "title", NULL, title);
    g_string_append_printf(out, "\n<style>\n%s</style>\n</head>\n<body>\n",
                           html_style);
}

static void add_count(GString *out, JsonObject *r, const char *verdict)
{
    g_string_append_printf(out, "<div class=\"count %s\"><b>%d</b> %s</div>\n",
                           verdict, (int)results_number(r, verdict), verdict);
}

/* How the passed, failed and skipped share a line. */
static void add_share(GString *out, JsonObject *r)
{
    static const char *const verdicts[] = { "passed", "failed", "skipped" };
    g_string_append(out, "<div class=\"share\">");
    for (gsize i = 0; i < G_N_ELEMENTS(verdicts); i++) {
        int n = (int)results_number(r, verdicts[i]);
        if (n > 0) {
            g_string_append_printf(
                out, "<span class=\"%s\" style=\"flex-grow:%d\"></span>",
                verdicts[i], n);
        }
    }
    g_string_append(out, "</div>\n");
}

static void add_facts(GString *out, JsonObject *r)
{
    g_autofree char *took = html_seconds(results_seconds(r));
    g_autoptr(JsonArray) patterns = results_array(r, "patterns");
    g_string_append(out, "<p class=\"facts\">");
    markup_text(out, results_string(r, "started"));
    g_string_append_printf(out, " · %s · platform ", took);
    markup_text(out, results_string(r, "platform"));
    int jobs = (int)results_number(r, "jobs");
    g_string_append_printf(out, " · %d %s", jobs,
                           jobs == 1 ? "program at a time"
                                     : "programs side by side");
    if (json_object_has_member(r, "seed")) {
        g_string_append_printf(out, " · shuffled by seed %" G_GINT64_FORMAT,
                               json_object_get_int_member(r, "seed"));
    }
    for (guint i = 0; i < json_array_get_length(patterns); i++) {
        g_string_append(out, i ? ", " : " · only ");
        html_element(out, "code", NULL,
                     json_array_get_string_element(patterns, i));
    }
    g_string_append(out, "</p>\n");
}

static void add_summary(GString *out, JsonObject *r, const char *verdict)
{
    g_string_append(out, "<header>\n<h1>evtpm test ");
    html_element(out, "span", verdict, verdict);
    g_string_append(out, "</h1>\n<div class=\"counts\">\n");
    add_count(out, r, "passed");
    add_count(out, r, "failed");
    add_count(out, r, "skipped");
    g_string_append(out, "</div>\n");
    add_share(out, r);
    add_facts(out, r);
    g_string_append(out, "</header>\n");
    if (strcmp(verdict, "incomplete") == 0) {
        g_string_append(out, "<p class=\"warning\">The run was ended before "
                             "all tests had run.</p>\n");
    }
}

static void add_environment(GString *out, JsonObject *environment)
{
    g_autoptr(GList) names = json_object_get_members(environment);
    g_string_append(out, "<section>\n<h2>Environment</h2>\n<table>\n");
    for (const GList *l = names; l; l = l->next) {
        g_string_append(out, "<tr>");
        html_element(out, "th", NULL, l->data);
        html_element(out, "td", NULL, results_string(environment, l->data));
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</table>\n</section>\n");
}

char *html_page(JsonObject *r)
{
    GString *out = g_string_new(NULL);
    const char *verdict = results_string(r, "verdict");
    g_autofree char *title = g_strconcat("evtpm test: ", verdict, NULL);
    g_autoptr(JsonArray) programs = results_array(r, "programs");
    JsonNode *environment = json_object_get_member(r, "environment");
    add_head(out, title);
    add_summary(out, r, verdict);
    g_string_append(out, "<main>\n");
    html_failures(out, programs);
    html_boots(out, programs);
    html_chains(out, programs);
    html_pcrs(out, programs);
    html_programs(out, programs);
    if (environment && JSON_NODE_HOLDS_OBJECT(environment)) {
        add_environment(out, json_node_get_object(environment));
    }
    g_string_append(out, "</main>\n<footer>Made from ");
    html_link(out, "results.json", "results.json");
    g_string_append(out, " by evtpm. An emulated VM protects nothing: it "
                         "proves the software.</footer>\n</body>\n</html>\n");
    return g_string_free(out, FALSE);
}
