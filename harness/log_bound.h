/* SPDX-License-Identifier: MIT */
/*
 * A guest may say as much as it likes, the host's disk is not its own: of a log
 * that grows too large, the beginning and the end stay. What is between becomes
 * a hole, so that whoever writes to the file need not know.
 */
#ifndef EVTPM_HARNESS_LOG_BOUND_H
#define EVTPM_HARNESS_LOG_BOUND_H

#include "harness/fail.h"

/* Bytes that the logs of a VM may take each, beyond what is written within
 * LOG_BOUND_MS. */
#define LOG_BOUND_DEFAULT (64 << 20)
#define LOG_BOUND_MS 500

/* Looks at a file once: TRUE if a part was dropped. On a file system without
 * holes that is all but the beginning: who writes must append. */
gboolean log_bound(const char *path, gint64 limit);

/* Looks at two files again and again, from a thread of its own, until stopped.
 * NULL paths are none. */
struct log_guard;
struct log_guard *log_guard_start(const char *first, const char *second,
                                  gint64 limit);
void log_guard_stop(struct log_guard *guard); /* NULL: nothing */

/*
 * The same from a process that stays when we are gone, until the process behind
 * `pidfd` has ended. It is nobody's child, in a session of its own, and holds
 * no descriptor of ours but a copy of that one.
 */
gboolean log_guard_leave(const char *first, const char *second, gint64 limit,
                         int pidfd, GError **error);

#endif
