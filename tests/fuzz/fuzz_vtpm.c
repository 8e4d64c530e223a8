/* SPDX-License-Identifier: MIT */
/* svsm/vtpm/reader.c under any stream in any pieces. The first byte gives the
 * size of the pieces; the rest is the stream. Checked against a second, slower
 * way to cut it: by looking at the whole stream at once. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "svsm/vtpm/reader.h"
#include "tests/fuzz/fuzz.h"

static void expect(int condition)
{
    if (!condition) {
        abort();
    }
}

/* The frame that starts @stream ended where the reader says? */
static void check_frame(const struct vtpm_reader *reader,
                        enum vtpm_reader_result result, const uint8_t *stream,
                        uint64_t taken)
{
    struct vtpm_header header = vtpm_header_get(stream);
    uint64_t announced =
        header.size < VTPM_HEADER_SIZE ? VTPM_HEADER_SIZE : header.size;

    expect(taken == announced);
    expect(reader->size == header.size);
    if (result == VTPM_READER_FRAME) {
        expect(header.size <= VTPM_FRAME_MAX);
        expect(memcmp(reader->frame, stream, header.size) == 0);
    } else {
        expect(header.size < VTPM_HEADER_SIZE || header.size > VTPM_FRAME_MAX);
    }
}

static void cut(const uint8_t *stream, size_t size, uint32_t piece)
{
    struct vtpm_reader reader = { 0 };
    enum vtpm_reader_result result;
    size_t start = 0, at = 0;
    uint8_t *to;
    uint32_t room;

    while (at < size) {
        room = vtpm_reader_space(&reader, &to);
        expect(room > 0);
        expect(to >= reader.frame &&
               to + room <= reader.frame + sizeof(reader.frame));
        room = room < piece ? room : piece;
        room = room < size - at ? room : (uint32_t)(size - at);
        memcpy(to, stream + at, room);
        at += room;
        result = vtpm_reader_advance(&reader, room);
        expect(vtpm_reader_idle(&reader) == (result != VTPM_READER_MORE));
        if (result != VTPM_READER_MORE) {
            check_frame(&reader, result, stream + start, at - start);
            start = at;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t rc;

    if (size == 0) {
        return 0;
    }
    cut(data + 1, size - 1, data[0] ? data[0] : VTPM_FRAME_MAX);
    rc = vtpm_guest_frame_check(data + 1, size - 1);
    expect((rc == VTPM_RC_SUCCESS) ==
           (size - 1 >= VTPM_HEADER_SIZE && size - 1 <= VTPM_FRAME_MAX &&
            vtpm_header_get(data + 1).size == size - 1 &&
            vtpm_header_get(data + 1).tag != VTPM_TAG_CONTROL));
    return 0;
}

/* The same frames in pieces of any size, of 3 bytes, and one frame alone. */
void fuzz_corpus(void)
{
    static const uint8_t frames[] = {
        0,
        0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0, /* Startup */
        0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x7b, 0, 8, /* GetRandom */
        0x80, 0x02, 0, 0, 0, 10, 0, 0, 0, 0,
    };
    uint8_t pieces[sizeof(frames)];

    memcpy(pieces, frames, sizeof(frames));
    fuzz_add(frames, sizeof(frames));
    fuzz_add(frames, 13);
    pieces[0] = 3;
    fuzz_add(pieces, sizeof(pieces));
}
