/* SPDX-License-Identifier: MIT */
/*
 * A good evidence document with one byte changed: refused, or the same in other
 * spelling, or different only where docs/unauthenticated.md says that nothing
 * vouches for it. A sample of the bytes; all of them with EVTPM_FLIP_ALL=1.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "lib/eventlog_types.h"
#include "lib/ima.h"
#include "tests/unit/evidence-sample.h"

/* One bit alone would make no base64 of the "A" that zeros are. */
#define SAMPLE_STRIDE 97

static struct sample good;
static GHashTable *listed;  /* classes of the table */
static GHashTable *excused; /* class -> count of bytes accepted */

static gboolean in_bytes(const uint8_t *base, size_t at, const uint8_t *start,
                         size_t size)
{
    return start && base + at >= start && base + at < start + size;
}

static const char *class_of_report(size_t at)
{
    return at >= offsetof(struct snp_attestation_report, rsvd_330)
               ? "report.signature-reserved"
               : NULL;
}

static const char *class_of_table(size_t at)
{
    const struct evtpm_blob *table = &good.evidence.certificates;
    const struct snp_cert_entry *entry = (const void *)table->data;

    for (;; entry++) {
        if (entry->length == 0) {
            return "certificates.padding";
        }
        if (in_bytes(table->data, at, (const uint8_t *)entry, sizeof(*entry)) ||
            in_bytes(table->data, at, table->data + entry->offset,
                     entry->length)) {
            return NULL;
        }
    }
}

/* Events whose data the SHA-256 digest is of, which the replay compares */
static gboolean data_is_digested(const struct evtpm_event *event)
{
    switch (event->type) {
    case EV_SEPARATOR:
    case EV_S_CRTM_VERSION:
    case EV_EFI_ACTION:
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
        return TRUE;
    default:
        return FALSE;
    }
}

static const char *class_of_event(const struct evtpm_event *event,
                                  const uint8_t *start, size_t at)
{
    const uint8_t *base = good.evidence.event_log.data;

    if (event->type == EV_NO_ACTION) {
        return "event-log.no-action";
    }
    if (in_bytes(base, at, start + 4, 4)) {
        return "event-log.type";
    }
    for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
        if (i != EVTPM_SHA256 &&
            in_bytes(base, at, event->digest[i], evtpm_hash_size(i))) {
            return "event-log.other-banks";
        }
    }
    return in_bytes(base, at, event->data, event->data_size) &&
                   !data_is_digested(event)
               ? "event-log.text"
               : NULL;
}

static const char *class_of_log(size_t at)
{
    const struct evtpm_blob *log = &good.evidence.event_log;
    struct evtpm_eventlog reader;
    struct evtpm_event event;
    size_t offset = 0, start;

    g_assert_cmpint(evtpm_eventlog_open(&reader, log->data, log->size, NULL),
                    ==, 0);
    if (at < reader.first) {
        return "event-log.header";
    }
    for (start = reader.first; evtpm_eventlog_next(&reader, &offset, &event);
         start = offset) {
        if (at < offset) {
            return class_of_event(&event, log->data + start, at);
        }
    }
    return NULL;
}

/* PCR, SHA-1, then the counted name */
static const char *class_of_list(size_t at)
{
    const struct evtpm_blob *list = &good.evidence.ima_log;
    struct evtpm_ima_entry entry = { 0 };
    size_t offset = 0, start = 0;

    while (evtpm_ima_next(list->data, list->size, &offset, &entry, NULL) > 0) {
        if (at < offset) {
            return at >= start + 28 && at < start + 28 + 6 ? "ima-log.template"
                                                           : NULL;
        }
        start = offset;
    }
    return NULL;
}

static const char *class_of(const char *member, size_t at)
{
    return strcmp(member, "report") == 0         ? class_of_report(at)
           : strcmp(member, "certificates") == 0 ? class_of_table(at)
           : strcmp(member, "event_log") == 0    ? class_of_log(at)
           : strcmp(member, "ima_log") == 0      ? class_of_list(at)
                                                 : NULL;
}

static void excuse(const char *class, const char *member, size_t at)
{
    if (!class || !g_hash_table_contains(listed, class)) {
        g_error("%s: byte %zu was changed and nobody noticed (%s)", member, at,
                class ? class : "of no class");
    }
    g_hash_table_insert(
        excused, (gpointer) class,
        GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(excused, class)) +
                         1));
}

/* Every byte of the accepted evidence that differs from the good one's */
static void compare(struct evtpm_evidence *e)
{
    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        const struct evtpm_evidence_field *field = &evtpm_evidence_fields[i];
        const struct evtpm_blob *a = evtpm_evidence_blob(e, field);
        const struct evtpm_blob *b = evtpm_evidence_blob(&good.evidence, field);

        if (a->size != b->size) {
            excuse(NULL, field->name, a->size);
        }
        for (size_t at = 0; at < a->size; at++) {
            if (a->data[at] != b->data[at]) {
                excuse(class_of(field->name, at), field->name, at);
            }
        }
    }
    for (unsigned pcr = 0; pcr < EVTPM_PCR_COUNT; pcr++) {
        if (!(e->pcr_mask & 1u << pcr) ||
            memcmp(e->pcr[pcr], good.evidence.pcr[pcr], 32) != 0) {
            excuse(pcr >= 16 && pcr <= 22 ? "pcrs.not-quoted" : NULL, "pcrs",
                   pcr);
        }
    }
}

/* Returns whether it was refused. */
static gboolean try(const char *text, gsize size)
{
    struct evtpm_evidence e;
    struct evtpm_result result;

    if (!evidence_from_json(text, (gssize)size, &e, NULL)) {
        return TRUE;
    }
    if (evtpm_verify(&e, &good.policy, &result) == 0) {
        compare(&e);
        evtpm_evidence_clear(&e);
        return FALSE;
    }
    evtpm_evidence_clear(&e);
    return TRUE;
}

static void note(gpointer class, gpointer count, gpointer unused)
{
    (void)unused;
    g_test_message("%s: %u bytes", (const char *)class,
                   GPOINTER_TO_UINT(count));
}

static void test_flip(void)
{
    const gboolean all = g_getenv("EVTPM_FLIP_ALL") != NULL;
    g_autofree char *text = evidence_to_json(&good.evidence);
    gsize size = strlen(text), refused = 0, tried = 0;
    /* another start each time, so that many samples are a whole */
    gsize start = all ? 0 : g_test_rand_int_range(0, SAMPLE_STRIDE);

    g_assert_false(try(text, size));
    g_assert_cmpuint(g_hash_table_size(excused), ==, 0);
    for (gsize at = start; at < size; at += all ? 1 : SAMPLE_STRIDE) {
        for (char bit = 1; bit <= 2; bit++) {
            text[at] ^= bit;
            refused += try(text, size);
            text[at] ^= bit;
            tried++;
        }
    }
    g_assert_false(try(text, size));
    g_test_message("%zu changes of %zu bytes, %zu refused", tried, size,
                   refused);
    g_hash_table_foreach(excused, note, NULL);
    g_assert_cmpuint(refused, >, tried / 4);
    if (all) {
        g_assert_cmpuint(g_hash_table_size(excused), ==,
                         g_hash_table_size(listed));
    }
}

/* The first column of the table, between backquotes */
static void read_table(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "docs", "unauthenticated.md", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *end =
            g_str_has_prefix(*line, "| `") ? strstr(*line + 3, "` | ") : NULL;

        if (end) {
            g_hash_table_add(listed,
                             g_strndup(*line + 3, (gsize)(end - *line - 3)));
        }
    }
    g_assert_cmpuint(g_hash_table_size(listed), >, 0);
}

/* Its control: the members that the sample changes would be found out. */
static void test_classes(void)
{
    g_assert_null(class_of("report", 0x90));
    g_assert_null(class_of("report", 0x32f));
    g_assert_cmpstr(class_of("report", 0x330), ==, "report.signature-reserved");
    g_assert_null(class_of("certificates", 0));
    g_assert_null(class_of("quote.attest", 0));
    g_assert_null(class_of("nonce", 0));
    g_assert_cmpstr(
        class_of("certificates", good.evidence.certificates.size - 1), ==,
        "certificates.padding");
    g_assert_cmpstr(class_of("event_log", 0), ==, "event-log.header");
    g_assert_cmpstr(class_of("ima_log", 30), ==, "ima-log.template");
    g_assert_null(class_of("ima_log", 0));
    g_assert_null(class_of("ima_log", 40));
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    listed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    excused = g_hash_table_new(g_str_hash, g_str_equal);
    read_table();
    sample_chips_create(1);
    sample_init(&good, 0, 0);
    /* evidence ages, and all bytes take minutes */
    good.policy.now = time(NULL);
    g_test_add_func("/flip/classes", test_classes);
    g_test_add_func("/flip/document", test_flip);
    status = g_test_run();
    sample_clear(&good);
    sample_chips_remove();
    g_hash_table_unref(listed);
    g_hash_table_unref(excused);
    return status;
}
