/* SPDX-License-Identifier: MIT */
/*
 * What a command did, stage by stage: a line per stage while it happens, and
 * all of it as one JSON document for machines.
 */
#ifndef EVTPM_HARNESS_REPORT_H
#define EVTPM_HARNESS_REPORT_H

#include <json-glib/json-glib.h>
#include <stdio.h>

struct report;

/* Lines go to `out`; NULL: none, the document only. */
struct report *report_new(const char *command, FILE *out);
void report_free(struct report *report);

/* Begins a stage; `title` is shown. On a terminal the line stands there until
 * the stage ends. */
void report_begin(struct report *report, const char *id, const char *title);

/* Something learned in the stage, printed below its line. */
void report_fact(struct report *report, const char *key, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* Something of the stage that is for the document only. */
void report_data(struct report *report, const char *key, const char *text);

/* Ends the stage: its line with a mark, the time, and a summary. Returns `ok`.
 */
gboolean report_end(struct report *report, gboolean ok, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/* Ends an open stage as failed with the error's text; does nothing when none is
 * open. */
void report_fail(struct report *report, const GError *error);

/* The document: {"command", "ok", "seconds", "stages": [...]}; free with
 * g_free. */
char *report_json(struct report *report, gboolean ok);

/* Seconds since report_new(). */
double report_seconds(const struct report *report);

#endif
