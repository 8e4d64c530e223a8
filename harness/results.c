/* SPDX-License-Identifier: MIT */
/* Outcomes become a document. */
#include "harness/results.h"

#include <string.h>

#include "harness/failure.h"

void totals_add(struct totals *t, const struct outcome *o)
{
    t->passed += tap_count(&o->tap, TAP_PASS);
    t->failed += tap_count(&o->tap, TAP_FAIL);
    t->skipped += tap_count(&o->tap, TAP_SKIP);
}

static const char *verdict_name(enum tap_result result)
{
    static const char *const names[] = {
        [TAP_PASS] = "passed", [TAP_FAIL] = "failed", [TAP_SKIP] = "skipped"
    };
    return names[result];
}

/* Text of others may hold anything; a document holds UTF-8. */
static void set_text(JsonObject *o, const char *name, const char *text)
{
    if (text && *text) {
        g_autofree char *valid = g_utf8_make_valid(text, -1);
        json_object_set_string_member(o, name, valid);
    }
}

/* Whole numbers: 0.082 has no exact double, and reads so in JSON. */
static void set_time(JsonObject *o, const char *name, double seconds)
{
    json_object_set_int_member(o, name, (gint64)(seconds * 1000 + 0.5));
}

static void describe_failure(JsonObject *o, const struct outcome *outcome,
                             const struct tap_case *c)
{
    struct failure f;
    failure_parse(c->reason ? c->reason : "", &f);
    set_text(o, "message", f.text);
    set_text(o, "place", f.place);
    set_text(o, "condition", f.condition);
    set_text(o, "expected", f.expected);
    set_text(o, "seen", f.seen);
    set_text(o, "step", c->step);
    set_text(o, "output", c->output);
    failure_clear(&f);
    g_autofree char *command = outcome_reproduce(outcome, c);
    set_text(o, "reproduce", command);
}

static JsonObject *case_object(const struct outcome *outcome,
                               const struct tap_case *c)
{
    JsonObject *o = json_object_new();
    set_text(o, "name", c->name);
    json_object_set_string_member(o, "verdict", verdict_name(c->result));
    set_time(o, "milliseconds", c->seconds);
    if (c->result == TAP_SKIP) {
        set_text(o, "reason", c->reason);
    } else if (c->result == TAP_FAIL) {
        describe_failure(o, outcome, c);
    }
    return o;
}

static char *relative(const char *path, const char *base)
{
    gsize n = base ? strlen(base) : 0;
    return g_strdup(n && strncmp(path, base, n) == 0 && path[n] == '/'
                        ? path + n + 1
                        : path);
}

static void add_logs(JsonObject *o, const struct outcome *outcome,
                     const char *base)
{
    JsonArray *files = json_array_new();
    if (outcome->log) {
        g_autofree char *log = relative(outcome->log, base);
        set_text(o, "log", log);
    }
    for (guint i = 0; i < outcome->files->len; i++) {
        g_autofree char *file =
            relative(g_ptr_array_index(outcome->files, i), base);
        json_array_add_string_element(files, file);
    }
    json_object_set_array_member(o, "files", files);
    set_text(o, "console", outcome->console);
}

static JsonObject *program_object(const struct outcome *outcome,
                                  const char *base)
{
    JsonObject *o = json_object_new();
    JsonArray *cases = json_array_new();
    const struct marks *m = &outcome->marks;
    set_text(o, "name", outcome->run.program->id);
    set_text(o, "about", outcome->run.program->about);
    json_object_set_int_member(o, "round", outcome->run.round);
    json_object_set_string_member(o, "verdict",
                                  verdict_name(outcome_verdict(outcome)));
    set_time(o, "begin", outcome->begin);
    set_time(o, "milliseconds", outcome->seconds);
    add_logs(o, outcome, base);
    for (guint i = 0; i < outcome->tap.cases->len; i++) {
        json_array_add_object_element(
            cases,
            case_object(outcome, g_ptr_array_index(outcome->tap.cases, i)));
    }
    json_object_set_array_member(o, "cases", cases);
    json_object_set_array_member(o, "boots", json_array_ref(m->boots));
    json_object_set_array_member(o, "pcrs", json_array_ref(m->pcrs));
    json_object_set_array_member(o, "attestations",
                                 json_array_ref(m->attestations));
    return o;
}

static JsonArray *pattern_array(const char *const *patterns)
{
    JsonArray *a = json_array_new();
    for (; patterns && *patterns; patterns++) {
        g_autofree char *valid = g_utf8_make_valid(*patterns, -1);
        json_array_add_string_element(a, valid);
    }
    return a;
}

static char *time_text(gint64 microseconds)
{
    g_autoptr(GDateTime) t =
        g_date_time_new_from_unix_utc(microseconds / 1000000);
    return g_date_time_format(t, "%Y-%m-%dT%H:%M:%SZ");
}

static void add_header(JsonObject *o, const struct results_about *about,
                       const struct totals *totals)
{
    g_autofree char *started = time_text(about->started);
    json_object_set_string_member(o, "format", RESULTS_FORMAT);
    json_object_set_int_member(o, "version", RESULTS_VERSION);
    json_object_set_string_member(o, "started", started);
    set_time(o, "milliseconds", about->seconds);
    json_object_set_string_member(o, "verdict",
                                  !about->complete ? "incomplete"
                                  : totals->failed ? "failed"
                                  : totals->passed ? "passed"
                                                   : "skipped");
    json_object_set_int_member(o, "passed", totals->passed);
    json_object_set_int_member(o, "failed", totals->failed);
    json_object_set_int_member(o, "skipped", totals->skipped);
    json_object_set_string_member(o, "platform", about->platform);
    json_object_set_array_member(o, "patterns", pattern_array(about->patterns));
    json_object_set_int_member(o, "jobs", about->jobs);
    json_object_set_int_member(o, "repeat", about->rounds);
    if (about->shuffled) {
        json_object_set_int_member(o, "seed", (gint64)about->seed);
    }
    json_object_set_object_member(o, "environment", about->environment);
}

JsonObject *results_new(const struct results_about *about,
                        const GPtrArray *outcomes, const char *base)
{
    JsonObject *o = json_object_new();
    JsonArray *programs = json_array_new();
    struct totals totals = { 0 };
    for (guint i = 0; i < outcomes->len; i++) {
        const struct outcome *outcome = g_ptr_array_index(outcomes, i);
        totals_add(&totals, outcome);
        json_array_add_object_element(programs, program_object(outcome, base));
    }
    add_header(o, about, &totals);
    json_object_set_array_member(o, "programs", programs);
    return o;
}

char *results_text(JsonObject *results)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    json_node_set_object(node, results);
    g_autofree char *text = json_to_string(node, TRUE);
    return g_strconcat(text, "\n", NULL);
}

const char *results_string(JsonObject *o, const char *name)
{
    JsonNode *node = json_object_get_member(o, name);
    const char *text =
        node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    return text ? text : "";
}

double results_number(JsonObject *o, const char *name)
{
    JsonNode *node = json_object_get_member(o, name);
    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_double(node) : 0;
}

double results_seconds(JsonObject *o)
{
    return results_number(o, "milliseconds") / 1000;
}

JsonArray *results_array(JsonObject *o, const char *name)
{
    JsonNode *node = json_object_get_member(o, name);
    return node && JSON_NODE_HOLDS_ARRAY(node)
               ? json_array_ref(json_node_get_array(node))
               : json_array_new();
}
