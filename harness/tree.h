/* SPDX-License-Identifier: MIT */
/* Directories and files: removing, writing whole, reading bounded. */
#ifndef EVTPM_HARNESS_TREE_H
#define EVTPM_HARNESS_TREE_H

#include "harness/fail.h"

/* Removes a file or a directory with all in it; symbolic links are not
 * followed. */
void tree_remove(const char *path);
/* Removes what is in a directory but the entry `keep`. */
void tree_empty(const char *path, const char *keep);
/* Of the directories in `path`, removes the oldest but `kept`; never one named
 * in `spare`. */
void tree_prune(const char *path, unsigned kept, GPtrArray *spare);

/* Writes by a temporary file and rename; mode 0600. size -1: a string. */
gboolean tree_write(const char *path, const void *data, gssize size,
                    GError **error);
/* Makes a directory and its parents, mode 0700. */
gboolean tree_make(const char *path, GError **error);

/* The last `lines` lines of a text file, control characters dropped; NULL if
 * there are none. */
char *tree_tail(const char *path, unsigned lines);

#endif
