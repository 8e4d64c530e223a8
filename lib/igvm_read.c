/* SPDX-License-Identifier: MIT */
/* IGVM reader: container, one checking pass over all headers, iteration. */
#include "lib/igvm_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int igvm_fail(struct evtpm_error *err, const struct igvm_header *h,
              const char *fmt, ...)
{
    char text[256];
    const char *name = igvm_type_name(h->type);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (name) {
        return evtpm_fail(err, "offset 0x%" PRIx32 ": %s: %s", h->offset, name,
                          text);
    }
    return evtpm_fail(err, "offset 0x%" PRIx32 ": header type 0x%" PRIx32
                      ": %s", h->offset, h->type, text);
}

/*
 * Reads the header at *offset and moves *offset behind its padding. `known` says whether the
 * content was taken. Everything is checked here that can be checked without its neighbours.
 */
static int read_header(const struct igvm_file *file, uint32_t *offset,
                       struct igvm_header *h, bool *known,
                       struct evtpm_error *err)
{
    const struct igvm_rule *rule;
    uint32_t left = file->headers_end - *offset;
    struct igvm_vhs vhs;
    uint64_t padded;

    memset(h, 0, offsetof(struct igvm_header, u));
    h->offset = *offset;
    if (left < sizeof(vhs)) {
        return igvm_fail(err, h, "the header section ends inside a header");
    }
    memcpy(&vhs, file->data + *offset, sizeof(vhs));
    h->type = vhs.type & ~IGVM_VHT_OPTIONAL;
    padded = ((uint64_t)vhs.length + 7) & ~7ull;
    if (padded > left - sizeof(vhs)) {
        return igvm_fail(err, h, "length 0x%" PRIx32
                         " reaches beyond the header section", vhs.length);
    }
    for (uint32_t i = vhs.length; i < padded; i++) {
        if (file->data[*offset + sizeof(vhs) + i] != 0) {
            return igvm_fail(err, h, "padding is not zero");
        }
    }
    *offset += sizeof(vhs) + (uint32_t)padded;

    rule = igvm_rule(h->type);
    *known = rule != NULL;
    if (!rule) {
        if (vhs.type & IGVM_VHT_OPTIONAL) {
            return 0;
        }
        return igvm_fail(err, h, "unknown type and not optional");
    }
    if (vhs.length != rule->length) {
        return igvm_fail(err, h, "length is %" PRIu32 ", must be %u",
                         vhs.length, rule->length);
    }
    memcpy(&h->u, file->data + h->offset + sizeof(vhs), rule->length);
    h->compatibility_mask = ~0u;
    if (rule->mask_at != IGVM_NO_FIELD) {
        memcpy(&h->compatibility_mask, h->u.raw + rule->mask_at, 4);
    }
    return 0;
}

/* How many bytes of file data a header refers to; the VMSA may be cut at the file's end. */
static uint64_t data_length(const struct igvm_header *h, uint64_t left)
{
    switch (h->type) {
    case IGVM_VHT_PAGE_DATA:
        return h->u.page.flags & IGVM_PAGE_DATA_2MB ? 0x200000 : IGVM_PAGE_SIZE;
    case IGVM_VHT_PARAMETER_AREA:
        return h->u.area.number_of_bytes;
    case IGVM_VHT_VP_CONTEXT:
        return left < IGVM_PAGE_SIZE ? left : IGVM_PAGE_SIZE;
    default: { /* CORIM: mask, file_offset, size */
        uint32_t size;

        memcpy(&size, h->u.raw + 8, sizeof(size));
        return size;
    }
    }
}

/* Fills h->data and data_size; refuses data outside the file's data section. */
static int find_data(const struct igvm_file *file, struct igvm_header *h,
                     struct evtpm_error *err)
{
    const struct igvm_rule *rule = igvm_rule(h->type);
    uint32_t at;
    uint64_t length;

    if (rule->data_at == IGVM_NO_FIELD) {
        return 0;
    }
    memcpy(&at, h->u.raw + rule->data_at, sizeof(at));
    if (at == 0) {
        return 0;
    }
    if (at < file->headers_end || at >= file->size) {
        return igvm_fail(err, h, "file offset 0x%" PRIx32
                         " is not in the data section (0x%" PRIx32
                         " to 0x%" PRIx32 ")", at, file->headers_end,
                         file->size);
    }
    length = data_length(h, file->size - at);
    if (length > file->size - at) {
        return igvm_fail(err, h, "0x%" PRIx64 " bytes at file offset 0x%" PRIx32
                         " reach beyond the file's end", length, at);
    }
    h->data = file->data + at;
    h->data_size = (uint32_t)length;
    return 0;
}

static int check_checksum(const struct igvm_file *file, uint32_t fixed_size,
                          struct evtpm_error *err)
{
    uint8_t fixed[sizeof(struct igvm_fixed_header_v2)];
    uint32_t stored, sum;

    memcpy(fixed, file->data, fixed_size);
    memcpy(&stored, fixed + offsetof(struct igvm_fixed_header, checksum), 4);
    memset(fixed + offsetof(struct igvm_fixed_header, checksum), 0, 4);
    sum = igvm_crc32(0, fixed, fixed_size);
    sum = igvm_crc32(sum, file->data + file->headers_offset,
                     file->headers_end - file->headers_offset);
    if (sum != stored) {
        return evtpm_fail(err, "checksum is 0x%08" PRIx32
                          ", the headers give 0x%08" PRIx32, stored, sum);
    }
    return 0;
}

static int open_fixed(struct igvm_file *file, size_t size,
                      struct evtpm_error *err)
{
    struct igvm_fixed_header_v2 h = { 0 };
    uint32_t fixed_size = sizeof(struct igvm_fixed_header);

    if (size < fixed_size) {
        return evtpm_fail(err, "not an IGVM file: only %zu bytes", size);
    }
    memcpy(&h, file->data, fixed_size);
    if (h.v1.magic != IGVM_MAGIC) {
        return evtpm_fail(err, "not an IGVM file: magic is 0x%08" PRIx32,
                          h.v1.magic);
    }
    if (h.v1.format_version == IGVM_FORMAT_V2) {
        fixed_size = sizeof(h);
        if (size < fixed_size) {
            return evtpm_fail(err, "file ends inside the fixed header");
        }
        memcpy(&h, file->data, fixed_size);
        if (h.architecture != 0) {
            return evtpm_fail(err, "architecture %" PRIu32 " is not x64",
                              h.architecture);
        }
        if (h.page_size != IGVM_PAGE_SIZE) {
            return evtpm_fail(err, "page size %" PRIu32 " is not 4096",
                              h.page_size);
        }
    } else if (h.v1.format_version != IGVM_FORMAT_V1) {
        return evtpm_fail(err, "format version %" PRIu32 " is not supported",
                          h.v1.format_version);
    }
    if (h.v1.total_file_size != size) {
        return evtpm_fail(err, "file has %zu bytes, its header says %" PRIu32,
                          size, h.v1.total_file_size);
    }
    if (h.v1.variable_header_offset < fixed_size ||
        h.v1.variable_header_offset % 8 != 0 ||
        h.v1.variable_header_offset > size ||
        h.v1.variable_header_size > size - h.v1.variable_header_offset) {
        return evtpm_fail(err, "variable headers (offset 0x%" PRIx32
                          ", 0x%" PRIx32 " bytes) do not fit the file",
                          h.v1.variable_header_offset,
                          h.v1.variable_header_size);
    }
    file->size = (uint32_t)size;
    file->version = h.v1.format_version;
    file->headers_offset = h.v1.variable_header_offset;
    file->headers_end = h.v1.variable_header_offset +
                        h.v1.variable_header_size;
    return check_checksum(file, fixed_size, err);
}

/* Sections: platforms, then initialization, then directives, never back. */
static int section_of(uint32_t type)
{
    if (type >= 0x1 && type <= 0x100) {
        return 1;
    }
    if (type >= 0x101 && type <= 0x200) {
        return 2;
    }
    return type >= 0x301 && type <= 0x400 ? 3 : 0;
}

static int add_platform(struct igvm_check *check, struct igvm_file *file,
                        const struct igvm_header *h, struct evtpm_error *err)
{
    uint32_t mask = h->compatibility_mask;

    if (mask == 0 || (mask & (mask - 1)) != 0) {
        return igvm_fail(err, h, "mask 0x%" PRIx32 " is not one bit", mask);
    }
    if (check->all_masks & mask) {
        return igvm_fail(err, h, "mask 0x%" PRIx32 " is used twice", mask);
    }
    if (igvm_platform_mask(file, h->u.platform.platform_type)) {
        return igvm_fail(err, h, "platform type %u appears twice",
                         h->u.platform.platform_type);
    }
    check->all_masks |= mask;
    file->platform[file->platform_count++] = h->u.platform;
    return 0;
}

static int check_one(struct igvm_check *check, struct igvm_file *file,
                     struct igvm_header *h, struct evtpm_error *err)
{
    if (h->type == IGVM_VHT_SUPPORTED_PLATFORM) {
        return add_platform(check, file, h, err);
    }
    if (h->compatibility_mask == 0) {
        return igvm_fail(err, h, "compatibility mask is 0");
    }
    /* COCONUT's pages are for all platforms that it knows, declared or not. */
    h->compatibility_mask &= check->all_masks;
    if (find_data(file, h, err) < 0) {
        return -1;
    }
    return igvm_check_header(check, h, err);
}

static int check_all(struct igvm_check *check, struct igvm_file *file,
                     struct evtpm_error *err)
{
    uint32_t offset = file->headers_offset;
    int section = 0;

    while (offset < file->headers_end) {
        struct igvm_header h;
        bool known;
        int now;

        if (read_header(file, &offset, &h, &known, err) < 0) {
            return -1;
        }
        now = section_of(h.type);
        if (now != 0 && now < section) {
            return igvm_fail(err, &h, "header is out of section order");
        }
        section = now > section ? now : section;
        if (known && check_one(check, file, &h, err) < 0) {
            return -1;
        }
    }
    if (file->platform_count == 0) {
        return evtpm_fail(err, "the file supports no platform");
    }
    if (igvm_check_overlaps(file, check->range, check->range_count, "memory",
                            err) < 0) {
        return -1;
    }
    return igvm_check_overlaps(file, check->vp, check->vp_count, "vCPU", err);
}

int igvm_open(const void *data, size_t size, struct igvm_file *file,
              struct evtpm_error *err)
{
    struct igvm_check *check;
    size_t most;
    int ret = -1;

    memset(file, 0, sizeof(*file));
    file->data = data;
    if (size > UINT32_MAX) {
        return evtpm_fail(err, "file is larger than 4 GiB");
    }
    if (open_fixed(file, size, err) < 0) {
        return -1;
    }
    /* The shortest header with an address takes 24 bytes: no more ranges than this. */
    most = (file->headers_end - file->headers_offset) / 24 + 1;
    check = calloc(1, sizeof(*check));
    if (check) {
        check->file = file;
        check->range = calloc(most, sizeof(*check->range));
        check->vp = calloc(most, sizeof(*check->vp));
    }
    if (!check || !check->range || !check->vp) {
        evtpm_fail(err, "out of memory");
    } else {
        ret = check_all(check, file, err);
    }
    if (check) {
        free(check->range);
        free(check->vp);
        free(check);
    }
    return ret;
}

uint32_t igvm_platform_mask(const struct igvm_file *file, uint8_t type)
{
    for (uint32_t i = 0; i < file->platform_count; i++) {
        if (file->platform[i].platform_type == type) {
            return file->platform[i].compatibility_mask;
        }
    }
    return 0;
}

void igvm_iter_init(struct igvm_iter *it, const struct igvm_file *file,
                    uint32_t mask)
{
    it->file = file;
    it->offset = file->headers_offset;
    it->mask = mask;
}

bool igvm_next(struct igvm_iter *it, struct igvm_header *out)
{
    bool known;

    while (it->offset < it->file->headers_end) {
        if (read_header(it->file, &it->offset, out, &known, NULL) < 0) {
            return false;
        }
        if (known && (out->compatibility_mask & it->mask) != 0) {
            return find_data(it->file, out, NULL) == 0;
        }
    }
    return false;
}
