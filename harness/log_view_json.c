/* SPDX-License-Identifier: MIT */
/* Logs for machines. */
#include <json-glib/json-glib.h>

#include "harness/log_view_priv.h"

static void set_hex(JsonObject *o, const char *name, const guint8 *data,
                    gsize size)
{
    g_autofree char *hex = g_malloc(2 * size + 1);
    json_object_set_string_member(o, name,
                                  evtpm_hex(hex, 2 * size + 1, data, size));
}

static JsonObject *event_json(const struct evtpm_event *event)
{
    static const char *const subjects[] = {
        [EVTPM_SUBJECT_APPLICATION] = "kernel",
        [EVTPM_SUBJECT_INITRD] = "initrd",
        [EVTPM_SUBJECT_COMMAND_LINE] = "command_line",
    };
    const char *name = evtpm_event_type_name(event->type);
    enum evtpm_event_subject subject = evtpm_event_subject(event);
    JsonObject *o = json_object_new(), *digests = json_object_new();
    char text[4096];
    json_object_set_int_member(o, "index", event->index);
    json_object_set_int_member(o, "pcr", event->pcr);
    json_object_set_int_member(o, "type", event->type);
    if (name) {
        json_object_set_string_member(o, "type_name", name);
    }
    for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
        if (event->digest[i]) {
            set_hex(digests, evtpm_hash_name(i), event->digest[i],
                    evtpm_hash_size(i));
        }
    }
    json_object_set_object_member(o, "digests", digests);
    json_object_set_string_member(
        o, "text", evtpm_event_describe(event, text, sizeof(text)));
    if (subject != EVTPM_SUBJECT_OTHER) {
        json_object_set_string_member(o, "subject", subjects[subject]);
    }
    return o;
}

static JsonArray *events_json(const struct log_view *v)
{
    JsonArray *events = json_array_new();
    struct evtpm_event event;
    size_t offset = 0;
    while (evtpm_eventlog_next(&v->log, &offset, &event)) {
        json_array_add_object_element(events, event_json(&event));
    }
    return events;
}

static JsonObject *pcr_json(const struct log_view *v, unsigned pcr)
{
    JsonObject *o = json_object_new();
    JsonArray *events = json_array_new();
    struct evtpm_event event;
    size_t offset = 0;
    json_object_set_int_member(o, "pcr", pcr);
    set_hex(o, "value", log_view_pcr(v, pcr), 32);
    if (v->evidence.pcr_mask & 1u << pcr) {
        set_hex(o, "evidence", v->evidence.pcr[pcr], 32);
        json_object_set_boolean_member(
            o, "explained",
            g_str_has_prefix(log_view_agreement(v, pcr), "as in"));
    }
    while (evtpm_eventlog_next(&v->log, &offset, &event)) {
        if (event.pcr == pcr) {
            json_array_add_int_element(events, event.index);
        }
    }
    json_object_set_array_member(o, "events", events);
    return o;
}

static JsonObject *ima_json(const struct log_view *v,
                            const struct evtpm_ima_entry *entry)
{
    JsonObject *o = json_object_new();
    char path[4096];
    json_object_set_int_member(o, "number", entry->number);
    json_object_set_boolean_member(o, "violation", entry->violation);
    json_object_set_boolean_member(
        o, "quoted", v->ima_explains && entry->number < v->ima_count);
    if (entry->path) {
        g_autofree char *algorithm =
            g_strndup(entry->algorithm, entry->algorithm_size);
        for (char *c = algorithm; *c; c++) {
            *c = g_ascii_isgraph(*c) ? *c : '.';
        }
        json_object_set_string_member(o, "algorithm", algorithm);
        set_hex(o, "digest", entry->digest, entry->digest_size);
        json_object_set_string_member(
            o, "path", evtpm_ima_path(entry, path, sizeof(path)));
    }
    return o;
}

char *log_view_json(const struct log_view *v)
{
    const struct evtpm_blob *list = &v->evidence.ima_log;
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    JsonArray *pcrs = json_array_new(), *ima = json_array_new();
    struct evtpm_ima_entry entry = { 0 };
    size_t offset = 0;
    json_object_set_boolean_member(o, "replays", !v->fault);
    if (v->fault) {
        json_object_set_string_member(o, "fault", v->fault);
    }
    json_object_set_array_member(o, "events", events_json(v));
    for (unsigned pcr = 0; pcr < EVTPM_PCR_COUNT; pcr++) {
        if (log_view_has_pcr(v, pcr) || v->evidence.pcr_mask & 1u << pcr) {
            json_array_add_object_element(pcrs, pcr_json(v, pcr));
        }
    }
    json_object_set_array_member(o, "pcrs", pcrs);
    while (evtpm_ima_next(list->data, list->size, &offset, &entry, NULL) > 0) {
        json_array_add_object_element(ima, ima_json(v, &entry));
    }
    json_object_set_array_member(o, "ima", ima);
    json_node_take_object(root, o);
    return json_to_string(root, TRUE);
}
