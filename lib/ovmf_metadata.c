/* SPDX-License-Identifier: MIT */
/*
 * OVMF's table is read backwards: the entry whose GUID ends 32 bytes before the image's end names
 * the whole list's length; each entry is data, u16 length (of all of it), GUID.
 */
#include "lib/ovmf_metadata.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define TABLE_END 32u /* bytes between the table and the image's end */
#define ENTRY_MIN 18u /* u16 length + GUID */
#define FOUR_GIB 0x100000000ull
#define NO_OFFSET UINT32_MAX

static const struct evtpm_guid footer_guid = {
    0x96b582de, 0x1fb2, 0x45f7,
    { 0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d },
};

static const struct evtpm_guid sev_metadata_guid = {
    0xdc886566, 0x984a, 0x4798,
    { 0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc },
};

/* Reset address of APs: OVMF's "SEV-ES reset block" */
static const struct evtpm_guid reset_block_guid = {
    0x00f771de, 0x1a7e, 0x4fcb,
    { 0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e },
};

static const struct evtpm_guid hash_table_guid = {
    0x7255371f, 0x3a3b, 0x4b04,
    { 0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54 },
};

struct asev_header {
    uint32_t signature;
    uint32_t length; /* of header and sections */
    uint32_t version;
    uint32_t count;
};
EVTPM_SIZE(struct asev_header, 16);

struct asev_section {
    uint32_t base;
    uint32_t size;
    uint32_t type;
};
EVTPM_SIZE(struct asev_section, 12);

#define ASEV_SIGNATURE 0x56455341u /* 'ASEV' */

static uint32_t entry_length(const uint8_t *end)
{
    uint16_t length;

    memcpy(&length, end - ENTRY_MIN, sizeof(length));
    return length;
}

static bool entry_is(const uint8_t *end, const struct evtpm_guid *guid)
{
    return memcmp(end - sizeof(*guid), guid, sizeof(*guid)) == 0;
}

/* The entry's first `count` words; false when it is another's or shorter. */
static bool entry_words(const uint8_t *end, uint32_t length,
                        const struct evtpm_guid *guid, uint32_t *words,
                        size_t count)
{
    if (!entry_is(end, guid) || length < ENTRY_MIN + count * sizeof(*words)) {
        return false;
    }
    memcpy(words, end - length, count * sizeof(*words));
    return true;
}

/* What the entries between `start` and `end` tell; of a kind the last counts. */
static int read_entries(const uint8_t *start, const uint8_t *end,
                        struct ovmf_metadata *out, uint32_t *offset,
                        struct evtpm_error *err)
{
    uint32_t word[2];

    while ((size_t)(end - start) >= ENTRY_MIN) {
        uint32_t length = entry_length(end);

        if (length < ENTRY_MIN || length > (size_t)(end - start)) {
            return evtpm_fail(err, "an OVMF table entry's length 0x%" PRIx32
                              " is wrong", length);
        }
        if (entry_words(end, length, &sev_metadata_guid, word, 1) &&
            *offset == NO_OFFSET) {
            *offset = word[0];
        } else if (entry_words(end, length, &reset_block_guid, word, 1) &&
                   out->ap_reset == 0) {
            out->ap_reset = word[0];
        } else if (entry_words(end, length, &hash_table_guid, word, 2) &&
                   out->hashes_base == 0) {
            out->hashes_base = word[0];
            out->hashes_size = word[1];
        }
        end -= length;
    }
    return 0;
}

/* Reads the table; the metadata's offset from the image's end into `offset`. */
static int read_table(const uint8_t *image, size_t size,
                      struct ovmf_metadata *out, uint32_t *offset,
                      struct evtpm_error *err)
{
    const uint8_t *end;
    uint32_t length;

    if (size < TABLE_END + ENTRY_MIN ||
        !entry_is(image + size - TABLE_END, &footer_guid)) {
        return evtpm_fail(err, "the firmware has no OVMF table at its end");
    }
    end = image + size - TABLE_END;
    length = entry_length(end);
    if (length < ENTRY_MIN || length > (size_t)(end - image)) {
        return evtpm_fail(err, "the OVMF table's length 0x%" PRIx32
                          " is wrong", length);
    }
    if (read_entries(end - length, end - ENTRY_MIN, out, offset, err) < 0) {
        return -1;
    }
    if (*offset == NO_OFFSET) {
        return evtpm_fail(err, "the firmware has no SEV metadata: "
                          "it is not built for SEV-SNP");
    }
    return 0;
}

static int check_range(const struct ovmf_metadata *meta, uint64_t fw_base,
                       const struct svsm_fw_range *range,
                       struct evtpm_error *err)
{
    uint64_t end = range->base + range->size;

    if (range->base % SNP_PAGE_SIZE != 0 || range->size % SNP_PAGE_SIZE != 0 ||
        range->size == 0 || end > fw_base) {
        return evtpm_fail(err, "SEV metadata section 0x%" PRIx64 " + 0x%"
                          PRIx32 " is not whole pages below the firmware",
                          range->base, range->size);
    }
    for (uint32_t i = 0; i < meta->count; i++) {
        const struct svsm_fw_range *other = &meta->range[i];

        if (range->base < other->base + other->size && other->base < end) {
            return evtpm_fail(err, "SEV metadata sections 0x%" PRIx64
                              " and 0x%" PRIx64 " overlap", other->base,
                              range->base);
        }
    }
    return 0;
}

int ovmf_metadata_parse(const void *image, size_t size,
                        struct ovmf_metadata *out, struct evtpm_error *err)
{
    const uint8_t *bytes = image;
    struct asev_header header;
    uint32_t offset = NO_OFFSET;

    memset(out, 0, sizeof(*out));
    if (size >= FOUR_GIB) {
        return evtpm_fail(err, "the firmware does not fit below 4 GiB");
    }
    if (read_table(bytes, size, out, &offset, err) < 0) {
        return -1;
    }
    if (offset < sizeof(header) || offset > size) {
        return evtpm_fail(err, "the SEV metadata's offset 0x%" PRIx32
                          " is outside the firmware", offset);
    }
    memcpy(&header, bytes + size - offset, sizeof(header));
    if (header.signature != ASEV_SIGNATURE || header.version != 1) {
        return evtpm_fail(err, "the SEV metadata's header is wrong "
                          "(signature 0x%08" PRIx32 ", version %" PRIu32 ")",
                          header.signature, header.version);
    }
    if (header.count > SVSM_FW_RANGE_MAX ||
        header.length != sizeof(header) +
                             header.count * sizeof(struct asev_section) ||
        header.length > offset) {
        return evtpm_fail(err, "the SEV metadata has %" PRIu32
                          " sections in 0x%" PRIx32 " bytes", header.count,
                          header.length);
    }
    for (uint32_t i = 0; i < header.count; i++) {
        struct asev_section section;
        struct svsm_fw_range range;

        memcpy(&section, bytes + size - offset + sizeof(header) +
                             i * sizeof(section), sizeof(section));
        range = (struct svsm_fw_range){ .base = section.base,
                                        .size = section.size,
                                        .type = section.type };
        if (check_range(out, FOUR_GIB - size, &range, err) < 0) {
            return -1;
        }
        out->range[out->count++] = range;
    }
    return 0;
}
