/* SPDX-License-Identifier: MIT */
/* The report's picture of boots: stages along time. */
#include <string.h>

#include "harness/html.h"
#include "harness/markup.h"
#include "harness/results.h"

#define WIDTH 960
/* name, bar, total */
#define BAR_LEFT 190
#define BAR_RIGHT 70
#define ROW 26
#define LEGEND 24

/* Stages by their names, in the order of a boot; others share the last one. */
static const char *const stages[] = { "svsm", "firmware", "kernel", "userspace",
                                      "other" };

static guint stage_index(const char *name)
{
    guint i = 0;
    while (i + 1 < G_N_ELEMENTS(stages) && strcmp(stages[i], name) != 0) {
        i++;
    }
    return i;
}

static double last_second(JsonObject *boot)
{
    double end = 0;
    g_autoptr(JsonArray) list = results_array(boot, "stages");
    for (guint i = 0; i < json_array_get_length(list); i++) {
        end = MAX(end, results_seconds(json_array_get_object_element(list, i)));
    }
    return end;
}

static void add_segments(GString *out, JsonObject *boot, int y, double longest)
{
    g_autoptr(JsonArray) list = results_array(boot, "stages");
    double from = 0, scale = (WIDTH - BAR_LEFT - BAR_RIGHT) / longest;
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *stage = json_array_get_object_element(list, i);
        const char *name = results_string(stage, "name");
        double to = results_seconds(stage);
        g_autofree char *at = html_seconds(to);
        g_autofree char *took = html_seconds(MAX(to - from, 0));
        g_string_append_printf(
            out,
            "<rect class=\"s%u\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"18\" "
            "rx=\"2\"><title>",
            stage_index(name), BAR_LEFT + (int)(from * scale), y,
            MAX((int)((to - from) * scale), 1));
        markup_text(out, name);
        g_string_append_printf(out, " after %s (took %s)</title></rect>\n", at,
                               took);
        from = MAX(to, from);
    }
}

static void add_boot(GString *out, JsonObject *program, JsonObject *boot, int y,
                     double longest)
{
    double end = last_second(boot);
    g_autofree char *total = html_seconds(end);
    const char *vm = results_string(boot, "vm");
    g_autofree char *label = g_strdup_printf(
        "%s%s%s", results_string(program, "name"), *vm ? " " : "", vm);
    html_svg_text(out, 0, y + 14, "label", label);
    add_segments(out, boot, y, longest);
    int x =
        BAR_LEFT + (int)(end * (WIDTH - BAR_LEFT - BAR_RIGHT) / longest) + 8;
    html_svg_text(out, x, y + 14, "value", total);
}

/* `other`: is there any stage that is not of the usual ones? */
static void add_legend(GString *out, int y, gboolean other)
{
    guint count = G_N_ELEMENTS(stages) - !other;
    for (guint i = 0; i < count; i++) {
        int x = BAR_LEFT + (int)i * 110;
        g_string_append_printf(out,
                               "<rect class=\"s%u\" x=\"%d\" y=\"%d\" "
                               "width=\"12\" height=\"12\" rx=\"2\"/>\n",
                               i, x, y);
        html_svg_text(out, x + 18, y + 11, "value", stages[i]);
    }
}

struct boots {
    GString *out;
    double longest;
    int y;
    unsigned count;
    gboolean other;
};

static void measure_boot(JsonObject *program, JsonObject *boot, void *user)
{
    struct boots *b = user;
    (void)program;
    b->longest = MAX(b->longest, last_second(boot));
    b->count++;
    g_autoptr(JsonArray) list = results_array(boot, "stages");
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *stage = json_array_get_object_element(list, i);
        b->other = b->other || stage_index(results_string(stage, "name")) ==
                                   G_N_ELEMENTS(stages) - 1;
    }
}

static void draw_boot(JsonObject *program, JsonObject *boot, void *user)
{
    struct boots *b = user;
    add_boot(b->out, program, boot, b->y, b->longest);
    b->y += ROW;
}

void html_boots(GString *out, JsonArray *programs)
{
    struct boots b = { .out = out, .y = LEGEND };
    html_each(programs, "boots", measure_boot, &b);
    if (b.count == 0 || b.longest <= 0) {
        return;
    }
    g_string_append_printf(
        out,
        "<section>\n<h2>Boots: from power-on to userspace</h2>\n"
        "<div class=\"picture\"><svg viewBox=\"0 0 %d %d\" role=\"img\">\n",
        WIDTH, LEGEND + ROW * (int)b.count);
    add_legend(out, 0, b.other);
    html_each(programs, "boots", draw_boot, &b);
    g_string_append(out, "</svg></div>\n</section>\n");
}
