/* SPDX-License-Identifier: MIT */
/*
 * Replay of IMA's binary measurement list. An entry: PCR u32, SHA-1 of the
 * template data, counted template name, counted template data. In the SHA-256
 * bank the kernel extends SHA-256 of the template data, or all ones for a
 * violation (whose SHA-1 is zero).
 */
#include "lib/ima.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "lib/reader.h"

#define NAME_MAX_SIZE 255u

static int extend_entry(struct reader *r, uint32_t number,
                        struct evtpm_pcrs *pcrs, struct evtpm_error *err)
{
    static const uint8_t violation[20];
    uint32_t pcr = reader_u32(r), name_size, size;
    const uint8_t *sha1 = reader_bytes(r, 20), *name, *data;
    uint8_t own[20], digest[32];

    name_size = reader_u32(r);
    name = reader_bytes(r, name_size);
    if (name && name_size == 3 && memcmp(name, "ima", 3) == 0) {
        return evtpm_fail(err,
                          "entry %u: the old template \"ima\" has no "
                          "SHA-256 form",
                          number);
    }
    size = reader_u32(r);
    data = reader_bytes(r, size);
    if (r->overrun || name_size > NAME_MAX_SIZE) {
        return evtpm_fail(err, "entry %u is cut short", number);
    }
    if (pcr != EVTPM_IMA_PCR) {
        return evtpm_fail(err, "entry %u is for PCR %u, not %u", number, pcr,
                          EVTPM_IMA_PCR);
    }
    if (memcmp(sha1, violation, sizeof(violation)) == 0) {
        memset(digest, 0xff, sizeof(digest));
    } else {
        gnutls_hash_fast(GNUTLS_DIG_SHA1, data, size, own);
        if (memcmp(own, sha1, sizeof(own)) != 0) {
            return evtpm_fail(err, "entry %u: its hash is not that of its data",
                              number);
        }
        gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest);
    }
    evtpm_pcr_extend(pcrs, pcr, EVTPM_SHA256, digest);
    return 0;
}

int evtpm_ima_replay(const void *list, size_t size, struct evtpm_pcrs *pcrs,
                     const uint8_t wanted[32], uint32_t *count,
                     struct evtpm_error *err)
{
    struct reader r = { .data = list, .size = size };
    char have[65], want[65];

    *count = 0;
    while (memcmp(pcrs->value[EVTPM_IMA_PCR], wanted, 32) != 0) {
        if (r.at == size) {
            return evtpm_fail(
                err, "the %u entries lead PCR %u to %s, the quote says %s",
                *count, EVTPM_IMA_PCR,
                evtpm_hex(have, sizeof(have), pcrs->value[EVTPM_IMA_PCR], 32),
                evtpm_hex(want, sizeof(want), wanted, 32));
        }
        if (extend_entry(&r, *count, pcrs, err) < 0) {
            return -1;
        }
        ++*count;
    }
    return 0;
}
