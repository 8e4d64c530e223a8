/* SPDX-License-Identifier: MIT */
/* Marks in a test's output: read and written. */
#include "harness/marks.h"

#include <string.h>

#define PREFIX "evtpm-"
/* Of each kind; a program that floods its output must not fill our memory. */
#define MOST 1000

void marks_init(struct marks *m)
{
    m->step = NULL;
    m->boots = json_array_new();
    m->pcrs = json_array_new();
    m->attestations = json_array_new();
    m->logs = g_ptr_array_new_with_free_func(g_free);
}

void marks_clear(struct marks *m)
{
    g_clear_pointer(&m->step, g_free);
    g_clear_pointer(&m->boots, json_array_unref);
    g_clear_pointer(&m->pcrs, json_array_unref);
    g_clear_pointer(&m->attestations, json_array_unref);
    g_clear_pointer(&m->logs, g_ptr_array_unref);
}

/* "NAME=VALUE", split in place; NULL if it is not that. */
static char *split_pair(char *word)
{
    char *equals = strchr(word, '=');
    if (!equals || equals == word || !equals[1]) {
        return NULL;
    }
    *equals = '\0';
    return equals + 1;
}

static gboolean add_stage(JsonArray *stages, const char *name, const char *text)
{
    char *end;
    double seconds = g_ascii_strtod(text, &end);
    if (end == text || *end || !(seconds >= 0 && seconds < 1e6)) {
        return FALSE;
    }
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "name", name);
    json_object_set_int_member(o, "milliseconds",
                               (gint64)(seconds * 1000 + 0.5));
    json_array_add_object_element(stages, o);
    return TRUE;
}

static gboolean take_timeline(struct marks *m, char **words)
{
    g_autoptr(JsonObject) boot = json_object_new();
    JsonArray *stages = json_array_new();
    json_object_set_string_member(boot, "vm", "");
    json_object_set_array_member(boot, "stages", stages);
    for (char **w = words; *w; w++) {
        const char *value = split_pair(*w);
        if (value && strcmp(*w, "vm") == 0) {
            json_object_set_string_member(boot, "vm", value);
        } else if (!value || !add_stage(stages, *w, value)) {
            return FALSE;
        }
    }
    if (json_array_get_length(stages) == 0 ||
        json_array_get_length(m->boots) >= MOST) {
        return FALSE;
    }
    json_array_add_object_element(m->boots, g_steal_pointer(&boot));
    return TRUE;
}

static gboolean is_hex(const char *text)
{
    return *text && text[strspn(text, "0123456789abcdefABCDEF")] == '\0';
}

static gboolean is_index(const char *text)
{
    return *text && strlen(text) <= 2 &&
           text[strspn(text, "0123456789")] == '\0';
}

static gboolean take_pcrs(struct marks *m, char **words)
{
    g_autoptr(JsonObject) table = json_object_new();
    JsonObject *values = json_object_new();
    json_object_set_string_member(table, "bank", "");
    json_object_set_object_member(table, "values", values);
    for (char **w = words; *w; w++) {
        const char *value = split_pair(*w);
        if (value && strcmp(*w, "bank") == 0) {
            json_object_set_string_member(table, "bank", value);
        } else if (value && is_index(*w) && is_hex(value)) {
            json_object_set_string_member(values, *w, value);
        } else {
            return FALSE;
        }
    }
    if (json_object_get_size(values) == 0 ||
        json_array_get_length(m->pcrs) >= MOST) {
        return FALSE;
    }
    json_array_add_object_element(m->pcrs, g_steal_pointer(&table));
    return TRUE;
}

/* The chain that the link belongs to: a name that is there begins another. */
static JsonArray *chain_for(struct marks *m, const char *name)
{
    guint n = json_array_get_length(m->attestations);
    JsonArray *links = NULL;
    if (n > 0) {
        links = json_object_get_array_member(
            json_array_get_object_element(m->attestations, n - 1), "links");
        for (guint i = 0; i < json_array_get_length(links); i++) {
            JsonObject *link = json_array_get_object_element(links, i);
            if (strcmp(json_object_get_string_member(link, "name"), name) ==
                0) {
                links = NULL;
                break;
            }
        }
    }
    if (!links && n < MOST) {
        JsonObject *o = json_object_new();
        links = json_array_new();
        json_object_set_array_member(o, "links", links);
        json_array_add_object_element(m->attestations, o);
    }
    return links;
}

static gboolean take_link(struct marks *m, const char *text)
{
    g_auto(GStrv) part = g_strsplit(text, " ", 3);
    if (g_strv_length(part) < 2 || !*part[0] ||
        (strcmp(part[1], "ok") && strcmp(part[1], "skipped") &&
         strcmp(part[1], "failed"))) {
        return FALSE;
    }
    JsonArray *links = chain_for(m, part[0]);
    if (!links) {
        return FALSE;
    }
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "name", part[0]);
    json_object_set_string_member(o, "status", part[1]);
    json_object_set_string_member(o, "text", part[2] ? part[2] : "");
    json_array_add_object_element(links, o);
    return TRUE;
}

static gboolean take(struct marks *m, const char *kind, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    if (strcmp(kind, "step") == 0) {
        g_free(m->step);
        m->step = g_strdup(text);
        return TRUE;
    }
    if (strcmp(kind, "log") == 0 && *text && m->logs->len < MOST) {
        g_ptr_array_add(m->logs, g_strdup(text));
        return TRUE;
    }
    return strcmp(kind, "timeline") == 0 ? take_timeline(m, words)
           : strcmp(kind, "pcrs") == 0   ? take_pcrs(m, words)
           : strcmp(kind, "link") == 0   ? take_link(m, text)
                                         : FALSE;
}

gboolean marks_line(struct marks *m, const char *line)
{
    if (*line != '#') {
        return FALSE;
    }
    line += 1 + strspn(line + 1, " ");
    if (!g_str_has_prefix(line, PREFIX)) {
        return FALSE;
    }
    line += strlen(PREFIX);
    const char *colon = strstr(line, ": ");
    if (!colon) {
        return FALSE;
    }
    g_autofree char *kind = g_strndup(line, (gsize)(colon - line));
    g_autofree char *text = g_utf8_make_valid(colon + 2, -1);
    return take(m, kind, g_strstrip(text));
}

char *marks_timeline(const char *vm, const char *const *stages,
                     const double *seconds, gsize count)
{
    GString *s = g_string_new(NULL);
    g_string_printf(s, PREFIX "timeline: vm=%s", vm);
    for (gsize i = 0; i < count; i++) {
        char text[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(text, sizeof(text), "%.2f", seconds[i]);
        g_string_append_printf(s, " %s=%s", stages[i], text);
    }
    return g_string_free(s, FALSE);
}

char *marks_link(const char *name, const char *status, const char *text)
{
    return g_strdup_printf(PREFIX "link: %s %s %s", name, status, text);
}

char *marks_pcrs(const char *bank, const char *pcrs)
{
    GString *s = g_string_new(NULL);
    gsize count = 0;
    g_auto(GStrv) words = g_strsplit(pcrs, " ", -1);
    g_string_printf(s, PREFIX "pcrs: bank=%s", bank);
    for (char **w = words; *w; w++) {
        char *colon = strchr(*w, ':');
        if (colon) {
            g_string_append_printf(s, " %.*s=%s", (int)(colon - *w), *w,
                                   colon + 1);
            count++;
        }
    }
    char *text = g_string_free(s, count == 0);
    return count ? text : NULL;
}
