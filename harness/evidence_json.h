/* SPDX-License-Identifier: MIT */
/* The evidence document: JSON with base64 members, as the guest writes it. */
#ifndef EVTPM_HARNESS_EVIDENCE_JSON_H
#define EVTPM_HARNESS_EVIDENCE_JSON_H

#include <json-glib/json-glib.h>

#include "harness/fail.h"
#include "lib/evidence.h"

/* Strict: version 1, every member of its type and size, no stray base64
 * characters. */
gboolean evidence_from_json(const char *text, gssize size,
                            struct evtpm_evidence *evidence, GError **error);

/* The reverse; free with g_free. */
char *evidence_to_json(struct evtpm_evidence *evidence);

/* A base64 member of an object; FALSE when it is missing, malformed or longer
 * than `most`. */
gboolean json_get_base64(JsonObject *object, const char *name, gsize most,
                         struct evtpm_blob *blob, GError **error);

#endif
