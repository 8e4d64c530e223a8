/* SPDX-License-Identifier: MIT */
/* Byte runs and their hex form. */
#include "lib/blob.h"

#include <stdlib.h>
#include <string.h>

void evtpm_blob_clear(struct evtpm_blob *blob)
{
    free(blob->data);
    blob->data = NULL;
    blob->size = 0;
}

bool evtpm_blob_set(struct evtpm_blob *blob, const void *data, size_t size)
{
    uint8_t *copy = NULL;

    if (size) {
        copy = malloc(size);
        if (copy) {
            memcpy(copy, data, size);
        }
    }
    evtpm_blob_clear(blob);
    if (size && !copy) {
        return false;
    }
    blob->data = copy;
    blob->size = size;
    return true;
}

bool evtpm_blob_equal(const struct evtpm_blob *a, const struct evtpm_blob *b)
{
    return a->size == b->size &&
           (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

char *evtpm_hex(char *out, size_t out_size, const void *data, size_t size)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *byte = data;
    size_t fits = out_size ? (out_size - 1) / 2 : 0;
    bool cut = size > fits;
    size_t i, n = size;

    if (out_size == 0) {
        return out;
    }
    if (cut) {
        n = out_size > 4 ? (out_size - 4) / 2 : 0;
    }
    for (i = 0; i < n; i++) {
        out[2 * i] = digit[byte[i] >> 4];
        out[2 * i + 1] = digit[byte[i] & 15];
    }
    out[2 * n] = '\0';
    if (cut && out_size > 4) {
        memcpy(out + 2 * n, "...", 4);
    }
    return out;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool evtpm_unhex(void *out, size_t size, const char *hex)
{
    uint8_t *byte = out;
    size_t i;

    if (strlen(hex) != 2 * size) {
        return false;
    }
    for (i = 0; i < size; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        byte[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
