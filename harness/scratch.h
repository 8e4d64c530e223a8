/* SPDX-License-Identifier: MIT */
/*
 * One directory for everything temporary of a test run:
 *
 *   TMP/evtpm-t-XXXXXX/lock   flock()ed by the run and by the keepers of its
 *                             programs, so that the kernel releases it when the
 *                             last of them is gone, however it ends
 *   TMP/evtpm-t-XXXXXX/N/     TMPDIR of the N-th program, with run/ as its
 *                             XDG_RUNTIME_DIR
 *
 * What a killed run left is removed when the next one starts.
 */
#ifndef EVTPM_HARNESS_SCRATCH_H
#define EVTPM_HARNESS_SCRATCH_H

#include "harness/fail.h"

struct scratch {
    char *path;
    int lock; /* descriptor, close-on-exec */
};

/* Removes what dead runs left, then makes a new directory. */
gboolean scratch_open(struct scratch *scratch, GError **error);

/* Removes it with all in it. */
void scratch_close(struct scratch *scratch);

/* The directory of program `number`, with run/ in it; NULL on error. */
char *scratch_program(const struct scratch *scratch, unsigned number,
                      GError **error);

#endif
