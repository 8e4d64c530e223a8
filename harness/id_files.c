/* SPDX-License-Identifier: MIT */
/* ID blocks as files. */
#include "harness/id_files.h"

#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

/* An ID authentication page in base64, and then some */
#define FILE_MAX 0x4000u

static char *read_text(const char *path, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    if (evtpm_file_read(path, FILE_MAX, &blob, &err) < 0) {
        fail_lib(error, &err);
        return NULL;
    }
    /* an empty file has no data */
    char *text = blob.size ? g_strndup((const char *)blob.data, blob.size)
                           : g_strdup("");
    g_strstrip(text);
    evtpm_blob_clear(&blob);
    return text;
}

gboolean id_files_read(const char *block, const char *auth, struct evtpm_id *id,
                       char **block_text, char **auth_text, GError **error)
{
    struct evtpm_error err = { "" };
    g_autofree char *b = read_text(block, error);
    g_autofree char *a = b ? read_text(auth, error) : NULL;
    if (!a) {
        return FALSE;
    }
    if (evtpm_id_decode(b, a, id, &err) < 0) {
        return fail(error, HARNESS_ERROR_FAILED, "%s, %s: %s", block, auth,
                    err.text);
    }
    if (block_text && auth_text) {
        *block_text = g_steal_pointer(&b);
        *auth_text = g_steal_pointer(&a);
    }
    return TRUE;
}

static gboolean write_one(const char *stem, const char *suffix,
                          const void *data, gsize size, GError **error)
{
    struct evtpm_error err = { "" };
    g_autofree char *path = g_strconcat(stem, suffix, NULL);
    char *base64 = evtpm_id_encode(data, size);
    if (!base64) {
        return fail(error, HARNESS_ERROR_FAILED, "out of memory");
    }
    g_autofree char *line = g_strconcat(base64, "\n", NULL);
    free(base64);
    return evtpm_file_write(path, line, strlen(line), 0644, &err) == 0 ||
           fail_lib(error, &err);
}

gboolean id_files_write(const char *stem, const struct evtpm_id *id,
                        GError **error)
{
    return write_one(stem, ".id-block", &id->block, sizeof(id->block), error) &&
           write_one(stem, ".id-auth", &id->auth, sizeof(id->auth), error);
}
