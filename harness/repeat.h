/* SPDX-License-Identifier: MIT */
/* The command that runs tests once more as they were run. */
#ifndef EVTPM_HARNESS_REPEAT_H
#define EVTPM_HARNESS_REPEAT_H

#include <glib.h>

/* A word as a shell takes it; free with g_free. */
char *repeat_word(const char *text);

/*
 * "EVTPM_NAME=... ./evtpm test --option=..." of a run with this environment
 * and these options, which have been parsed: all strings among them that were
 * given, but those named in `own` (ended by NULL), which are about that run as
 * a whole. `build` is its build directory. Free with g_free.
 */
char *repeat_command(const GOptionEntry *entries, const char *const *own,
                     const char *const *environ, const char *build);

#endif
