/* SPDX-License-Identifier: MIT */
/* Logs for people: PCR by PCR, the events in their order. */
#include <string.h>

#include "harness/log_view_priv.h"

static void put_event(GString *out, const struct evtpm_event *event)
{
    const char *name = evtpm_event_type_name(event->type);
    char number[16], hex[65], text[200];
    g_snprintf(number, sizeof(number), "%#x", event->type);
    if (event->digest[EVTPM_SHA256]) {
        evtpm_hex(hex, sizeof(hex), event->digest[EVTPM_SHA256], 32);
    } else {
        g_strlcpy(hex, "no SHA-256 digest", sizeof(hex));
    }
    enum evtpm_event_subject subject = evtpm_event_subject(event);
    evtpm_event_describe(event, text, sizeof(text));
    g_string_append_printf(
        out, "  %4u  %-34s %-64s  %s%s%s\n", event->index, name ? name : number,
        event->type == 3 ? "not extended" : hex,
        subject == EVTPM_SUBJECT_OTHER ? "" : evtpm_event_subject_name(subject),
        subject == EVTPM_SUBJECT_OTHER || !*text ? "" : ": ", text);
}

static void put_pcr(GString *out, const struct log_view *v, unsigned pcr)
{
    const char *agreement = log_view_agreement(v, pcr);
    struct evtpm_event event;
    size_t offset = 0;
    char hex[65];
    evtpm_hex(hex, sizeof(hex), log_view_pcr(v, pcr), 32);
    g_string_append_printf(out, "PCR %u = %s%s%s\n", pcr, hex,
                           *agreement ? ", " : "", agreement);
    while (evtpm_eventlog_next(&v->log, &offset, &event)) {
        if (event.pcr == pcr) {
            put_event(out, &event);
        }
    }
}

static void put_ima(GString *out, const struct log_view *v)
{
    const struct evtpm_blob *list = &v->evidence.ima_log;
    struct evtpm_ima_entry entry = { 0 };
    size_t offset = 0;
    while (evtpm_ima_next(list->data, list->size, &offset, &entry, NULL) > 0) {
        char path[300], hex[131] = "";
        if (v->ima_explains && entry.number == v->ima_count) {
            g_string_append(out, "  measured after the quote:\n");
        }
        evtpm_ima_path(&entry, path, sizeof(path));
        evtpm_hex(hex, sizeof(hex), entry.digest, entry.digest_size);
        g_string_append_printf(out, "  %4u  %-64s  %s\n", entry.number,
                               entry.violation ? "changed while measured"
                               : entry.path    ? hex
                                               : "names no file",
                               path);
    }
}

char *log_view_text(const struct log_view *v)
{
    GString *out = g_string_new(NULL);
    if (v->fault) {
        g_string_append_printf(out, "the firmware's log does not replay: %s\n",
                               v->fault);
    }
    for (unsigned pcr = 0; pcr < EVTPM_PCR_COUNT; pcr++) {
        if (log_view_has_pcr(v, pcr)) {
            put_pcr(out, v, pcr);
            if (pcr == EVTPM_IMA_PCR) {
                put_ima(out, v);
            }
        } else if (strstr(log_view_agreement(v, pcr), "not")) {
            put_pcr(out, v, pcr);
            g_string_append(out, "        no log explains it\n");
        }
    }
    return g_string_free(out, FALSE);
}
