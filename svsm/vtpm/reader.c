/* SPDX-License-Identifier: MIT */
/* Cuts a byte stream into TPM frames. */
#include "svsm/vtpm/reader.h"

/* Bytes of the stream that the current frame takes, as far as is known. */
static uint64_t frame_length(const struct vtpm_reader *reader)
{
    uint32_t size;

    if (reader->taken < VTPM_HEADER_SIZE) {
        return VTPM_HEADER_SIZE;
    }
    size = vtpm_header_get(reader->frame).size;
    return size < VTPM_HEADER_SIZE ? VTPM_HEADER_SIZE : size;
}

static int size_ok(uint32_t size)
{
    return size >= VTPM_HEADER_SIZE && size <= VTPM_FRAME_MAX;
}

uint32_t vtpm_reader_space(struct vtpm_reader *reader, uint8_t **to)
{
    uint64_t left = frame_length(reader) - reader->taken;
    uint64_t room = VTPM_FRAME_MAX - VTPM_HEADER_SIZE;

    if (reader->taken < VTPM_HEADER_SIZE ||
        size_ok(vtpm_header_get(reader->frame).size)) {
        *to = reader->frame + reader->taken;
        return (uint32_t)left;
    }
    /* To be swallowed: keep the header, overwrite the rest again and again. */
    *to = reader->frame + VTPM_HEADER_SIZE;
    return (uint32_t)(left < room ? left : room);
}

enum vtpm_reader_result vtpm_reader_advance(struct vtpm_reader *reader,
                                            uint32_t count)
{
    reader->taken += count;
    if (reader->taken < VTPM_HEADER_SIZE ||
        reader->taken < frame_length(reader)) {
        return VTPM_READER_MORE;
    }
    reader->taken = 0;
    reader->size = vtpm_header_get(reader->frame).size;
    return size_ok(reader->size) ? VTPM_READER_FRAME : VTPM_READER_BAD;
}
