/* SPDX-License-Identifier: MIT */
/*
 * IMA's binary measurement list. An entry: PCR u32, SHA-1 of the template data,
 * counted template name, counted template data. In the SHA-256 bank the kernel
 * extends SHA-256 of the template data, or all ones for a violation (whose
 * SHA-1 is zero).
 */
#include "lib/ima.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "lib/reader.h"

#define NAME_MAX_SIZE 255u

/* Fields are counted: "ALGORITHM:", NUL, digest; then a path with its NUL.
 * ima-ngv2 puts a type before the algorithm ("ima:sha256:"). */
static void read_fields(struct evtpm_ima_entry *entry)
{
    struct reader r = { .data = entry->data, .size = entry->data_size };
    uint32_t digest_size = reader_u32(&r), path_size;
    const uint8_t *digest = reader_bytes(&r, digest_size), *path, *nul;
    const char *start, *colon;

    path_size = reader_u32(&r);
    path = reader_bytes(&r, path_size);
    nul = digest ? memchr(digest, 0, digest_size) : NULL;
    if (!path || path_size == 0 || path[path_size - 1] || !nul ||
        nul - digest < 2 || nul[-1] != ':') {
        return;
    }
    start = (const char *)digest;
    colon = memchr(start, ':', (size_t)(nul - 1 - digest));
    start = colon ? colon + 1 : start;
    entry->algorithm = start;
    entry->algorithm_size = (size_t)((const char *)nul - 1 - start);
    entry->digest = nul + 1;
    entry->digest_size = digest_size - (size_t)(nul + 1 - digest);
    entry->path = (const char *)path;
    entry->path_size = path_size - 1;
}

/* The PCR's digest of the entry, which the SHA-1 in the list must agree with.
 */
static int read_digests(struct evtpm_ima_entry *entry, const uint8_t *sha1,
                        struct evtpm_error *err)
{
    static const uint8_t violation[20];
    uint8_t own[20];

    entry->violation = memcmp(sha1, violation, sizeof(violation)) == 0;
    if (entry->violation) {
        memset(entry->template_digest, 0xff, 32);
        return 0;
    }
    gnutls_hash_fast(GNUTLS_DIG_SHA1, entry->data, entry->data_size, own);
    if (memcmp(own, sha1, sizeof(own)) != 0) {
        return evtpm_fail(err, "entry %u: its hash is not that of its data",
                          entry->number);
    }
    gnutls_hash_fast(GNUTLS_DIG_SHA256, entry->data, entry->data_size,
                     entry->template_digest);
    return 0;
}

int evtpm_ima_next(const void *list, size_t size, size_t *offset,
                   struct evtpm_ima_entry *entry, struct evtpm_error *err)
{
    struct reader r = { .data = list, .size = size, .at = *offset };
    uint32_t number = *offset ? entry->number + 1 : 0, pcr, name_size;
    const uint8_t *sha1, *name;

    if (*offset >= size) {
        return 0;
    }
    memset(entry, 0, sizeof(*entry));
    entry->number = number;
    pcr = reader_u32(&r);
    sha1 = reader_bytes(&r, 20);
    name_size = reader_u32(&r);
    name = reader_bytes(&r, name_size);
    if (name && name_size == 3 && memcmp(name, "ima", 3) == 0) {
        return evtpm_fail(err,
                          "entry %u: the old template \"ima\" has no "
                          "SHA-256 form",
                          number);
    }
    entry->data_size = reader_u32(&r);
    entry->data = reader_bytes(&r, entry->data_size);
    if (r.overrun || name_size > NAME_MAX_SIZE) {
        return evtpm_fail(err, "entry %u is cut short", number);
    }
    if (pcr != EVTPM_IMA_PCR) {
        return evtpm_fail(err, "entry %u is for PCR %u, not %u", number, pcr,
                          EVTPM_IMA_PCR);
    }
    if (read_digests(entry, sha1, err) < 0) {
        return -1;
    }
    read_fields(entry);
    *offset = r.at;
    return 1;
}

char *evtpm_ima_path(const struct evtpm_ima_entry *entry, char *out,
                     size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < entry->path_size && used + 1 < size; i++) {
        char c = entry->path[i];

        out[used++] = c > 0x20 && c < 0x7f ? c : '.';
    }
    if (size) {
        out[used] = '\0';
    }
    return out;
}

int evtpm_ima_replay(const void *list, size_t size, struct evtpm_pcrs *pcrs,
                     const uint8_t wanted[32], uint32_t *count,
                     struct evtpm_error *err)
{
    struct evtpm_ima_entry entry = { 0 };
    char have[65], want[65];
    size_t offset = 0;

    *count = 0;
    while (memcmp(pcrs->value[EVTPM_IMA_PCR], wanted, 32) != 0) {
        int rc = evtpm_ima_next(list, size, &offset, &entry, err);

        if (rc < 0) {
            return -1;
        }
        if (rc == 0) {
            return evtpm_fail(
                err, "the %u entries lead PCR %u to %s, the quote says %s",
                *count, EVTPM_IMA_PCR,
                evtpm_hex(have, sizeof(have), pcrs->value[EVTPM_IMA_PCR], 32),
                evtpm_hex(want, sizeof(want), wanted, 32));
        }
        evtpm_pcr_extend(pcrs, EVTPM_IMA_PCR, EVTPM_SHA256,
                         entry.template_digest);
        ++*count;
    }
    return 0;
}
