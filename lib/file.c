/* SPDX-License-Identifier: MIT */
/* Whole files in and out. */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, uint8_t *data, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, data + done, size - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n < 0 ? errno : EIO; /* shorter than fstat said */
            return -1;
        }
        done += (size_t)n;
    }
    return 0;
}

int evtpm_file_read(const char *path, size_t most, struct evtpm_blob *out,
                    struct evtpm_error *err)
{
    /* Opening a FIFO would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    uint8_t *data = NULL;
    struct stat st;
    int rc = -1;

    evtpm_blob_clear(out);
    if (fd < 0) {
        return evtpm_fail(err, "%s: %s", path, strerror(errno));
    }
    if (fstat(fd, &st) < 0) {
        evtpm_fail(err, "%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        evtpm_fail(err, "%s: not a regular file", path);
    } else if ((uint64_t)st.st_size > most) {
        evtpm_fail(err, "%s: %lld bytes, at most %zu are allowed", path,
                   (long long)st.st_size, most);
    } else if (st.st_size == 0) {
        rc = 0;
    } else {
        data = malloc((size_t)st.st_size);
        if (!data) {
            evtpm_fail(err, "%s: out of memory", path);
        } else if (read_all(fd, data, (size_t)st.st_size) < 0) {
            evtpm_fail(err, "%s: %s", path, strerror(errno));
            free(data);
        } else {
            out->data = data;
            out->size = (size_t)st.st_size;
            rc = 0;
        }
    }
    close(fd);
    return rc;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -1;
        }
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int evtpm_file_write(const char *path, const void *data, size_t size,
                     unsigned int mode, struct evtpm_error *err)
{
    mode_t mask = umask(0);
    size_t length = strlen(path) + sizeof(".XXXXXX");
    char *temp = malloc(length);
    int fd, failed;

    umask(mask);
    if (!temp) {
        return evtpm_fail(err, "%s: out of memory", path);
    }
    snprintf(temp, length, "%s.XXXXXX", path);
    fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0) {
        evtpm_fail(err, "%s: %s", path, strerror(errno));
        free(temp);
        return -1;
    }
    failed = write_all(fd, data, size) < 0 || fchmod(fd, mode & ~mask) < 0;
    if (close(fd) < 0) {
        failed = 1;
    }
    failed = failed || rename(temp, path) < 0;
    if (failed) {
        evtpm_fail(err, "%s: %s", path, strerror(errno));
        unlink(temp);
    }
    free(temp);
    return failed ? -1 : 0;
}
