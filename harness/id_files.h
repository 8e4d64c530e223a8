/* SPDX-License-Identifier: MIT */
/* ID blocks as files: base64, the form that QEMU's properties have. */
#ifndef EVTPM_HARNESS_ID_FILES_H
#define EVTPM_HARNESS_ID_FILES_H

#include "harness/fail.h"
#include "lib/id_block.h"

/*
 * Reads both; their form alone is checked. The texts, without white space
 * around them, are wanted by some (free with g_free), else NULL.
 */
gboolean id_files_read(const char *block, const char *auth, struct evtpm_id *id,
                       char **block_text, char **auth_text, GError **error);

/* Writes STEM.id-block and STEM.id-auth. */
gboolean id_files_write(const char *stem, const struct evtpm_id *id,
                        GError **error);

#endif
