/* SPDX-License-Identifier: MIT */
/* The report's picture of attestation, link by link, and its PCRs. */
#include <stdlib.h>
#include <string.h>

#include "harness/html.h"
#include "harness/markup.h"
#include "harness/results.h"

#define WIDTH 960
/* boxes in rows that run to and fro */
#define COLUMNS 6
#define BOX_W 136
#define BOX_H 34
#define GAP_X 28
#define GAP_Y 22

/* Where the n-th box is: rows run to the right and back, as a chain lies. */
static void place_box(guint n, int *x, int *y)
{
    guint row = n / COLUMNS, column = n % COLUMNS;
    if (row % 2) {
        column = COLUMNS - 1 - column;
    }
    *x = (int)column * (BOX_W + GAP_X);
    *y = (int)row * (BOX_H + GAP_Y) + 2;
}

static void add_joint(GString *out, guint n)
{
    int x0, y0, x1, y1;
    place_box(n - 1, &x0, &y0);
    place_box(n, &x1, &y1);
    if (y0 != y1) {
        y0 += BOX_H;
        x0 += BOX_W / 2;
        x1 = x0;
    } else {
        x0 += x1 > x0 ? BOX_W : 0;
        x1 += x1 > x0 ? 0 : BOX_W;
        x1 = MAX(x1, 0);
        y0 += BOX_H / 2;
        y1 = y0;
    }
    g_string_append_printf(out,
                           "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n",
                           x0, y0, x1, y1);
}

static const char *link_class(JsonObject *link)
{
    const char *status = results_string(link, "status");
    return strcmp(status, "ok") == 0       ? "passed"
           : strcmp(status, "failed") == 0 ? "failed"
                                           : "skipped";
}

static void add_box(GString *out, JsonObject *link, guint n)
{
    int x, y;
    place_box(n, &x, &y);
    g_string_append_printf(out, "<g class=\"link %s\"><title>",
                           link_class(link));
    markup_text(out, results_string(link, "text"));
    g_string_append_printf(out,
                           "</title><rect x=\"%d\" y=\"%d\" width=\"%d\" "
                           "height=\"%d\" rx=\"8\"/>",
                           x, y, BOX_W, BOX_H);
    html_svg_text(out, x + BOX_W / 2, y + 21, "box",
                  results_string(link, "name"));
    g_string_append(out, "</g>\n");
}

static void add_link_rows(GString *out, JsonArray *links)
{
    g_string_append(out, "<details><summary>What each link says</summary>\n"
                         "<table class=\"links\">\n");
    for (guint i = 0; i < json_array_get_length(links); i++) {
        JsonObject *link = json_array_get_object_element(links, i);
        g_string_append(out, "<tr>");
        html_element(out, "td", link_class(link),
                     results_string(link, "status"));
        html_element(out, "td", "name", results_string(link, "name"));
        html_element(out, "td", NULL, results_string(link, "text"));
        g_string_append(out, "</tr>\n");
    }
    g_string_append(out, "</table></details>\n");
}

static void draw_chain(JsonObject *program, JsonObject *attestation, void *user)
{
    GString *out = user;
    g_autoptr(JsonArray) links = results_array(attestation, "links");
    guint count = json_array_get_length(links);
    guint rows = (count + COLUMNS - 1) / COLUMNS;
    html_element(out, "h3", NULL, results_string(program, "name"));
    g_string_append_printf(
        out,
        "<div class=\"picture\"><svg class=\"chain\" viewBox=\"-2 0 %d %d\" "
        "role=\"img\">\n",
        WIDTH, (int)rows * (BOX_H + GAP_Y));
    for (guint i = 1; i < count; i++) {
        add_joint(out, i);
    }
    for (guint i = 0; i < count; i++) {
        add_box(out, json_array_get_object_element(links, i), i);
    }
    g_string_append(out, "</svg></div>\n");
    add_link_rows(out, links);
}

static void count_item(JsonObject *program, JsonObject *item, void *user)
{
    unsigned *n = user;
    (void)program;
    (void)item;
    ++*n;
}

void html_chains(GString *out, JsonArray *programs)
{
    unsigned count = 0;
    html_each(programs, "attestations", count_item, &count);
    if (count) {
        g_string_append(out, "<section>\n<h2>Attestation: from the root of "
                             "trust to the logs</h2>\n");
        html_each(programs, "attestations", draw_chain, out);
        g_string_append(out, "</section>\n");
    }
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    return atoi(a) - atoi(b);
}

static gboolean all_same(const char *hex)
{
    return strspn(hex, "0") == strlen(hex) || strspn(hex, "fF") == strlen(hex);
}

static void draw_pcrs(JsonObject *program, JsonObject *table, void *user)
{
    GString *out = user;
    JsonNode *node = json_object_get_member(table, "values");
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        return;
    }
    JsonObject *values = json_node_get_object(node);
    GList *names = g_list_sort(json_object_get_members(values), by_number);
    g_string_append(out, "<details open><summary>");
    markup_text(out, results_string(program, "name"));
    g_string_append(out, " ");
    html_element(out, "small", NULL, results_string(table, "bank"));
    g_string_append(out, "</summary>\n<table class=\"pcrs\">\n");
    for (const GList *l = names; l; l = l->next) {
        const char *hex = results_string(values, l->data);
        g_string_append(out, "<tr>");
        html_element(out, "th", NULL, l->data);
        html_element(out, "td", all_same(hex) ? "unused" : "used", hex);
        g_string_append(out, "</tr>\n");
    }
    g_list_free(names);
    g_string_append(out, "</table></details>\n");
}

void html_pcrs(GString *out, JsonArray *programs)
{
    unsigned count = 0;
    html_each(programs, "pcrs", count_item, &count);
    if (count) {
        g_string_append(out, "<section>\n<h2>PCRs</h2>\n");
        html_each(programs, "pcrs", draw_pcrs, out);
        g_string_append(out, "</section>\n");
    }
}
