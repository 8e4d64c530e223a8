/* SPDX-License-Identifier: MIT */
/*
 * The report for people: one HTML page that needs nothing else, made from the
 * document of results.h. It has no script, and forbids any.
 */
#ifndef EVTPM_HARNESS_HTML_H
#define EVTPM_HARNESS_HTML_H

#include <json-glib/json-glib.h>

/* The whole page; free with g_free. */
char *html_page(JsonObject *results);

/* Its parts, each nothing where there is nothing to show. */
void html_failures(GString *out, JsonArray *programs);
void html_boots(GString *out, JsonArray *programs);
void html_chains(GString *out, JsonArray *programs);
void html_pcrs(GString *out, JsonArray *programs);
void html_programs(GString *out, JsonArray *programs);

/* <TAG class="CLASS">TEXT</TAG>, the text escaped; no class if it is NULL. */
void html_element(GString *out, const char *tag, const char *class_name,
                  const char *text);
/* "0.4 s", "2 min 5 s". Free with g_free. */
char *html_seconds(double seconds);
/* A link to a file beside the page; `path` is relative to it. */
void html_link(GString *out, const char *path, const char *text);

/* Text in a picture, its baseline's start (or middle, by the class) there. */
void html_svg_text(GString *out, int x, int y, const char *class_name,
                   const char *text);

/* Visits the objects in the array `member` of each program, in order. */
typedef void (*html_each_fn)(JsonObject *program, JsonObject *item, void *user);
void html_each(JsonArray *programs, const char *member, html_each_fn visit,
               void *user);

/* The colours and the layout. */
extern const char html_style[];

#endif
