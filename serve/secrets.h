/* SPDX-License-Identifier: MIT */
/* The secrets that may be released, by name; read once, at the start. */
#ifndef EVTPM_SERVE_SECRETS_H
#define EVTPM_SERVE_SECRETS_H

#include "harness/fail.h"
#include "lib/blob.h"

#define SECRET_NAME_MAX 64

struct secrets;

/*
 * A directory: each file is a secret of the file's name, byte for byte. A file:
 * a JSON object, name to base64. Files that everybody can read are refused, and
 * a directory that everybody can write to. Names are letters, digits, ".", "_"
 * and "-", and do not start with "."; secrets have 1 byte to 64 KiB.
 */
struct secrets *secrets_load(const char *path, GError **error);
void secrets_free(struct secrets *secrets);

/* NULL when there is none of that name. */
const struct evtpm_blob *secrets_get(const struct secrets *secrets,
                                     const char *name);
unsigned secrets_count(const struct secrets *secrets);

gboolean secrets_name_ok(const char *name);

#endif
