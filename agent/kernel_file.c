/* SPDX-License-Identifier: MIT */
#include "agent/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Room for at least one byte more, twice as much as there was. */
static int grow(struct evtpm_blob *blob, size_t *room)
{
    size_t wanted = *room ? 2 * *room : 0x1000;
    uint8_t *data = realloc(blob->data, wanted);

    if (!data) {
        return -1;
    }
    blob->data = data;
    *room = wanted;
    return 0;
}

static int read_to_end(int fd, size_t most, struct evtpm_blob *out)
{
    size_t room = 0;
    ssize_t n;

    do {
        if (out->size == room && grow(out, &room) < 0) {
            return -1;
        }
        n = read(fd, out->data + out->size, room - out->size);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        out->size += n > 0 ? (size_t)n : 0;
        if (out->size > most) {
            errno = EFBIG;
            return -1;
        }
    } while (n != 0);
    return 0;
}

int kernel_file_read(int dir, const char *name, size_t most,
                     struct evtpm_blob *out)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
    int rc, reason;

    evtpm_blob_clear(out);
    if (fd < 0) {
        return -1;
    }
    rc = read_to_end(fd, most, out);
    reason = errno;
    close(fd);
    if (rc < 0 || out->size == 0) {
        evtpm_blob_clear(out);
    }
    errno = reason;
    return rc;
}

int kernel_file_write(int dir, const char *name, const void *data, size_t size)
{
    int fd = openat(dir, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
    ssize_t n;
    int reason;

    if (fd < 0) {
        return -1;
    }
    n = write(fd, data, size);
    reason = n < 0 ? errno : EIO;
    if (close(fd) < 0) { /* configfs may refuse no sooner than here */
        return -1;
    }
    errno = reason;
    return n == (ssize_t)size ? 0 : -1;
}
