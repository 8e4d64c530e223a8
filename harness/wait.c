/* SPDX-License-Identifier: MIT */
/* Waiting with a deadline, interruptible through a self-pipe. */
#define G_LOG_DOMAIN "evtpm"
#include "harness/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

static int signal_pipe[2] = { -1, -1 };
static volatile sig_atomic_t signal_seen;

deadline_t deadline_in_ms(gint64 ms)
{
    return g_get_monotonic_time() + ms * 1000;
}

deadline_t deadline_in(double seconds)
{
    return g_get_monotonic_time() + (gint64)(seconds * 1e6);
}

deadline_t deadline_min(deadline_t a, deadline_t b)
{
    return MIN(a, b);
}

gboolean deadline_passed(deadline_t deadline)
{
    return g_get_monotonic_time() >= deadline;
}

static void on_signal(int number)
{
    int saved = errno;
    signal_seen = number;
    if (write(signal_pipe[1], "", 1) < 0) {
        /* full: a wake-up is pending anyway */
    }
    errno = saved;
}

void wait_catch_signals(void)
{
    if (signal_pipe[0] < 0 &&
        !g_unix_open_pipe(signal_pipe, FD_CLOEXEC, NULL)) {
        return;
    }
    g_unix_set_fd_nonblocking(signal_pipe[0], TRUE, NULL);
    g_unix_set_fd_nonblocking(signal_pipe[1], TRUE, NULL);
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int wait_signal(void)
{
    return signal_seen;
}

void wait_forget_signal(void)
{
    char drain[16];
    signal_seen = 0;
    while (signal_pipe[0] >= 0 && read(signal_pipe[0], drain, 16) > 0) {
    }
}

static int poll_timeout(deadline_t deadline)
{
    if (deadline == DEADLINE_NEVER) {
        return -1;
    }
    gint64 left = deadline - g_get_monotonic_time();
    /* rounded up, or the last millisecond would be a busy loop */
    return left <= 0 ? 0 : (int)MIN((left + 999) / 1000, G_MAXINT);
}

gboolean wait_fd(int fd, short events, int gone, deadline_t deadline,
                 const char *what, GError **error)
{
    for (;;) {
        if (signal_seen) {
            return fail(error, HARNESS_ERROR_INTERRUPTED, "interrupted");
        }
        struct pollfd set[3] = {
            { .fd = fd, .events = events },
            { .fd = gone, .events = POLLIN },
            { .fd = signal_pipe[0], .events = POLLIN },
        };
        int n = poll(set, 3, poll_timeout(deadline));
        if (n < 0 && errno != EINTR) {
            return fail_errno(error, errno, "poll");
        }
        if (n > 0 && set[0].revents) {
            return TRUE;
        }
        if (n > 0 && set[1].revents) {
            return fail(error, HARNESS_ERROR_VM_ENDED,
                        "the VM ended while waiting for %s", what);
        }
        if (n == 0 && deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_TIMEOUT,
                        "timed out waiting for %s", what);
        }
    }
}

gboolean wait_ms(unsigned ms, int gone, GError **error)
{
    g_autoptr(GError) local = NULL;
    wait_fd(-1, 0, gone, deadline_in_ms(ms), "time to pass", &local);
    if (g_error_matches(local, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT)) {
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}
