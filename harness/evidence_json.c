/* SPDX-License-Identifier: MIT */
/* Evidence in and out of JSON. It comes from a guest that nobody trusts yet. */
#include "harness/evidence_json.h"

#include <string.h>

#include "harness/json_depth.h"

static JsonNode *get(JsonObject *object, const char *name)
{
    return object ? json_object_get_member(object, name) : NULL;
}

gboolean json_get_base64(JsonObject *object, const char *name, gsize most,
                         struct evtpm_blob *blob, GError **error)
{
    JsonNode *node = get(object, name);
    const char *text =
        node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
    if (!text) {
        return fail(error, HARNESS_ERROR_FAILED, "lacks \"%s\"", name);
    }
    gsize size;
    g_autofree guchar *data = g_base64_decode(text, &size);
    g_autofree char *again = g_base64_encode(data, size);
    if (strcmp(text, again) != 0) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "\"%s\" is not base64", name);
    }
    if (size > most) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "\"%s\" has %zu bytes, at most %zu are allowed",
                    name, size, most);
    }
    return evtpm_blob_set(blob, data, size) ||
           fail(error, HARNESS_ERROR_FAILED, "out of memory");
}

/* "quote.attest" is the member "attest" of the object "quote". */
static gboolean read_field(JsonObject *root,
                           const struct evtpm_evidence_field *field,
                           struct evtpm_evidence *e, GError **error)
{
    const char *dot = strchr(field->name, '.');
    JsonObject *object = root;
    const char *name = field->name;
    if (dot) {
        g_autofree char *outer =
            g_strndup(field->name, (gsize)(dot - field->name));
        JsonNode *node = get(root, outer);
        object = node && JSON_NODE_HOLDS_OBJECT(node)
                     ? json_node_get_object(node)
                     : NULL;
        name = dot + 1;
    }
    struct evtpm_blob *blob = evtpm_evidence_blob(e, field);
    return json_get_base64(object, name, field->most, blob, error) &&
           (blob->size || field->may_be_empty ||
            fail(error, HARNESS_ERROR_FAILED, "\"%s\" is empty",
                 field->name));
}

static gboolean read_pcrs(JsonObject *root, struct evtpm_evidence *e,
                          GError **error)
{
    JsonNode *pcrs = get(root, "pcrs");
    JsonNode *bank = pcrs && JSON_NODE_HOLDS_OBJECT(pcrs)
                         ? get(json_node_get_object(pcrs), "sha256")
                         : NULL;
    if (!bank || !JSON_NODE_HOLDS_OBJECT(bank)) {
        return fail(error, HARNESS_ERROR_FAILED, "lacks sha256 PCRs");
    }
    JsonObjectIter it;
    const char *name;
    JsonNode *value;
    json_object_iter_init(&it, json_node_get_object(bank));
    while (json_object_iter_next(&it, &name, &value)) {
        char *end;
        guint64 n = g_ascii_strtoull(name, &end, 10);
        const char *hex =
            JSON_NODE_HOLDS_VALUE(value) ? json_node_get_string(value) : NULL;
        if (!g_ascii_isdigit(*name) || *end || n >= EVTPM_PCR_COUNT || !hex ||
            !evtpm_unhex(e->pcr[n], sizeof(e->pcr[n]), hex)) {
            return fail(error, HARNESS_ERROR_FAILED,
                        "malformed PCR \"%s\"", name);
        }
        e->pcr_mask |= 1u << n;
    }
    return TRUE;
}

static gboolean read_all(JsonNode *root, struct evtpm_evidence *e,
                         GError **error)
{
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return fail(error, HARNESS_ERROR_FAILED, "not a JSON object");
    }
    JsonObject *object = json_node_get_object(root);
    JsonNode *version = get(object, "version");
    if (!version || !JSON_NODE_HOLDS_VALUE(version) ||
        json_node_get_int(version) != 1) {
        return fail(error, HARNESS_ERROR_FAILED, "not of version 1");
    }
    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        if (!read_field(object, &evtpm_evidence_fields[i], e, error)) {
            return FALSE;
        }
    }
    return read_pcrs(object, e, error);
}

gboolean evidence_from_json(const char *text, gssize size,
                            struct evtpm_evidence *evidence, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    g_autoptr(GError) local = NULL;
    *evidence = (struct evtpm_evidence){ 0 };
    if (!text || size == 0) {
        return fail(error, HARNESS_ERROR_FAILED, "evidence: an empty file");
    }
    const char *refused = json_depth_refuse(text, size);
    if (refused) {
        return fail(error, HARNESS_ERROR_FAILED, "evidence: %s", refused);
    }
    if (!json_parser_load_from_data(parser, text, size, &local)) {
        return fail(error, HARNESS_ERROR_FAILED, "evidence: not JSON: %s",
                    local->message);
    }
    if (!read_all(json_parser_get_root(parser), evidence, error)) {
        g_prefix_error(error, "evidence: ");
        evtpm_evidence_clear(evidence);
        return FALSE;
    }
    return TRUE;
}

static void add_field(JsonObject *root, struct evtpm_evidence *e,
                      const struct evtpm_evidence_field *field)
{
    const struct evtpm_blob *blob = evtpm_evidence_blob(e, field);
    g_autofree char *text =
        blob->size ? g_base64_encode(blob->data, blob->size) : g_strdup("");
    const char *dot = strchr(field->name, '.');
    if (!dot) {
        json_object_set_string_member(root, field->name, text);
        return;
    }
    g_autofree char *outer = g_strndup(field->name, (gsize)(dot - field->name));
    if (!json_object_has_member(root, outer)) {
        json_object_set_object_member(root, outer, json_object_new());
    }
    json_object_set_string_member(json_object_get_object_member(root, outer),
                                  dot + 1, text);
}

char *evidence_to_json(struct evtpm_evidence *e)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "version", 1);
    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        add_field(object, e, &evtpm_evidence_fields[i]);
    }
    JsonObject *bank = json_object_new();
    for (unsigned n = 0; n < EVTPM_PCR_COUNT; n++) {
        char name[4], hex[65];
        if (e->pcr_mask & 1u << n) {
            g_snprintf(name, sizeof(name), "%u", n);
            evtpm_hex(hex, sizeof(hex), e->pcr[n], 32);
            json_object_set_string_member(bank, name, hex);
        }
    }
    JsonObject *pcrs = json_object_new();
    json_object_set_object_member(pcrs, "sha256", bank);
    json_object_set_object_member(object, "pcrs", pcrs);
    json_node_take_object(root, object);
    return json_to_string(root, TRUE);
}
