/* SPDX-License-Identifier: MIT */
/* What test programs say becomes results and reports: marks, failures taken
 * apart, escaping, JUnit, the page. */
#include <string.h>

#include "harness/failure.h"
#include "harness/html.h"
#include "harness/junit.h"
#include "harness/marks.h"
#include "harness/markup.h"
#include "harness/results.h"
#include "harness/show.h"

/* A name that would break out of any markup, and bytes that no XML may hold. */
#define HOSTILE "</td><script>alert('x')</script>\"&\001\xff]]>"
#define HOSTILE_SAFE                                                           \
    "&lt;/td&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"    \
    "\357\277\275\357\277\275]]&gt;"

static const struct {
    const char *name, *message;
    const char *place, *condition, *expected, *seen, *text;
} failures[] = {
    { "number",
      "ERROR:../tests/x.c:30:test_a: assertion failed (a == 3): (2 == 3)",
      "tests/x.c:30, test_a()", "a == 3", "== 3", "2",
      "assertion failed (a == 3): (2 == 3)" },
    { "less",
      "evtpm:ERROR:x.c:1:f: assertion failed (g(x, (y)) <= 3): (9 <= 3)",
      "x.c:1, f()", "g(x, (y)) <= 3", "<= 3", "9", NULL },
    { "strings",
      "ERROR:x.c:1:f: assertion failed (s == \"a) == (\"): "
      "(\"x == \\\" y)\" == \"a) == (\")",
      "x.c:1, f()", "s == \"a) == (\"", "== \"a) == (\"", "\"x == \\\" y)\"",
      NULL },
    { "error",
      "ERROR:x.c:1:f: assertion failed (error == NULL): no (such) file (q, 3)",
      "x.c:1, f()", "error == NULL", "error == NULL", "no (such) file (q, 3)",
      NULL },
    { "condition", "ERROR:x.c:1:f: assertion failed (!error)", "x.c:1, f()",
      "!error", NULL, NULL, "assertion failed (!error)" },
    { "should", "ERROR:x.c:7:f: 'ok' should be TRUE", "x.c:7, f()", NULL, NULL,
      NULL, "'ok' should be TRUE" },
    { "plain", "no chip directory", NULL, NULL, NULL, NULL,
      "no chip directory" },
    { "empty", "", NULL, NULL, NULL, NULL, "" },
    { "cut", "ERROR:x.c:1:f: assertion failed (a == (", "x.c:1, f()", NULL,
      NULL, NULL, NULL },
    { "no-line", "ERROR:x.c:f", NULL, NULL, NULL, NULL, "ERROR:x.c:f" },
};

static void test_failure(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    struct failure f;
    failure_parse(failures[i].message, &f);
    g_assert_cmpstr(f.place, ==, failures[i].place);
    g_assert_cmpstr(f.condition, ==, failures[i].condition);
    g_assert_cmpstr(f.expected, ==, failures[i].expected);
    g_assert_cmpstr(f.seen, ==, failures[i].seen);
    if (failures[i].text) {
        g_assert_cmpstr(f.text, ==, failures[i].text);
    }
    failure_clear(&f);
}

static const struct {
    const char *line;
    gboolean taken;
} mark_rows[] = {
    { "# evtpm-step: boot", TRUE },
    { "#evtpm-step: boot", TRUE },
    { "evtpm-step: boot", FALSE },
    { "# evtpm-step boot", FALSE },
    { "# evtpm-other: boot", FALSE },
    { "# evtpm-timeline: vm=t svsm=0.41 kernel=2", TRUE },
    { "# evtpm-timeline: vm=t", FALSE },
    { "# evtpm-timeline: svsm=-1", FALSE },
    { "# evtpm-timeline: svsm=nan", FALSE },
    { "# evtpm-timeline: svsm=1e9", FALSE },
    { "# evtpm-timeline: svsm=1x", FALSE },
    { "# evtpm-timeline: svsm", FALSE },
    { "# evtpm-timeline: =3", FALSE },
    { "# evtpm-pcrs: bank=sha256 0=ab 23=CD", TRUE },
    { "# evtpm-pcrs: bank=sha256", FALSE },
    { "# evtpm-pcrs: 0=xy", FALSE },
    { "# evtpm-pcrs: 123=ab", FALSE },
    { "# evtpm-pcrs: 0=", FALSE },
    { "# evtpm-link: root ok it is trusted", TRUE },
    { "# evtpm-link: root ok", TRUE },
    { "# evtpm-link: root fine it is", FALSE },
    { "# evtpm-link: root", FALSE },
    { "# evtpm-log: /tmp/a b", TRUE },
    { "# evtpm-log: ", FALSE },
    { "ok 1 - evtpm-log: x", FALSE },
};

static void test_mark_rows(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(mark_rows); i++) {
        struct marks m;
        marks_init(&m);
        gboolean taken = marks_line(&m, mark_rows[i].line);
        guint kept = (m.step != NULL) + json_array_get_length(m.boots) +
                     json_array_get_length(m.pcrs) +
                     json_array_get_length(m.attestations) + m.logs->len;
        if (taken != mark_rows[i].taken) {
            g_test_message("%s", mark_rows[i].line);
        }
        g_assert_cmpint(taken, ==, mark_rows[i].taken);
        g_assert_cmpuint(kept, ==, taken ? 1 : 0);
        marks_clear(&m);
    }
}

/* What marks_*() write, marks_line() reads. */
static void test_marks_round(void)
{
    static const char *const names[] = { "svsm", "firmware" };
    static const double seconds[] = { 0.414, 3.1 };
    g_autofree char *timeline = marks_timeline("vm2", names, seconds, 2);
    g_autofree char *link = marks_link("root", "ok", "it is trusted");
    g_autofree char *pcrs = marks_pcrs("sha256", "0:00aa 17:bb");
    g_assert_cmpstr(timeline, ==,
                    "evtpm-timeline: vm=vm2 svsm=0.41 firmware=3.10");
    g_assert_cmpstr(link, ==, "evtpm-link: root ok it is trusted");
    g_assert_cmpstr(pcrs, ==, "evtpm-pcrs: bank=sha256 0=00aa 17=bb");
    g_assert_null(marks_pcrs("sha256", "nothing"));
    struct marks m;
    marks_init(&m);
    const char *all[] = { timeline, pcrs, link, link };
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *line = g_strconcat("# ", all[i], NULL);
        g_assert_true(marks_line(&m, line));
    }
    JsonObject *boot = json_array_get_object_element(m.boots, 0);
    JsonObject *stage = json_array_get_object_element(
        json_object_get_array_member(boot, "stages"), 1);
    g_assert_cmpstr(results_string(boot, "vm"), ==, "vm2");
    g_assert_cmpstr(results_string(stage, "name"), ==, "firmware");
    g_assert_cmpint(json_object_get_int_member(stage, "milliseconds"), ==,
                    3100);
    /* a link that is there already begins another chain */
    g_assert_cmpuint(json_array_get_length(m.attestations), ==, 2);
    marks_clear(&m);
}

static void test_markup(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    markup_text(out, HOSTILE);
    g_assert_cmpstr(out->str, ==, HOSTILE_SAFE);
    g_string_truncate(out, 0);
    markup_text(out, "tab\tnew\nline \303\244 \357\277\276 \177");
    g_assert_cmpstr(out->str, ==,
                    "tab\tnew\nline \303\244 \357\277\275 \357\277\275");
    g_string_truncate(out, 0);
    markup_attribute(out, "a", "'\"<");
    g_assert_cmpstr(out->str, ==, " a=\"&#39;&quot;&lt;\"");
    g_string_truncate(out, 0);
    markup_text(out, NULL);
    g_assert_cmpstr(out->str, ==, "");
}

static void test_link(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    html_link(out, "javascript:alert(1)//\"<", "x<");
    g_assert_cmpstr(
        out->str, ==,
        "<a href=\"./javascript%3Aalert%281%29//%22%3C\">x&lt;</a>");
    g_string_truncate(out, 0);
    html_link(out, "/a b", "l");
    g_assert_cmpstr(out->str, ==, "<a href=\"file:///a%20b\">l</a>");
}

/* A run of one program whose every text is hostile. */
static JsonObject *sample(gboolean complete)
{
    static struct test_program program = { .id = (char *)"unit/" HOSTILE,
                                           .about = (char *)HOSTILE,
                                           .glib = TRUE };
    struct test_run run = { &program, 1, 1, NULL };
    g_autoptr(GPtrArray) outcomes = g_ptr_array_new();
    struct outcome *o = outcome_new(&run);
    tap_line(&o->tap, "ok 1 /a");
    tap_line(&o->tap, "ok 2 /b # SKIP " HOSTILE);
    tap_line(&o->tap, "output " HOSTILE);
    tap_line(&o->tap, "not ok 3 /" HOSTILE " - why " HOSTILE);
    tap_line(&o->tap, "1..3");
    tap_end(&o->tap, 1 << 8, NULL);
    marks_line(&o->marks, "# evtpm-step: " HOSTILE);
    marks_line(&o->marks, "# evtpm-timeline: vm=<b> <i>=1");
    marks_line(&o->marks, "# evtpm-link: <b> ok " HOSTILE);
    marks_line(&o->marks, "# evtpm-pcrs: bank=<b> 0=ab");
    o->log = g_strdup("/rep/logs/" HOSTILE);
    o->console = g_strdup(HOSTILE);
    o->seconds = 1.25;
    g_ptr_array_add(outcomes, o);
    JsonObject *environment = json_object_new();
    json_object_set_string_member(environment, "<b>", "<i>");
    const char *patterns[] = { "<b>", NULL };
    struct results_about about = { .patterns = patterns,
                                   .platform = "emulated",
                                   .jobs = 2,
                                   .rounds = 1,
                                   .shuffled = TRUE,
                                   .seed = 7,
                                   .started = 1000000,
                                   .seconds = 2.0014,
                                   .complete = complete,
                                   .environment = environment };
    JsonObject *results = results_new(&about, outcomes, "/rep");
    outcome_free(o);
    return results;
}

static void test_results(void)
{
    g_autoptr(JsonObject) r = sample(TRUE);
    g_autofree char *text = results_text(r);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
    JsonObject *o = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpstr(results_string(o, "format"), ==, "evtpm-results");
    g_assert_cmpint(json_object_get_int_member(o, "version"), ==, 1);
    g_assert_cmpstr(results_string(o, "started"), ==, "1970-01-01T00:00:01Z");
    g_assert_cmpstr(results_string(o, "verdict"), ==, "failed");
    g_assert_cmpint(json_object_get_int_member(o, "milliseconds"), ==, 2001);
    g_assert_cmpint(json_object_get_int_member(o, "seed"), ==, 7);
    JsonObject *p = json_array_get_object_element(
        json_object_get_array_member(o, "programs"), 0);
    g_assert_true(g_str_has_prefix(results_string(p, "log"), "logs/"));
    JsonObject *c = json_array_get_object_element(
        json_object_get_array_member(p, "cases"), 2);
    g_assert_cmpstr(results_string(c, "verdict"), ==, "failed");
    g_assert_true(g_str_has_prefix(results_string(c, "message"), "why "));
    g_assert_nonnull(strstr(results_string(c, "reproduce"), "'unit/"));
}

/* Rows: what the run was, and the word for it. */
static void test_verdicts(void)
{
    g_autoptr(JsonObject) r = sample(FALSE);
    g_assert_cmpstr(results_string(r, "verdict"), ==, "incomplete");
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    struct results_about about = { .platform = "snp", .complete = TRUE };
    about.environment = json_object_new();
    g_autoptr(JsonObject) empty = results_new(&about, none, NULL);
    g_assert_cmpstr(results_string(empty, "verdict"), ==, "skipped");
    g_assert_false(json_object_has_member(empty, "seed"));
}

static void test_junit(void)
{
    g_autoptr(JsonObject) r = sample(TRUE);
    g_autofree char *xml = junit_text(r);
    g_assert_true(g_str_has_prefix(
        xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<testsuites name=\"evtpm\" tests=\"3\" failures=\"1\" "
             "errors=\"0\" skipped=\"1\" time=\"2.001\">\n"
             "  <testsuite name=\"unit/" HOSTILE_SAFE "\" tests=\"3\" "
             "failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.250\" "
             "timestamp=\"1970-01-01T00:00:01\">\n"));
    g_assert_nonnull(strstr(xml, "<skipped message=\"" HOSTILE_SAFE "\"/>"));
    g_assert_nonnull(strstr(
        xml, "<failure type=\"failure\" message=\"why " HOSTILE_SAFE "\">"));
    g_assert_nonnull(strstr(xml, "\noutput " HOSTILE_SAFE "\n"));
    g_assert_nonnull(strstr(xml, "<system-out>" HOSTILE_SAFE "</system-out>"));
    g_assert_null(strstr(xml, "<script"));
    g_assert_null(strstr(xml, "<error"));
    g_assert_true(g_utf8_validate(xml, -1, NULL));
}

/* What was cut short cannot pass for success. */
static void test_junit_incomplete(void)
{
    g_autoptr(JsonObject) r = sample(FALSE);
    g_autofree char *xml = junit_text(r);
    g_assert_nonnull(strstr(xml, " tests=\"4\" failures=\"1\" errors=\"1\""));
    g_assert_nonnull(strstr(xml, "<error type=\"incomplete\""));
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;
    while ((text = strstr(text, part))) {
        text += strlen(part);
        n++;
    }
    return n;
}

static void test_page(void)
{
    static const char *const tags[] = { "section", "table",   "details",
                                        "svg",     "article", "dl",
                                        "tr",      "main",    "pre" };
    g_autoptr(JsonObject) r = sample(TRUE);
    g_autofree char *html = html_page(r);
    g_assert_null(strstr(html, "<script"));
    g_assert_null(strstr(html, "<b><"));
    g_assert_null(strstr(html, "http://"));
    g_assert_null(strstr(html, "https://"));
    g_assert_nonnull(strstr(html, "default-src 'none'"));
    g_assert_nonnull(strstr(html, "<span class=\"failed\">failed</span>"));
    g_assert_nonnull(strstr(html, "shuffled by seed 7"));
    g_assert_nonnull(strstr(html, "<code>&lt;b&gt;</code>"));
    g_assert_nonnull(strstr(html, "<pre>output " HOSTILE_SAFE));
    g_assert_cmpuint(count(html, "class=\"link passed\""), ==, 1);
    g_assert_cmpuint(count(html, "<td class=\"used\">ab</td>"), ==, 1);
    g_assert_true(g_utf8_validate(html, -1, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        g_autofree char *open = g_strconcat("<", tags[i], NULL);
        g_autofree char *close = g_strconcat("</", tags[i], ">", NULL);
        unsigned opened = count(html, open);
        opened -= i == 6 ? count(html, "<track") : 0;
        g_assert_cmpuint(opened, ==, count(html, close));
        g_assert_cmpuint(opened, >, 0);
    }
}

/* Documents of other versions, or damaged ones, must not crash the reports. */
static void test_page_of_nothing(void)
{
    static const char *const texts[] = {
        "{}",
        "{\"programs\": 3, \"environment\": [], \"patterns\": {}}",
        "{\"programs\": [{}], \"environment\": {\"a\": 1}}",
        "{\"programs\": [{\"name\": \"e2e/x\", \"cases\": [{}], \"boots\": "
        "[{}], \"pcrs\": [{\"values\": 3}], \"attestations\": [{}]}]}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(JsonParser) parser = json_parser_new();
        g_assert_true(json_parser_load_from_data(parser, texts[i], -1, NULL));
        JsonObject *o = json_node_get_object(json_parser_get_root(parser));
        g_autofree char *html = html_page(o);
        g_autofree char *xml = junit_text(o);
        g_assert_true(g_str_has_suffix(html, "</html>\n"));
        g_assert_true(g_str_has_suffix(xml, "</testsuites>\n"));
    }
}

static void test_seconds(void)
{
    static const struct {
        double seconds;
        const char *text;
    } rows[] = { { 0, "0.000 s" },       { 0.082, "0.082 s" },
                 { 0.25, "0.2 s" },      { 59.4, "59.4 s" },
                 { 59.96, "1 min 0 s" }, { 125.2, "2 min 5 s" } };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = html_seconds(rows[i].seconds);
        g_assert_cmpstr(text, ==, rows[i].text);
    }
}

/* Our own TAP, read by our own reader, is what it was made from. */
static void test_tap_round(void)
{
    static struct test_program program = { .id = (char *)"unit/x",
                                           .glib = TRUE };
    struct test_run run = { &program, 1, 1, NULL };
    struct outcome *o = outcome_new(&run);
    tap_line(&o->tap, "ok 1 /a #1");
    tap_line(&o->tap, "ok 2 /b # SKIP no #TODO tool");
    tap_line(&o->tap, "not ok 3 /c \\# skip - not \"this\"");
    tap_line(&o->tap, "1..3");
    tap_end(&o->tap, 1 << 8, NULL);
    g_autofree char *text = NULL;
    size_t size;
    unsigned number = 0;
    FILE *out = open_memstream(&text, &size);
    show_tap_outcome(out, o, &number);
    fprintf(out, "1..%u\n", number);
    fclose(out);
    struct tap again;
    tap_init(&again, "again");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        tap_line(&again, *line);
    }
    tap_end(&again, 1 << 8, NULL);
    g_assert_cmpuint(again.cases->len, ==, 3);
    for (guint i = 0; i < 3; i++) {
        const struct tap_case *a = g_ptr_array_index(o->tap.cases, i);
        const struct tap_case *b = g_ptr_array_index(again.cases, i);
        g_assert_cmpint(a->result, ==, b->result);
    }
    tap_clear(&again);
    outcome_free(o);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(failures); i++) {
        g_autofree char *path =
            g_strdup_printf("/harness/failure/%s", failures[i].name);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_failure);
    }
    g_test_add_func("/harness/marks/rows", test_mark_rows);
    g_test_add_func("/harness/marks/round", test_marks_round);
    g_test_add_func("/harness/markup/text", test_markup);
    g_test_add_func("/harness/markup/link", test_link);
    g_test_add_func("/harness/results/document", test_results);
    g_test_add_func("/harness/results/verdicts", test_verdicts);
    g_test_add_func("/harness/junit/whole", test_junit);
    g_test_add_func("/harness/junit/incomplete", test_junit_incomplete);
    g_test_add_func("/harness/html/page", test_page);
    g_test_add_func("/harness/html/nothing", test_page_of_nothing);
    g_test_add_func("/harness/html/seconds", test_seconds);
    g_test_add_func("/harness/show/tap", test_tap_round);
    return g_test_run();
}
