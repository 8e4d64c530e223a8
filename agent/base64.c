/* SPDX-License-Identifier: MIT */
#include "agent/base64.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

char *base64_encode(const struct evtpm_blob *blob)
{
    char *text;

    if (blob->size > INT_MAX / 2) {
        return NULL;
    }
    text = malloc((blob->size + 2) / 3 * 4 + 1);
    if (text) {
        text[0] = '\0';
        EVP_EncodeBlock((unsigned char *)text, blob->data, (int)blob->size);
    }
    return text;
}

/* libcrypto also takes white space, and counts padding as zero bytes. */
static bool is_canonical(const char *text, const struct evtpm_blob *blob)
{
    char *again = base64_encode(blob);
    bool same = again && strcmp(again, text) == 0;

    free(again);
    return same;
}

bool base64_decode(const char *text, struct evtpm_blob *out)
{
    size_t length = strlen(text), padding = 0;

    evtpm_blob_clear(out);
    if (length == 0) {
        return true;
    }
    if (length % 4 != 0 || length > INT_MAX / 2) {
        return false;
    }
    while (padding < 2 && text[length - 1 - padding] == '=') {
        padding++;
    }
    out->data = malloc(length / 4 * 3);
    if (!out->data || EVP_DecodeBlock(out->data, (const unsigned char *)text,
                                      (int)length) != (int)(length / 4 * 3)) {
        evtpm_blob_clear(out);
        return false;
    }
    out->size = length / 4 * 3 - padding;
    if (!is_canonical(text, out)) {
        evtpm_blob_clear(out);
        return false;
    }
    return true;
}
