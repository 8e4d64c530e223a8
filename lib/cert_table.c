/* SPDX-License-Identifier: MIT */
/*
 * The certificate table of an extended guest request: {GUID, offset, length}
 * entries up to an all-zero one, then DER. GUIDs are written in RFC 4122 byte
 * order; some hosts write UEFI's.
 */
#include "lib/certs.h"

#include <stdlib.h>
#include <string.h>

#include "evtpm/report.h"

enum { VCEK, ASK, ARK, VLEK, CERTS };

static const uint8_t guids[CERTS][16] = {
    /* 63da758d-e664-4564-adc5-f4b93be8accd */
    [VCEK] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4,
               0xb9, 0x3b, 0xe8, 0xac, 0xcd },
    /* 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
    [ASK] = { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05,
              0xae, 0xf3, 0x27, 0xc7, 0x82 },
    /* c0b406a4-a803-4952-9743-3fb6014cd0ae */
    [ARK] = { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f,
              0xb6, 0x01, 0x4c, 0xd0, 0xae },
    /* a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
    [VLEK] = { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39,
               0xc0, 0x45, 0xa0, 0xb8, 0xa1 },
};

/* No certificate of a chain comes near this; a table that claims more is wrong.
 */
#define CERT_MAX 0x10000u

static bool same_guid(const uint8_t have[16], const uint8_t rfc[16])
{
    const uint8_t mixed[16] = { rfc[3],  rfc[2],  rfc[1],  rfc[0],
                                rfc[5],  rfc[4],  rfc[7],  rfc[6],
                                rfc[8],  rfc[9],  rfc[10], rfc[11],
                                rfc[12], rfc[13], rfc[14], rfc[15] };

    return memcmp(have, rfc, 16) == 0 || memcmp(have, mixed, 16) == 0;
}

int evtpm_cert_table_build(const struct evtpm_chain *chain,
                           struct evtpm_blob *table, struct evtpm_error *err)
{
    const struct evtpm_blob *certs[CERTS] = { [VCEK] = &chain->vcek,
                                              [ASK] = &chain->ask,
                                              [ARK] = &chain->ark,
                                              [VLEK] = &chain->vlek };
    struct snp_cert_entry entries[CERTS + 1] = { 0 };
    size_t offset = sizeof(entries), size, count = 0;
    uint8_t *out;

    for (int i = 0; i < CERTS; i++) {
        if (certs[i]->size) {
            memcpy(entries[count].guid, guids[i], 16);
            entries[count].offset = (uint32_t)offset;
            entries[count].length = (uint32_t)certs[i]->size;
            offset += certs[i]->size;
            count++;
        }
    }
    size = (offset + SNP_PAGE_SIZE - 1) & ~(size_t)(SNP_PAGE_SIZE - 1);
    out = calloc(1, size);
    if (!out) {
        return evtpm_fail(err, "out of memory");
    }
    memcpy(out, entries, sizeof(entries));
    offset = sizeof(entries);
    for (int i = 0; i < CERTS; i++) {
        if (certs[i]->size) {
            memcpy(out + offset, certs[i]->data, certs[i]->size);
            offset += certs[i]->size;
        }
    }
    evtpm_blob_clear(table);
    table->data = out;
    table->size = size;
    return 0;
}

int evtpm_cert_table_parse(const void *table, size_t size,
                           struct evtpm_chain *chain, struct evtpm_error *err)
{
    struct evtpm_blob *certs[CERTS] = { [VCEK] = &chain->vcek,
                                        [ASK] = &chain->ask,
                                        [ARK] = &chain->ark,
                                        [VLEK] = &chain->vlek };
    static const struct snp_cert_entry end;
    struct snp_cert_entry entry;
    const uint8_t *bytes = table;

    evtpm_chain_clear(chain);
    for (size_t at = 0; size != 0; at += sizeof(entry)) {
        if (size - at < sizeof(entry)) {
            return evtpm_fail(err, "certificate table has no end");
        }
        memcpy(&entry, bytes + at, sizeof(entry));
        if (memcmp(&entry, &end, sizeof(entry)) == 0) {
            return 0;
        }
        if (entry.offset > size || entry.length > size - entry.offset ||
            entry.length > CERT_MAX) {
            return evtpm_fail(err, "certificate table points outside itself");
        }
        for (int i = 0; i < CERTS; i++) {
            if (same_guid(entry.guid, guids[i]) &&
                !evtpm_blob_set(certs[i], bytes + entry.offset, entry.length)) {
                return evtpm_fail(err, "out of memory");
            }
        }
    }
    return 0;
}
