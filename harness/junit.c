/* SPDX-License-Identifier: MIT */
/* Results as JUnit XML. Times have three decimals and a point in any locale. */
#include "harness/junit.h"

#include <string.h>

#include "harness/markup.h"
#include "harness/results.h"

static void add_time(GString *out, double seconds)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(text, sizeof(text), "%.3f", seconds);
    markup_attribute(out, "time", text);
}

static void add_detail(GString *out, const char *title, const char *text)
{
    if (*text) {
        g_string_append_printf(out, "%s: ", title);
        markup_text(out, text);
        g_string_append_c(out, '\n');
    }
}

static void add_failure(GString *out, JsonObject *c)
{
    static const char *const details[] = { "step", "expected", "seen", "place",
                                           "reproduce" };
    g_string_append(out, "<failure type=\"failure\"");
    markup_attribute(out, "message", results_string(c, "message"));
    g_string_append_c(out, '>');
    for (gsize i = 0; i < G_N_ELEMENTS(details); i++) {
        add_detail(out, details[i], results_string(c, details[i]));
    }
    g_string_append_c(out, '\n');
    markup_text(out, results_string(c, "output"));
    g_string_append(out, "</failure>");
}

static void add_case(GString *out, const char *suite, JsonObject *c)
{
    const char *verdict = results_string(c, "verdict");
    g_string_append(out, "    <testcase");
    markup_attribute(out, "classname", suite);
    markup_attribute(out, "name", results_string(c, "name"));
    add_time(out, results_seconds(c));
    g_string_append_c(out, '>');
    if (strcmp(verdict, "failed") == 0) {
        add_failure(out, c);
    } else if (strcmp(verdict, "skipped") == 0) {
        g_string_append(out, "<skipped");
        markup_attribute(out, "message", results_string(c, "reason"));
        g_string_append(out, "/>");
    }
    g_string_append(out, "</testcase>\n");
}

static unsigned count(JsonArray *cases, const char *verdict)
{
    unsigned n = 0;
    for (guint i = 0; i < json_array_get_length(cases); i++) {
        JsonObject *c = json_array_get_object_element(cases, i);
        n += strcmp(results_string(c, "verdict"), verdict) == 0;
    }
    return n;
}

static void open_suite(GString *out, const char *name, unsigned tests,
                       unsigned failures, unsigned errors, unsigned skipped,
                       double seconds)
{
    g_string_append(out, "  <testsuite");
    markup_attribute(out, "name", name);
    g_string_append_printf(
        out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
        tests, failures, errors, skipped);
    add_time(out, seconds);
}

static void add_program(GString *out, JsonObject *p, const char *started)
{
    const char *name = results_string(p, "name");
    g_autoptr(JsonArray) cases = results_array(p, "cases");
    open_suite(out, name, json_array_get_length(cases), count(cases, "failed"),
               0, count(cases, "skipped"), results_seconds(p));
    markup_attribute(out, "timestamp", started);
    g_string_append(out, ">\n");
    for (guint i = 0; i < json_array_get_length(cases); i++) {
        add_case(out, name, json_array_get_object_element(cases, i));
    }
    if (*results_string(p, "console")) {
        g_string_append(out, "    <system-out>");
        markup_text(out, results_string(p, "console"));
        g_string_append(out, "</system-out>\n");
    }
    g_string_append(out, "  </testsuite>\n");
}

static void add_incomplete(GString *out)
{
    open_suite(out, "evtpm", 1, 0, 1, 0, 0);
    g_string_append(
        out, ">\n    <testcase classname=\"evtpm\" name=\"complete\" "
             "time=\"0.000\"><error type=\"incomplete\" message=\"the run was "
             "ended before all tests had run\"/></testcase>\n"
             "  </testsuite>\n");
}

char *junit_text(JsonObject *r)
{
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    g_autoptr(JsonArray) programs = results_array(r, "programs");
    gboolean incomplete =
        strcmp(results_string(r, "verdict"), "incomplete") == 0;
    unsigned failed = (unsigned)results_number(r, "failed");
    unsigned skipped = (unsigned)results_number(r, "skipped");
    unsigned passed = (unsigned)results_number(r, "passed");
    /* the timestamp of JUnit has no zone: UTC by custom */
    g_auto(GStrv) started = g_strsplit(results_string(r, "started"), "Z", 2);
    g_string_append(out, "<testsuites name=\"evtpm\"");
    g_string_append_printf(
        out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
        passed + failed + skipped + incomplete, failed, incomplete, skipped);
    add_time(out, results_seconds(r));
    g_string_append(out, ">\n");
    for (guint i = 0; i < json_array_get_length(programs); i++) {
        add_program(out, json_array_get_object_element(programs, i),
                    started[0] ? started[0] : "");
    }
    if (incomplete) {
        add_incomplete(out);
    }
    g_string_append(out, "</testsuites>\n");
    return g_string_free(out, FALSE);
}
