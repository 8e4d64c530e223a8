/* SPDX-License-Identifier: MIT */
/* The children of this process by /proc, those that it never started included:
 * orphans come to a subreaper. Needs nothing but the C library. */
#ifndef EVTPM_HARNESS_CHILDREN_H
#define EVTPM_HARNESS_CHILDREN_H

#include <sys/types.h>

/* Longest name of a process, with its end. */
#define CHILD_NAME_SIZE 17

/* Is called for each child; `user` as given. */
typedef void (*child_fn)(pid_t pid, const char *name, void *user);

void children_each(child_fn visit, void *user);

#endif
