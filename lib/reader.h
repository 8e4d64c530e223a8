/* SPDX-License-Identifier: MIT */
/* A bounded little-endian reader for logs: after the first read beyond the end all reads give 0. */
#ifndef EVTPM_LIB_READER_H
#define EVTPM_LIB_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
    bool overrun;
};

/* The next `size` bytes in place, or NULL. */
static inline const uint8_t *reader_bytes(struct reader *r, size_t size)
{
    const uint8_t *here = r->data + r->at;

    if (r->overrun || size > r->size - r->at) {
        r->overrun = true;
        return NULL;
    }
    r->at += size;
    return here;
}

static inline uint32_t reader_u32(struct reader *r)
{
    const uint8_t *p = reader_bytes(r, 4);

    return p ? (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                   (uint32_t)p[3] << 24
             : 0;
}

static inline uint16_t reader_u16(struct reader *r)
{
    const uint8_t *p = reader_bytes(r, 2);

    return p ? (uint16_t)(p[0] | p[1] << 8) : 0;
}

static inline uint8_t reader_u8(struct reader *r)
{
    const uint8_t *p = reader_bytes(r, 1);

    return p ? p[0] : 0;
}

#endif
