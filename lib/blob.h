/* SPDX-License-Identifier: MIT */
/* A run of bytes on the heap: certificates, TPM structures, logs. */
#ifndef EVTPM_LIB_BLOB_H
#define EVTPM_LIB_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evtpm_blob {
    uint8_t *data; /* NULL when size is 0 */
    size_t size;
};

/* Frees the bytes and empties the blob. */
void evtpm_blob_clear(struct evtpm_blob *blob);

/* Replaces the contents by a copy; false when memory is short (the blob is then empty). */
bool evtpm_blob_set(struct evtpm_blob *blob, const void *data, size_t size);

bool evtpm_blob_equal(const struct evtpm_blob *a, const struct evtpm_blob *b);

/* Writes `size` bytes as lower-case hex, cut with "..." when `out` is too small; returns `out`. */
char *evtpm_hex(char *out, size_t out_size, const void *data, size_t size);

/* Decodes exactly 2 * size hex digits; false for anything else. */
bool evtpm_unhex(void *out, size_t size, const char *hex);

#endif
