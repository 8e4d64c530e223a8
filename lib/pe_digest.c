/* SPDX-License-Identifier: MIT */
/* The Authenticode digest of a PE image, and its sections. */
#include "lib/pe_digest.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lib/reader.h"

#define PE_OFFSET 0x3c /* in the DOS header */
#define FILE_HEADER 24 /* signature and COFF header */
#define CHECKSUM 64    /* in the optional header, as is the next */
#define HEADERS_SIZE 60
#define DIRECTORIES_32 96 /* of the data directories in PE32 and PE32+ */
#define DIRECTORIES_64 112
#define SECURITY 4 /* the directory that names the signature */
#define MAGIC_64 0x20b
#define MAGIC_32 0x10b
#define SECTION_SIZE 40
#define NAME_SIZE 8

struct part {
    size_t at, size;
};

struct image {
    const uint8_t *data;
    size_t size;
    size_t optional;     /* header */
    size_t security;     /* entry of the directory; 0: there is none */
    size_t headers_size; /* of all headers */
    size_t signature_size;
    size_t table; /* of the section headers */
    unsigned headers;
    struct part sections[EVTPM_PE_SECTIONS_MAX];
    unsigned section_count; /* of those that have data */
};

/* Reads at an offset; beyond the end it gives 0 and notes that. */
static uint32_t get(struct image *i, size_t at, unsigned bytes, bool *bad)
{
    struct reader r = { .data = i->data, .size = i->size, .at = at };
    uint32_t value;

    if (at > i->size) {
        *bad = true;
        return 0;
    }
    value = bytes == 2 ? reader_u16(&r) : reader_u32(&r);
    *bad = *bad || r.overrun;
    return value;
}

static int by_place(const void *a, const void *b)
{
    const struct part *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static bool read_sections(struct image *i)
{
    bool bad = i->headers > EVTPM_PE_SECTIONS_MAX;

    for (unsigned n = 0; !bad && n < i->headers; n++) {
        struct part part = {
            .size = get(i, i->table + n * SECTION_SIZE + 16, 4, &bad),
            .at = get(i, i->table + n * SECTION_SIZE + 20, 4, &bad),
        };

        bad = bad || part.at > i->size || part.size > i->size - part.at;
        if (!bad && part.size) {
            i->sections[i->section_count++] = part;
        }
    }
    qsort(i->sections, i->section_count, sizeof(*i->sections), by_place);
    return !bad;
}

static bool read_headers(struct image *i)
{
    bool bad = false;
    size_t pe = get(i, PE_OFFSET, 4, &bad), directories;
    uint32_t magic, count;

    if (bad || get(i, pe, 4, &bad) != 0x4550) { /* "PE" */
        return false;
    }
    i->optional = pe + FILE_HEADER;
    magic = get(i, i->optional, 2, &bad);
    if (magic != MAGIC_32 && magic != MAGIC_64) {
        return false;
    }
    directories =
        i->optional + (magic == MAGIC_64 ? DIRECTORIES_64 : DIRECTORIES_32);
    count = get(i, directories - 4, 4, &bad);
    i->headers_size = get(i, i->optional + HEADERS_SIZE, 4, &bad);
    if (count > SECURITY) {
        i->security = directories + 8 * SECURITY;
        i->signature_size = get(i, i->security + 4, 4, &bad);
    }
    i->table = i->optional + get(i, pe + 20, 2, &bad);
    i->headers = get(i, pe + 6, 2, &bad);
    return !bad && i->headers_size <= i->size &&
           i->headers_size >= directories + 8 * (SECURITY + 1) &&
           read_sections(i);
}

static void hash_range(gnutls_hash_hd_t hash, const struct image *i,
                       size_t from, size_t to)
{
    gnutls_hash(hash, i->data + from, to - from);
}

/* What is behind the sections counts, but for the signature, which is last. */
static bool hash_image(gnutls_hash_hd_t hash, const struct image *i)
{
    size_t checksum = i->optional + CHECKSUM, counted = i->headers_size;

    hash_range(hash, i, 0, checksum);
    if (i->security) {
        hash_range(hash, i, checksum + 4, i->security);
        hash_range(hash, i, i->security + 8, i->headers_size);
    } else {
        hash_range(hash, i, checksum + 4, i->headers_size);
    }
    for (unsigned n = 0; n < i->section_count; n++) {
        const struct part *part = &i->sections[n];

        hash_range(hash, i, part->at, part->at + part->size);
        counted += part->size;
    }
    if (i->size < counted || i->size - counted < i->signature_size) {
        return false;
    }
    hash_range(hash, i, counted, i->size - i->signature_size);
    return true;
}

static int not_a_program(struct evtpm_error *err)
{
    return evtpm_fail(err, "not an EFI program (PE image)");
}

int evtpm_pe_digest(const void *image, size_t size, uint8_t digest[32],
                    struct evtpm_error *err)
{
    struct image i = { .data = image, .size = size };
    gnutls_hash_hd_t hash;
    bool good;

    if (!read_headers(&i)) {
        return not_a_program(err);
    }
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
        return evtpm_fail(err, "no SHA-256");
    }
    good = hash_image(hash, &i);
    gnutls_hash_deinit(hash, digest);
    return good ? 0 : evtpm_fail(err, "PE image: its sections overlap");
}

/* As it is in memory; what is only zeros there is left out. */
static bool read_section(struct image *i, unsigned n,
                         struct evtpm_pe_section *out)
{
    size_t header = i->table + n * SECTION_SIZE;
    bool bad = false;
    size_t size = get(i, header + 8, 4, &bad);
    size_t stored = get(i, header + 16, 4, &bad);

    memset(out, 0, sizeof(*out));
    memcpy(out->name, i->data + header, NAME_SIZE);
    out->data = i->data + get(i, header + 20, 4, &bad);
    out->size = size;
    return !bad && size && size <= stored;
}

int evtpm_pe_sections(const void *image, size_t size,
                      struct evtpm_pe_section out[EVTPM_PE_SECTIONS_MAX],
                      size_t *count, struct evtpm_error *err)
{
    struct image i = { .data = image, .size = size };

    *count = 0;
    if (!read_headers(&i)) {
        return not_a_program(err);
    }
    for (unsigned n = 0; n < i.headers; n++) {
        *count += read_section(&i, n, &out[*count]);
    }
    return 0;
}
