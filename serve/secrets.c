/* SPDX-License-Identifier: MIT */
#include "serve/secrets.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/evidence_json.h"
#include "harness/json_depth.h"
#include "lib/envelope.h"
#include "lib/file.h"

#define FILE_MOST (16u << 20)

struct secrets {
    GHashTable *by_name; /* to struct evtpm_blob */
};

static void wipe(struct evtpm_blob *blob)
{
    if (blob->size) {
        gnutls_memset(blob->data, 0, blob->size);
    }
    evtpm_blob_clear(blob);
}

static void blob_free(gpointer data)
{
    wipe(data);
    g_free(data);
}

gboolean secrets_name_ok(const char *name)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    gsize length = strlen(name);
    return length >= 1 && length <= SECRET_NAME_MAX && *name != '.' &&
           strspn(name, chars) == length;
}

/* Files must be nobody's to read, directories nobody's to write. */
static gboolean private(const char *path, struct stat *st, GError **error)
{
    if (stat(path, st) < 0) {
        return fail_errno(error, errno, "secrets: %s", path);
    }
    if (st->st_mode & (S_ISDIR(st->st_mode) ? S_IWOTH : S_IRWXO)) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "secrets: %s is open to everybody: chmod o= it", path);
    }
    return TRUE;
}

/* Takes the blob over. */
static gboolean add(struct secrets *s, const char *name,
                    struct evtpm_blob *secret, GError **error)
{
    gboolean ok = FALSE;
    if (!secrets_name_ok(name)) {
        fail(error, HARNESS_ERROR_FAILED,
             "secrets: \"%s\" is no name: letters, digits, \".\", \"_\" and "
             "\"-\", at most %d",
             name, SECRET_NAME_MAX);
    } else if (secret->size == 0 || secret->size > EVTPM_ENVELOPE_PLAIN_MAX) {
        fail(error, HARNESS_ERROR_FAILED,
             "secrets: \"%s\" has %zu bytes: 1 to %d are allowed", name,
             secret->size, EVTPM_ENVELOPE_PLAIN_MAX);
    } else {
        struct evtpm_blob *kept = g_new0(struct evtpm_blob, 1);
        *kept = *secret;
        *secret = (struct evtpm_blob){ 0 };
        g_hash_table_replace(s->by_name, g_strdup(name), kept);
        ok = TRUE;
    }
    wipe(secret);
    return ok;
}

static gboolean load_directory(struct secrets *s, const char *path,
                               GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        struct evtpm_blob secret = { 0 };
        struct evtpm_error err = { "" };
        struct stat st;
        if (*name == '.') {
            continue;
        }
        if (!private(file, &st, error)) {
            return FALSE;
        }
        if (evtpm_file_read(file, EVTPM_ENVELOPE_PLAIN_MAX, &secret, &err)) {
            return fail(error, HARNESS_ERROR_FAILED, "secrets: %s", err.text);
        }
        if (!add(s, name, &secret, error)) {
            return FALSE;
        }
    }
    return dir != NULL;
}

static gboolean load_json(struct secrets *s, const struct evtpm_blob *text,
                          const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;
    if (text->size &&
        !json_depth_refuse((char *)text->data, (gssize)text->size) &&
        json_parser_load_from_data(parser, (char *)text->data,
                                   (gssize)text->size, NULL)) {
        root = json_parser_get_root(parser);
    }
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "secrets: %s is not a JSON object", path);
    }
    JsonObject *object = json_node_get_object(root);
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *n = names; n; n = n->next) {
        struct evtpm_blob secret = { 0 };
        if (!json_get_base64(object, n->data, EVTPM_ENVELOPE_PLAIN_MAX, &secret,
                             error)) {
            g_prefix_error(error, "secrets: %s: ", path);
            return FALSE;
        }
        if (!add(s, n->data, &secret, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean load_file(struct secrets *s, const char *path, GError **error)
{
    struct evtpm_blob text = { 0 };
    struct evtpm_error err = { "" };
    if (evtpm_file_read(path, FILE_MOST, &text, &err) < 0) {
        return fail(error, HARNESS_ERROR_FAILED, "secrets: %s", err.text);
    }
    gboolean ok = load_json(s, &text, path, error);
    wipe(&text);
    return ok;
}

struct secrets *secrets_load(const char *path, GError **error)
{
    struct secrets *s = g_new0(struct secrets, 1);
    struct stat st;
    s->by_name =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, blob_free);
    if (!private(path, &st, error) ||
        !(S_ISDIR(st.st_mode) ? load_directory(s, path, error)
                              : load_file(s, path, error))) {
        g_clear_pointer(&s, secrets_free);
    }
    return s;
}

void secrets_free(struct secrets *s)
{
    if (s) {
        g_hash_table_destroy(s->by_name);
        g_free(s);
    }
}

const struct evtpm_blob *secrets_get(const struct secrets *s, const char *name)
{
    return s && name ? g_hash_table_lookup(s->by_name, name) : NULL;
}

unsigned secrets_count(const struct secrets *s)
{
    return s ? g_hash_table_size(s->by_name) : 0;
}
