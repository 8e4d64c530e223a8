/* SPDX-License-Identifier: MIT */
/* Files that the kernel makes up: their size shows only when they are read. */
#ifndef EVTPM_AGENT_KERNEL_FILE_H
#define EVTPM_AGENT_KERNEL_FILE_H

#include "lib/blob.h"

/* `name` in the directory `dir` (AT_FDCWD: a path), replaces `out`. -1 with
 * errno; EFBIG when there are more than `most` bytes. */
int kernel_file_read(int dir, const char *name, size_t most,
                     struct evtpm_blob *out);

/* In one write. -1 with errno. */
int kernel_file_write(int dir, const char *name, const void *data, size_t size);

#endif
