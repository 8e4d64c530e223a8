/* SPDX-License-Identifier: MIT */
/* Writer of IGVM files. */
#include "lib/igvm_write.h"

#include <stdlib.h>
#include <string.h>

#include "lib/igvm.h"

void igvm_writer_clear(struct igvm_writer *w)
{
    evtpm_blob_clear(&w->headers);
    evtpm_blob_clear(&w->pages);
    free(w->slot);
    free(w->fixup);
    memset(w, 0, sizeof(*w));
}

/* Room for `more` elements behind `used`, doubling; NULL leaves the old array valid. */
static void *grow(void *array, size_t *room, size_t used, size_t more,
                  size_t element)
{
    size_t want = *room ? *room : 64;

    if (used + more <= *room) {
        return array;
    }
    while (want < used + more) {
        want *= 2;
    }
    array = realloc(array, want * element);
    if (array) {
        *room = want;
    }
    return array;
}

static int append(struct evtpm_blob *blob, size_t *room, const void *data,
                  size_t size, struct evtpm_error *err)
{
    uint8_t *p = grow(blob->data, room, blob->size, size, 1);

    if (!p) {
        return evtpm_fail(err, "out of memory");
    }
    blob->data = p;
    memcpy(p + blob->size, data, size);
    blob->size += size;
    return 0;
}

int igvm_write_header(struct igvm_writer *w, uint32_t type,
                      const void *content, uint32_t length,
                      struct evtpm_error *err)
{
    static const uint8_t zero[8];
    struct igvm_vhs vhs = { .type = type, .length = length };

    if (append(&w->headers, &w->headers_room, &vhs, sizeof(vhs), err) < 0 ||
        append(&w->headers, &w->headers_room, content, length, err) < 0) {
        return -1;
    }
    return append(&w->headers, &w->headers_room, zero, -length & 7, err);
}

static uint64_t hash_page(const uint8_t *page)
{
    uint64_t hash = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < IGVM_PAGE_SIZE; i += 8) {
        uint64_t word;

        memcpy(&word, page + i, 8);
        hash = (hash ^ word) * 0x100000001b3ull;
        hash ^= hash >> 29;
    }
    return hash;
}

static uint32_t *find_slot(struct igvm_writer *w, const uint8_t *page)
{
    size_t i = hash_page(page) & (w->slot_count - 1);

    while (w->slot[i] != 0 &&
           memcmp(w->pages.data + (w->slot[i] - 1) * (size_t)IGVM_PAGE_SIZE,
                  page, IGVM_PAGE_SIZE) != 0) {
        i = (i + 1) & (w->slot_count - 1);
    }
    return &w->slot[i];
}

/* Keeps the table at most half full. */
static int grow_table(struct igvm_writer *w, struct evtpm_error *err)
{
    size_t count = w->pages.size / IGVM_PAGE_SIZE;
    size_t want = w->slot_count ? w->slot_count * 2 : 1024;
    uint32_t *slot;

    if (count * 2 < w->slot_count) {
        return 0;
    }
    slot = calloc(want, sizeof(*slot));
    if (!slot) {
        return evtpm_fail(err, "out of memory");
    }
    free(w->slot);
    w->slot = slot;
    w->slot_count = want;
    for (size_t i = 0; i < count; i++) {
        *find_slot(w, w->pages.data + i * IGVM_PAGE_SIZE) = (uint32_t)i + 1;
    }
    return 0;
}

/* Stores a page unless an equal one is there; *number counts from 1. */
static int store_page(struct igvm_writer *w, const void *data,
                      uint32_t *number, struct evtpm_error *err)
{
    uint32_t *slot;

    if (grow_table(w, err) < 0) {
        return -1;
    }
    slot = find_slot(w, data);
    if (*slot == 0) {
        if (append(&w->pages, &w->pages_room, data, IGVM_PAGE_SIZE, err) < 0) {
            return -1;
        }
        *slot = (uint32_t)(w->pages.size / IGVM_PAGE_SIZE);
    }
    *number = *slot;
    return 0;
}

static int add_fixup(struct igvm_writer *w, size_t at, struct evtpm_error *err)
{
    size_t *p = grow(w->fixup, &w->fixup_room, w->fixup_count, 1,
                     sizeof(*w->fixup));

    if (!p) {
        return evtpm_fail(err, "out of memory");
    }
    w->fixup = p;
    w->fixup[w->fixup_count++] = at;
    return 0;
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, IGVM_PAGE_SIZE - 1) == 0;
}

int igvm_write_page(struct igvm_writer *w, struct igvm_page_data page,
                    const void *data, struct evtpm_error *err)
{
    size_t at = w->headers.size + sizeof(struct igvm_vhs);

    page.file_offset = 0;
    if (data && !is_zero(data)) {
        if (store_page(w, data, &page.file_offset, err) < 0 ||
            add_fixup(w, at + offsetof(struct igvm_page_data, file_offset),
                      err) < 0) {
            return -1;
        }
    }
    return igvm_write_header(w, IGVM_VHT_PAGE_DATA, &page, sizeof(page), err);
}

int igvm_write_vp_context(struct igvm_writer *w, struct igvm_vp_context vp,
                          const void *vmsa, struct evtpm_error *err)
{
    size_t at = w->headers.size + sizeof(struct igvm_vhs);
    uint32_t number;

    if (store_page(w, vmsa, &number, err) < 0 ||
        add_fixup(w, at + offsetof(struct igvm_vp_context, file_offset),
                  err) < 0) {
        return -1;
    }
    vp.file_offset = number;
    return igvm_write_header(w, IGVM_VHT_VP_CONTEXT, &vp, sizeof(vp), err);
}

static void apply_fixups(struct igvm_writer *w, size_t data_at)
{
    for (size_t i = 0; i < w->fixup_count; i++) {
        uint8_t *field = w->headers.data + w->fixup[i];
        uint32_t value;

        memcpy(&value, field, sizeof(value));
        value = (uint32_t)data_at + (value - 1) * IGVM_PAGE_SIZE;
        memcpy(field, &value, sizeof(value));
    }
}

int igvm_writer_finish(struct igvm_writer *w, struct evtpm_blob *out,
                       struct evtpm_error *err)
{
    size_t headers_end = sizeof(struct igvm_fixed_header) + w->headers.size;
    size_t data_at = (headers_end + IGVM_PAGE_SIZE - 1) &
                     ~(size_t)(IGVM_PAGE_SIZE - 1);
    size_t total = w->pages.size ? data_at + w->pages.size : headers_end;
    struct igvm_fixed_header fixed = {
        .magic = IGVM_MAGIC,
        .format_version = IGVM_FORMAT_V1,
        .variable_header_offset = sizeof(fixed),
        .variable_header_size = (uint32_t)w->headers.size,
        .total_file_size = (uint32_t)total,
    };

    evtpm_blob_clear(out);
    if (total > UINT32_MAX) {
        return evtpm_fail(err, "the IGVM file would exceed 4 GiB");
    }
    out->data = calloc(1, total);
    if (!out->data) {
        return evtpm_fail(err, "out of memory");
    }
    out->size = total;
    apply_fixups(w, data_at);
    fixed.checksum = igvm_crc32(0, &fixed, sizeof(fixed));
    fixed.checksum = igvm_crc32(fixed.checksum, w->headers.data,
                                w->headers.size);
    memcpy(out->data, &fixed, sizeof(fixed));
    memcpy(out->data + sizeof(fixed), w->headers.data, w->headers.size);
    if (w->pages.size != 0) {
        memcpy(out->data + data_at, w->pages.data, w->pages.size);
    }
    return 0;
}
