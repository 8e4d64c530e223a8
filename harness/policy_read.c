/* SPDX-License-Identifier: MIT */
/* A policy's text: comments, JSON, its outermost members. */
#include <string.h>

#include "harness/json_depth.h"
#include "harness/policy_priv.h"
#include "lib/file.h"

#define POLICY_MAX (1u << 20)

/* Comments run from two slashes outside a string to the end of the line. They
 * become blanks, so that the places that errors name stay right. */
static void blank_comments(char *text)
{
    gboolean string = FALSE;
    for (char *c = text; *c; c++) {
        if (string) {
            string = *c != '"' && *c != '\n';
            c += *c == '\\' && c[1];
        } else if (*c == '"') {
            string = TRUE;
        } else if (c[0] == '/' && c[1] == '/') {
            gsize length = strcspn(c, "\n");
            memset(c, ' ', length);
            c += length - 1;
        }
    }
}

/* r->offset says which of the policy's arrays. */
static gboolean read_digest(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return policy_hex(r, node, 48, r->digests, error);
}

static gboolean read_digests(struct policy_reader *r, JsonNode *node,
                             GError **error)
{
    r->digests = *(GArray **)((char *)r->policy + r->offset);
    return policy_read_list(r, node, read_digest, error);
}

static gboolean read_launch(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    static const struct policy_member members[] = {
        { "digests", read_digests,
          G_STRUCT_OFFSET(struct policy, launch_digests) },
        { "id_keys", read_digests, G_STRUCT_OFFSET(struct policy, id_keys) },
        { "author_keys", read_digests,
          G_STRUCT_OFFSET(struct policy, author_keys) },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}

static gboolean add_file(struct policy_reader *r, JsonNode *node,
                         gboolean (*add)(struct policy *policy,
                                         const char *path, GError **error),
                         GError **error)
{
    const char *name = policy_string(r, node, error);
    g_autoptr(GError) local = NULL;
    if (!name) {
        return FALSE;
    }
    g_autofree char *path = policy_path(r, name);
    return add(r->policy, path, &local) ||
           policy_fail(r, error, "%s", local->message);
}

static gboolean read_root(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    return add_file(r, node, policy_add_root, error);
}

static gboolean read_roots(struct policy_reader *r, JsonNode *node,
                           GError **error)
{
    return policy_read_list(r, node, read_root, error);
}

static gboolean read_crl(struct policy_reader *r, JsonNode *node,
                         GError **error)
{
    return add_file(r, node, policy_add_crl, error);
}

static gboolean read_crls(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    return policy_read_list(r, node, read_crl, error);
}

static gboolean read_revocation(struct policy_reader *r, JsonNode *node,
                                GError **error)
{
    static const struct policy_member members[] = {
        { "lists", read_crls, 0 },
        { "required", policy_read_flag,
          G_STRUCT_OFFSET(struct evtpm_policy, require_crl) },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}

static gboolean read_version(struct policy_reader *r, JsonNode *node,
                             GError **error)
{
    gint64 value;
    return policy_number(r, node, G_MAXINT64, &value, error) &&
           (value == 1 ||
            policy_fail(r, error, "%" G_GINT64_FORMAT " is not known, 1 is",
                        value));
}

/* For readers and logs */
static gboolean read_name(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    return policy_string(r, node, error) != NULL;
}

static gboolean read_document(struct policy_reader *r, JsonNode *root,
                              GError **error)
{
    static const struct policy_member members[] = {
        { "version", read_version, 0 },
        { "name", read_name, 0 },
        { "launch", read_launch, 0 },
        { "roots", read_roots, 0 },
        { "revocation", read_revocation, 0 },
        { "minimum_tcb", policy_read_minimum_tcb, 0 },
        { "guest_policy", policy_read_guest_policy, 0 },
        { "pcrs", policy_read_pcrs, 0 },
        { "boot", policy_read_boot, 0 },
        { "ima", policy_read_ima, 0 },
        { "freshness", policy_read_freshness, 0 },
        { NULL, NULL, 0 },
    };
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return policy_fail(r, error, "not a JSON object");
    }
    /* First, so that a later format is called that and not full of errors. */
    JsonNode *version =
        json_object_get_member(json_node_get_object(root), "version");
    if (!version) {
        return policy_fail(r, error, "lacks \"version\": 1");
    }
    g_string_assign(r->member, "version");
    if (!read_version(r, version, error)) {
        return FALSE;
    }
    g_string_truncate(r->member, 0);
    return policy_read_object(r, root, members, error);
}

/* What json-glib would let the last one win. */
struct seen {
    GHashTable *members;
    char *twice;
};

static void note_member(JsonParser *parser, JsonObject *object,
                        const char *name, gpointer data)
{
    struct seen *seen = data;
    char *key = g_strdup_printf("%p %s", (void *)object, name);
    (void)parser;
    if (!g_hash_table_add(seen->members, key) && !seen->twice) {
        seen->twice = g_strdup(name);
    }
}

static gboolean read_text(struct policy_reader *r, char *text, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) local = NULL;
    struct seen seen = {
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL), NULL
    };
    const char *deep;
    gboolean ok;
    blank_comments(text);
    g_signal_connect(parser, "object-member", G_CALLBACK(note_member), &seen);
    deep = json_depth_refuse(text, -1);
    if (deep) {
        ok = policy_fail(r, error, "%s", deep);
    } else if (!json_parser_load_from_data(parser, text, -1, &local)) {
        ok = policy_fail(r, error, "not JSON: %s", local->message);
    } else if (seen.twice) {
        ok = policy_fail(r, error, "\"%s\" stands there twice", seen.twice);
    } else {
        ok = read_document(r, json_parser_get_root(parser), error);
    }
    g_hash_table_unref(seen.members);
    g_free(seen.twice);
    return ok;
}

struct policy *policy_parse(const char *path, const char *text, gsize size,
                            GError **error)
{
    struct policy_reader r = { .policy = policy_new(),
                               .file = path,
                               .directory = g_path_get_dirname(path),
                               .member = g_string_new(NULL) };
    g_autofree char *copy = g_strndup(size ? text : "", size);
    gboolean ok = strlen(copy) == size ? read_text(&r, copy, error)
                                       : policy_fail(&r, error, "not a text");
    g_free(r.directory);
    g_string_free(r.member, TRUE);
    if (!ok) {
        g_clear_pointer(&r.policy, policy_free);
    }
    return r.policy;
}

struct policy *policy_load(const char *path, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    if (evtpm_file_read(path, POLICY_MAX, &blob, &err) < 0) {
        fail_lib(error, &err);
        return NULL;
    }
    struct policy *policy =
        policy_parse(path, (const char *)blob.data, blob.size, error);
    evtpm_blob_clear(&blob);
    return policy;
}
