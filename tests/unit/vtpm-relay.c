/* SPDX-License-Identifier: MIT */
/* vtpm-relay IN OUT: lets successive TPM tools talk to one TPM.
 *
 * tpm2-tss's cmd: transport starts a program per tool, so the tools would meet
 * a new TPM each time. They start this instead: it passes their frames on to a
 * vTPM program that reads the FIFO IN and writes the FIFO OUT. When the tool is
 * done, its transient objects are flushed: what the kernel's resource manager
 * (/dev/tpmrm0) does for a closed descriptor. The tool does not wait for that;
 * a lock on IN makes the next one wait. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "svsm/vtpm/protocol.h"

#define CC_FLUSH_CONTEXT 0x165u
#define CC_GET_CAPABILITY 0x17au

static void die(const char *what)
{
    fprintf(stderr, "vtpm-relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* False at the end of the input, if it comes before the first byte. */
static bool read_all(int fd, uint8_t *to, size_t count)
{
    size_t done = 0;
    ssize_t got;

    while (done < count) {
        got = read(fd, to + done, count - done);
        if (got == 0 && done == 0) {
            return false;
        }
        if (got <= 0) {
            die("read");
        }
        done += (size_t)got;
    }
    return true;
}

static void write_all(int fd, const uint8_t *from, size_t count)
{
    ssize_t put;

    while (count > 0) {
        put = write(fd, from, count);
        if (put <= 0) {
            die("write");
        }
        from += put;
        count -= (size_t)put;
    }
}

/* One frame; 0 at the end of the input. */
static uint32_t read_frame(int fd, uint8_t *frame)
{
    uint32_t size;

    if (!read_all(fd, frame, VTPM_HEADER_SIZE)) {
        return 0;
    }
    size = vtpm_header_get(frame).size;
    if (size < VTPM_HEADER_SIZE || size > VTPM_FRAME_MAX) {
        errno = EPROTO;
        die("frame");
    }
    if (size > VTPM_HEADER_SIZE &&
        !read_all(fd, frame + VTPM_HEADER_SIZE, size - VTPM_HEADER_SIZE)) {
        errno = EPROTO;
        die("frame");
    }
    return size;
}

static uint32_t call(int in, int out, uint8_t *frame, uint32_t size)
{
    write_all(in, frame, size);
    return read_frame(out, frame);
}

/* GetCapability(handles from 0x80000000), FlushContext for each */
static void flush_transient(int in, int out)
{
    uint8_t frame[VTPM_FRAME_MAX];
    uint8_t handles[VTPM_FRAME_MAX];
    uint32_t count, size, i;

    vtpm_header_put(handles, VTPM_ST_NO_SESSIONS, 22, CC_GET_CAPABILITY);
    vtpm_put32(handles + 10, 1);
    vtpm_put32(handles + 14, 0x80000000u);
    vtpm_put32(handles + 18, 64);
    size = call(in, out, handles, 22);
    if (size < 19 || vtpm_header_get(handles).code != VTPM_RC_SUCCESS) {
        return; /* not started up: nothing is loaded */
    }
    count = vtpm_get32(handles + 15);
    for (i = 0; i < count && 19 + 4 * i + 4 <= size; i++) {
        vtpm_header_put(frame, VTPM_ST_NO_SESSIONS, 14, CC_FLUSH_CONTEXT);
        memcpy(frame + 10, handles + 19 + 4 * i, 4);
        call(in, out, frame, 14);
    }
}

int main(int argc, char **argv)
{
    uint8_t frame[VTPM_FRAME_MAX];
    uint32_t size;
    int in, out;

    if (argc != 3) {
        fprintf(stderr, "usage: vtpm-relay FIFO_IN FIFO_OUT\n");
        return 2;
    }
    in = open(argv[1], O_WRONLY);
    out = in < 0 ? -1 : open(argv[2], O_RDONLY);
    if (out < 0) {
        die("open");
    }
    if (flock(in, LOCK_EX) != 0) {
        die("lock");
    }
    while ((size = read_frame(0, frame)) > 0) {
        size = call(in, out, frame, size);
        if (size == 0) {
            errno = EPIPE;
            die("the TPM is gone");
        }
        write_all(1, frame, size);
    }
    flush_transient(in, out);
    return 0;
}
