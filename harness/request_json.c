/* SPDX-License-Identifier: MIT */
/* The relying party's own record of a request. */
#include "harness/request_json.h"

#include "harness/evidence_json.h"
#include "harness/json_depth.h"
#include "harness/tree.h"
#include "lib/file.h"

#define REQUEST_MAX 0x10000

#define MEMBER(name, member, most)                                             \
    {                                                                          \
        name, G_STRUCT_OFFSET(struct attest, member), most                     \
    }
static const struct {
    const char *name;
    gsize offset, most;
} members[] = {
    MEMBER("nonce", nonce, EVTPM_NONCE_SIZE),
    MEMBER("secret", credential.secret, 0x100),
    MEMBER("ek_public", credential.ek_public, 0x1000),
    MEMBER("ak_name", credential.ak_name, 0x100),
};

gboolean request_write(const char *path, const struct attest *a, GError **error)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    json_object_set_int_member(o, "version", 1);
    json_object_set_int_member(o, "issued", a->issued);
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        const struct evtpm_blob *blob = G_STRUCT_MEMBER_P(a, members[i].offset);
        g_autofree char *text = g_base64_encode(blob->data, blob->size);
        json_object_set_string_member(o, members[i].name, text);
    }
    json_node_take_object(root, o);
    g_autofree char *text = json_to_string(root, TRUE);
    return tree_write(path, text, -1, error);
}

static gboolean read_int(JsonObject *o, const char *name, gint64 *out)
{
    JsonNode *node = json_object_get_member(o, name);
    if (!node || !JSON_NODE_HOLDS_VALUE(node) ||
        json_node_get_value_type(node) != G_TYPE_INT64) {
        return FALSE;
    }
    *out = json_node_get_int(node);
    return TRUE;
}

static gboolean read_members(const char *path, JsonNode *root, struct attest *a,
                             GError **error)
{
    gint64 version, issued;
    if (!root || !JSON_NODE_HOLDS_OBJECT(root) ||
        !read_int(json_node_get_object(root), "version", &version) ||
        version != 1 ||
        !read_int(json_node_get_object(root), "issued", &issued) ||
        issued <= 0) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "%s: not a request of version 1", path);
    }
    a->issued = (time_t)issued;
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        struct evtpm_blob *blob = G_STRUCT_MEMBER_P(a, members[i].offset);
        g_autoptr(GError) local = NULL;
        if (!json_get_base64(json_node_get_object(root), members[i].name,
                             members[i].most, blob, &local) ||
            blob->size == 0) {
            return fail(error, HARNESS_ERROR_FAILED,
                        "%s: \"%s\" is missing or malformed", path,
                        members[i].name);
        }
    }
    return TRUE;
}

gboolean request_read(const char *path, struct attest *a, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 };
    JsonNode *root = NULL;
    if (evtpm_file_read(path, REQUEST_MAX, &file, &err) < 0) {
        return fail_lib(error, &err);
    }
    const char *text = (const char *)file.data;
    if (file.size && !json_depth_refuse(text, (gssize)file.size) &&
        json_parser_load_from_data(parser, text, (gssize)file.size, NULL)) {
        root = json_parser_get_root(parser);
    }
    gboolean ok = read_members(path, root, a, error);
    evtpm_blob_clear(&file);
    return ok;
}
