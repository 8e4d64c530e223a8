/* SPDX-License-Identifier: MIT */
/*
 * The results of a test run as one JSON document, from which all reports are
 * made. docs/results.md describes it.
 */
#ifndef EVTPM_HARNESS_RESULTS_H
#define EVTPM_HARNESS_RESULTS_H

#include <json-glib/json-glib.h>

#include "harness/outcome.h"

#define RESULTS_FORMAT "evtpm-results"
#define RESULTS_VERSION 1

struct totals {
    unsigned passed, failed, skipped; /* cases */
};
void totals_add(struct totals *totals, const struct outcome *outcome);

/* How the run was asked for. */
struct results_about {
    const char *const *patterns; /* NULL-terminated, or NULL: all */
    const char *platform;
    unsigned jobs, rounds;
    gboolean shuffled;
    guint64 seed;
    gint64 started; /* Unix time, microseconds */
    double seconds;
    gboolean complete;       /* everything that was selected has run */
    JsonObject *environment; /* of strings; taken */
};

/*
 * The document. Logs are named relative to `base`, the directory that it will
 * lie in; those elsewhere by their absolute path.
 */
JsonObject *results_new(const struct results_about *about,
                        const GPtrArray *outcomes, const char *base);

/* As text, with a newline at its end; free with g_free. */
char *results_text(JsonObject *results);

/* Members that may be missing, for those who make reports. */
const char *results_string(JsonObject *object, const char *name);
double results_number(JsonObject *object, const char *name);
/* "milliseconds" in seconds. */
double results_seconds(JsonObject *object);
/* Never NULL: an empty array stands for a missing one. Free with
 * json_array_unref. */
JsonArray *results_array(JsonObject *object, const char *name);

#endif
