/* SPDX-License-Identifier: MIT */
/* What is kept between "ak" and "collect": the keys, in a directory. */
#ifndef EVTPM_AGENT_STATE_H
#define EVTPM_AGENT_STATE_H

#include <limits.h>

#include "lib/blob.h"
#include "lib/error.h"

struct state_path {
    char text[PATH_MAX];
};

/* Makes the directory if need be. 0 or -1. */
int state_open(const char *dir, struct evtpm_error *err);

/* DIR/NAME; state_open() saw to its length. */
struct state_path state_file(const char *dir, const char *name);

int state_write(const char *dir, const char *name,
                const struct evtpm_blob *blob, struct evtpm_error *err);
int state_read(const char *dir, const char *name, struct evtpm_blob *out,
               struct evtpm_error *err);

#endif
