/* SPDX-License-Identifier: MIT */
/*
 * Every wait of the harness goes through here, so that each has a deadline,
 * each ends at SIGINT, SIGTERM or SIGHUP, and each notices that the VM it waits
 * for is gone.
 */
#ifndef EVTPM_HARNESS_WAIT_H
#define EVTPM_HARNESS_WAIT_H

#include "harness/fail.h"

/* A point of the monotonic clock, in microseconds. */
typedef gint64 deadline_t;
#define DEADLINE_NEVER G_MAXINT64

deadline_t deadline_in_ms(gint64 ms);
deadline_t deadline_in(double seconds);
/* The earlier of the two. */
deadline_t deadline_min(deadline_t a, deadline_t b);
gboolean deadline_passed(deadline_t deadline);

/* From now on the signals above end waits instead of the process. SIGPIPE is
 * ignored. */
void wait_catch_signals(void);
/* The signal that came, or 0. Forgotten by wait_forget_signal(), for cleaning
 * up afterwards. */
int wait_signal(void);
void wait_forget_signal(void);

/*
 * Waits until `fd` is ready for `events` (POLLIN, POLLOUT) or hangs up. `gone`
 * is a pidfd whose process is needed (-1: none); data that is there goes first.
 * Errors: TIMEOUT ("timed out waiting for WHAT"), VM_ENDED, INTERRUPTED. fd may
 * be -1, to wait for `gone` or the time alone.
 */
gboolean wait_fd(int fd, short events, int gone, deadline_t deadline,
                 const char *what, GError **error);

/* Sleeps; FALSE with an error when interrupted or `gone`. */
gboolean wait_ms(unsigned ms, int gone, GError **error);

#endif
