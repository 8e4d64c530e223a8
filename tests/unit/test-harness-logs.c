/* SPDX-License-Identifier: MIT */
/* Logs in readable form: of evidence, alone, and hostile ones. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "harness/log_view.h"
#include "harness/tree.h"
#include "lib/eventlog_types.h"
#include "tests/unit/evidence-sample.h"
#include "tests/unit/log-sample.h"
#include "tests/unit/only-lists.h"

static char *dir;
static struct sample good;

static struct log_view *load(const void *data, gsize size, GError **error)
{
    g_autofree char *path = g_build_filename(dir, "file", NULL);
    g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    return log_view_load(path, error);
}

static char *shown(const void *data, gsize size, gboolean json)
{
    g_autoptr(GError) error = NULL;
    struct log_view *view = load(data, size, &error);
    g_assert_no_error(error);
    char *text = json ? log_view_json(view) : log_view_text(view);
    log_view_free(view);
    return text;
}

static char *shown_evidence(struct sample *s, gboolean json)
{
    g_autofree char *text = evidence_to_json(&s->evidence);
    return shown(text, strlen(text), json);
}

/* `line` is in the text, below the heading of the PCR. */
static void has_line(const char *text, unsigned pcr, const char *line)
{
    g_autofree char *heading = g_strdup_printf("PCR %u = ", pcr);
    const char *start = strstr(text, heading), *end;
    g_assert_nonnull(start);
    end = strstr(start, "\nPCR ");
    g_autofree char *section =
        g_strndup(start, end ? (gsize)(end + 1 - start) : strlen(start));
    if (!strstr(section, line)) {
        g_test_message("%s lacks: %s", section, line);
        g_test_fail();
    }
}

static void test_text(void)
{
    g_autofree char *text = shown_evidence(&good, FALSE);
    g_autofree char *kernel =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, LOG_KERNEL, -1);
    g_autofree char *initrd =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, LOG_INITRD, -1);
    g_autofree char *init =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, "/usr/bin/init", -1);
    g_autofree char *kernel_line = g_strdup_printf(
        "    14  EV_EFI_BOOT_SERVICES_APPLICATION   %s  kernel or boot loader",
        kernel);
    g_autofree char *initrd_line = g_strdup_printf(
        "    16  EV_EVENT_TAG                       %s  initrd: Linux initrd\n",
        initrd);
    g_autofree char *init_line =
        g_strdup_printf("     1  %s  /usr/bin/init\n", init);
    char pcr4[65];
    g_autofree char *heading =
        g_strdup_printf("PCR 4 = %s, as in the evidence\n",
                        evtpm_hex(pcr4, 65, good.evidence.pcr[4], 32));
    g_assert_nonnull(strstr(text, heading));
    has_line(text, 4, "Calling EFI Application from Boot Option\n");
    has_line(text, 4, kernel_line);
    has_line(text, 9, initrd_line);
    has_line(text, 9, "command line: LOADED_IMAGE::LoadOptions\n");
    has_line(text, 10, ", as in the evidence\n");
    has_line(text, 10, "  boot_aggregate\n");
    has_line(text, 10, init_line);
    has_line(text, 7, "SecureBoot, 1 bytes\n");
    has_line(text, 0, "not extended");
    g_assert_null(strstr(text, "PCR 11"));
    g_assert_null(strstr(text, "not what"));
}

/* What differs is said, and what nothing explains. */
static void test_differs(void)
{
    struct sample s;
    sample_init(&s, 0, 0);
    s.evidence.pcr[4][0] ^= 1;
    s.evidence.pcr[12][0] ^= 1;
    s.evidence.pcr[10][0] ^= 1;
    g_autofree char *text = shown_evidence(&s, FALSE);
    has_line(text, 4, ", not what the evidence has\n");
    has_line(text, 5, ", as in the evidence\n");
    has_line(text, 10, ", not what the evidence has\n");
    has_line(text, 12, "no log explains it\n");
    sample_clear(&s);
}

static void test_later_entries(void)
{
    g_autoptr(GByteArray) list = g_byte_array_new();
    struct sample s;
    sample_init(&s, 0, 0);
    g_byte_array_append(list, s.evidence.ima_log.data,
                        (guint)s.evidence.ima_log.size);
    ima_entry(list, 10, "/usr/bin/later", FALSE);
    ima_entry(list, 10, "/tmp/\033[2J", TRUE);
    g_assert_true(evtpm_blob_set(&s.evidence.ima_log, list->data, list->len));
    g_autofree char *text = shown_evidence(&s, FALSE);
    const char *note = strstr(text, "measured after the quote:\n");
    g_assert_nonnull(note);
    g_assert_true(strstr(text, "/usr/bin/init") < note);
    g_assert_true(strstr(text, "/usr/bin/later") > note);
    g_assert_nonnull(strstr(text, "changed while measured"));
    g_assert_nonnull(strstr(text, "/tmp/.[2J\n"));
    sample_clear(&s);
}

static void test_json(void)
{
    g_autofree char *text = shown_evidence(&good, TRUE);
    g_autofree char *kernel =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, LOG_KERNEL, -1);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    json_parser_load_from_data(parser, text, -1, &error);
    g_assert_no_error(error);
    JsonObject *o = json_node_get_object(json_parser_get_root(parser));
    JsonArray *events = json_object_get_array_member(o, "events");
    JsonArray *pcrs = json_object_get_array_member(o, "pcrs");
    JsonArray *ima = json_object_get_array_member(o, "ima");
    g_assert_true(json_object_get_boolean_member(o, "replays"));
    g_assert_cmpuint(json_array_get_length(events), ==, 17);
    g_assert_cmpuint(json_array_get_length(pcrs), ==, 24);
    g_assert_cmpuint(json_array_get_length(ima), ==, 2);
    JsonObject *event = json_array_get_object_element(events, 14);
    JsonObject *digests = json_object_get_object_member(event, "digests");
    g_assert_cmpstr(json_object_get_string_member(event, "subject"), ==,
                    "kernel");
    g_assert_cmpstr(json_object_get_string_member(event, "type_name"), ==,
                    "EV_EFI_BOOT_SERVICES_APPLICATION");
    g_assert_cmpstr(json_object_get_string_member(digests, "sha256"), ==,
                    kernel);
    g_assert_cmpuint(strlen(json_object_get_string_member(digests, "sha384")),
                     ==, 96);
    for (guint pcr = 0; pcr < 24; pcr++) {
        JsonObject *p = json_array_get_object_element(pcrs, pcr);
        g_assert_true(json_object_get_boolean_member(p, "explained"));
    }
    JsonArray *four = json_object_get_array_member(
        json_array_get_object_element(pcrs, 4), "events");
    g_assert_cmpint(json_array_get_int_element(four, 2), ==, 14);
    JsonObject *init = json_array_get_object_element(ima, 1);
    g_assert_cmpstr(json_object_get_string_member(init, "path"), ==,
                    "/usr/bin/init");
    g_assert_cmpstr(json_object_get_string_member(init, "algorithm"), ==,
                    "sha256");
    g_assert_true(json_object_get_boolean_member(init, "quoted"));
}

static void test_alone(void)
{
    const struct evtpm_evidence *e = &good.evidence;
    g_autofree char *log = shown(e->event_log.data, e->event_log.size, FALSE);
    g_autofree char *list = shown(e->ima_log.data, e->ima_log.size, FALSE);
    has_line(log, 4, "kernel or boot loader");
    g_assert_null(strstr(log, "evidence"));
    g_assert_null(strstr(log, "PCR 10"));
    has_line(list, 10, "/usr/bin/init\n");
    g_assert_null(strstr(list, "PCR 4"));
}

/* A log that can be read and does not replay is shown all the same. */
static void test_does_not_replay(void)
{
    g_autoptr(GByteArray) log = g_byte_array_new();
    log_header(log, SAMPLE_BANKS);
    log_event(log, SAMPLE_BANKS, 4, EV_EFI_ACTION, "said", 4, "done");
    g_autofree char *text = shown(log->data, log->len, FALSE);
    g_assert_true(g_str_has_prefix(
        text, "the firmware's log does not replay: event 0 (PCR 4, "));
    has_line(text, 4, "  said\n");
    g_autofree char *json = shown(log->data, log->len, TRUE);
    g_assert_nonnull(strstr(json, "\"replays\" : false"));
}

static const struct {
    const char *name, *data;
    gsize size;
    const char *error;
} bad[] = {
    { "empty", "", 0, "neither evidence nor a log" },
    { "text", "hello", 5, "neither evidence nor a log" },
    { "json", "{}", 2, "evidence: not of version 1" },
    { "log", "\0\0\0\0\3\0\0\0", 8, "event log: header is cut short" },
    { "list", "\12\0\0\0\3\0\0\0", 8, "IMA list: entry 0 is cut short" },
};

static void test_bad(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(load(bad[i].data, bad[i].size, &error));
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, bad[i].error));
    }
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
        sample_chips_create(1);
        sample_init(&good, 0, 0);
    }
    g_test_add_func("/harness/logs/text", test_text);
    g_test_add_func("/harness/logs/differs", test_differs);
    g_test_add_func("/harness/logs/later-entries", test_later_entries);
    g_test_add_func("/harness/logs/json", test_json);
    g_test_add_func("/harness/logs/alone", test_alone);
    g_test_add_func("/harness/logs/does-not-replay", test_does_not_replay);
    g_test_add_func("/harness/logs/bad", test_bad);
    int status = g_test_run();
    if (!lists) {
        sample_clear(&good);
        sample_chips_remove();
        tree_remove(dir);
        g_free(dir);
    }
    return status;
}
