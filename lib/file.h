/* SPDX-License-Identifier: MIT */
/* Whole files in and out: bounded reads, writes that appear complete or not at all. */
#ifndef EVTPM_LIB_FILE_H
#define EVTPM_LIB_FILE_H

#include "lib/blob.h"
#include "lib/error.h"

/* Reads a regular file of at most `most` bytes; the blob is replaced. */
int evtpm_file_read(const char *path, size_t most, struct evtpm_blob *out,
                    struct evtpm_error *err);

/*
 * Writes a temporary file beside `path` and renames it over `path`, so that readers see the old
 * file or the new one; after a failure there is no new file. `mode` is cut by the umask.
 */
int evtpm_file_write(const char *path, const void *data, size_t size,
                     unsigned int mode, struct evtpm_error *err);

#endif
