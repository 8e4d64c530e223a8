/* SPDX-License-Identifier: MIT */
/* A list of files that may run. */
#include "lib/allow_list.h"

#include <stdlib.h>
#include <string.h>

#include "lib/blob.h"

#define HEX_DIGITS 64

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* 1: a digest; 0: a line without one; -1: neither. */
static int parse_line(const char *line, size_t size, uint8_t digest[32])
{
    char hex[HEX_DIGITS + 1];

    while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == ' ')) {
        size--;
    }
    if (size == 0 || line[0] == '#') {
        return 0;
    }
    if (size < HEX_DIGITS || (size > HEX_DIGITS && line[HEX_DIGITS] != ' ' &&
                              line[HEX_DIGITS] != '\t')) {
        return -1;
    }
    memcpy(hex, line, HEX_DIGITS);
    hex[HEX_DIGITS] = '\0';
    return evtpm_unhex(digest, 32, hex) ? 1 : -1;
}

static size_t count_lines(const char *text, size_t size)
{
    size_t lines = 1;

    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

int evtpm_allow_list_add(struct evtpm_allow_list *list, const char *text,
                         size_t size, struct evtpm_error *err)
{
    size_t count = list->count, number = 0;
    uint8_t(*digests)[32];

    digests = realloc(list->digests, 32 * (count + count_lines(text, size)));
    if (!digests) {
        return evtpm_fail(err, "out of memory");
    }
    list->digests = digests;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        int kind = parse_line(text + at, length, digests[count]);

        number++;
        if (kind < 0) {
            return evtpm_fail(err,
                              "line %zu is not a SHA-256 digest in hex and a "
                              "path",
                              number);
        }
        count += (size_t)kind;
        at += length + 1;
    }
    list->count = count;
    qsort(digests, count, sizeof(*digests), compare);
    return 0;
}

bool evtpm_allow_list_has(const struct evtpm_allow_list *list,
                          const uint8_t digest[32])
{
    return list->count && bsearch(digest, list->digests, list->count,
                                  sizeof(*list->digests), compare);
}

void evtpm_allow_list_clear(struct evtpm_allow_list *list)
{
    free(list->digests);
    list->digests = NULL;
    list->count = 0;
}
