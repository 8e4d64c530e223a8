/* SPDX-License-Identifier: MIT */
/* Cuts a byte stream into frames; no input, no memory of its own: pure.
 *
 * A header names its frame's size. Whatever the header says, the frame takes
 * max(size, 10) bytes of the stream, so a peer that sends what it announced
 * stays in step. A frame whose size is below 10 or above VTPM_FRAME_MAX is
 * swallowed and reported as VTPM_READER_BAD, which the program answers with
 * TPM_RC_COMMAND_SIZE. A peer that announces more than it sends waits for
 * itself: the kernel prevents that for a guest (vtpm_guest_frame_check()). */
#ifndef EVTPM_VTPM_READER_H
#define EVTPM_VTPM_READER_H

#include <stdint.h>

#include "svsm/vtpm/protocol.h"

enum vtpm_reader_result {
    VTPM_READER_MORE,  /* not at the end of a frame yet */
    VTPM_READER_FRAME, /* frame[0..size) is a whole frame */
    VTPM_READER_BAD,   /* a frame with an impossible size has gone by */
};

/* All zero is a reader at the start of a stream. */
struct vtpm_reader {
    uint64_t taken; /* bytes of the current frame so far */
    uint32_t size;  /* of the last frame that was complete */
    uint8_t frame[VTPM_FRAME_MAX];
};

/* Where the next bytes of the stream go: at most the returned number (never 0)
 * of them to *@to. Never reaches into the next frame. */
uint32_t vtpm_reader_space(struct vtpm_reader *reader, uint8_t **to);

/* @count bytes (1..vtpm_reader_space()) have been put there. */
enum vtpm_reader_result vtpm_reader_advance(struct vtpm_reader *reader,
                                            uint32_t count);

/* Is the stream between two frames? */
static inline int vtpm_reader_idle(const struct vtpm_reader *reader)
{
    return reader->taken == 0;
}

#endif
