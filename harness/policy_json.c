/* SPDX-License-Identifier: MIT */
/* Typed values of a policy, with errors that name the member. */
#include <string.h>

#include "harness/policy_priv.h"
#include "lib/file.h"

gboolean policy_fail(struct policy_reader *r, GError **error, const char *fmt,
                     ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return fail(error, HARNESS_ERROR_FAILED, "%s: %s%s%s", r->file,
                r->member->str, r->member->len ? ": " : "", text);
}

static gboolean read_member(struct policy_reader *r, const char *name,
                            JsonNode *value,
                            const struct policy_member *members, GError **error)
{
    for (const struct policy_member *m = members; m->name; m++) {
        if (strcmp(m->name, name) == 0) {
            r->offset = m->offset;
            return m->read(r, value, error);
        }
    }
    return policy_fail(r, error, "there is no such member");
}

gboolean policy_read_object(struct policy_reader *r, JsonNode *node,
                            const struct policy_member *members, GError **error)
{
    JsonObjectIter it;
    const char *name;
    JsonNode *value;
    gsize length = r->member->len;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        return policy_fail(r, error, "is no object");
    }
    json_object_iter_init_ordered(&it, json_node_get_object(node));
    while (json_object_iter_next_ordered(&it, &name, &value)) {
        g_string_append_printf(r->member, "%s%s", length ? "." : "", name);
        if (!read_member(r, name, value, members, error)) {
            return FALSE;
        }
        g_string_truncate(r->member, length);
    }
    return TRUE;
}

gboolean policy_read_list(struct policy_reader *r, JsonNode *node,
                          policy_read_fn read, GError **error)
{
    gsize length = r->member->len;
    if (!JSON_NODE_HOLDS_ARRAY(node)) {
        return policy_fail(r, error, "is no list");
    }
    JsonArray *array = json_node_get_array(node);
    if (json_array_get_length(array) == 0) {
        return policy_fail(r, error,
                           "is empty: leave it out, or list what is accepted");
    }
    for (guint i = 0; i < json_array_get_length(array); i++) {
        g_string_append_printf(r->member, "[%u]", i);
        if (!read(r, json_array_get_element(array, i), error)) {
            return FALSE;
        }
        g_string_truncate(r->member, length);
    }
    return TRUE;
}

gboolean policy_read_by_pcr(struct policy_reader *r, JsonNode *node,
                            policy_read_fn read, GError **error)
{
    JsonObjectIter it;
    const char *name;
    JsonNode *value;
    gsize length = r->member->len;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        return policy_fail(r, error, "is no object");
    }
    json_object_iter_init_ordered(&it, json_node_get_object(node));
    while (json_object_iter_next_ordered(&it, &name, &value)) {
        guint64 number;
        g_string_append_printf(r->member, ".%s", name);
        if (!g_ascii_string_to_unsigned(name, 10, 0, EVTPM_PCR_COUNT - 1,
                                        &number, NULL)) {
            return policy_fail(r, error, "is no PCR (0 to %d)",
                               EVTPM_PCR_COUNT - 1);
        }
        r->pcr = (guint)number;
        if (!read(r, value, error)) {
            return FALSE;
        }
        g_string_truncate(r->member, length);
    }
    return TRUE;
}

static gboolean holds(JsonNode *node, GType type)
{
    return JSON_NODE_HOLDS_VALUE(node) &&
           json_node_get_value_type(node) == type;
}

const char *policy_string(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    if (!holds(node, G_TYPE_STRING)) {
        policy_fail(r, error, "is no string");
        return NULL;
    }
    return json_node_get_string(node);
}

gboolean policy_read_flag(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    bool *flag = (bool *)((char *)&r->policy->lib + r->offset);
    if (!holds(node, G_TYPE_BOOLEAN)) {
        return policy_fail(r, error, "is neither true nor false");
    }
    *flag = json_node_get_boolean(node);
    return TRUE;
}

gboolean policy_number(struct policy_reader *r, JsonNode *node, gint64 most,
                       gint64 *out, GError **error)
{
    if (!holds(node, G_TYPE_INT64)) {
        return policy_fail(r, error, "is no whole number");
    }
    *out = json_node_get_int(node);
    if (*out < 0 || *out > most) {
        return policy_fail(
            r, error, "%" G_GINT64_FORMAT " is not in 0 to %" G_GINT64_FORMAT,
            *out, most);
    }
    return TRUE;
}

gboolean policy_hex(struct policy_reader *r, JsonNode *node, gsize size,
                    GArray *out, GError **error)
{
    const char *text = policy_string(r, node, error);
    if (!text) {
        return FALSE;
    }
    if (strlen(text) != 2 * size) {
        return policy_fail(r, error, "has %zu characters, not %zu hex digits",
                           strlen(text), 2 * size);
    }
    g_array_set_size(out, out->len + 1);
    if (!evtpm_unhex(out->data + (out->len - 1) * size, size, text)) {
        return policy_fail(r, error, "has characters that are no hex digits");
    }
    return TRUE;
}

gboolean policy_read_digest(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return policy_hex(r, node, 32, r->digests, error);
}

GArray *policy_digests(struct policy_reader *r, JsonNode *node, GError **error)
{
    r->digests = g_array_new(FALSE, TRUE, 32);
    g_ptr_array_add(r->policy->digests, r->digests);
    return policy_read_list(r, node, policy_read_digest, error) ? r->digests
                                                                : NULL;
}

char *policy_path(const struct policy_reader *r, const char *name)
{
    return g_path_is_absolute(name)
               ? g_strdup(name)
               : g_build_filename(r->directory, name, NULL);
}

gboolean policy_file(struct policy_reader *r, JsonNode *node, gsize most,
                     struct evtpm_blob *out, GError **error)
{
    const char *name = policy_string(r, node, error);
    struct evtpm_error err = { "" };
    if (!name) {
        return FALSE;
    }
    g_autofree char *path = policy_path(r, name);
    return evtpm_file_read(path, most, out, &err) == 0 ||
           policy_fail(r, error, "%s", err.text);
}
