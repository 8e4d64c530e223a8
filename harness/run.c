/* SPDX-License-Identifier: MIT */
/* Running a helper program to its end, with its output taken line by line. */
#include "harness/process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct runner {
    int in[2], out[2], err[2];
    GBytes *input;
    size_t sent;
    GString *line;
    GString *err_text;
    process_line_fn on_line;
    void *user;
};

static void close_end(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void give_lines(struct runner *r, gboolean at_end)
{
    char *newline;
    while ((newline = memchr(r->line->str, '\n', r->line->len))) {
        *newline = '\0';
        if (r->on_line) {
            r->on_line(r->line->str, r->user);
        }
        g_string_erase(r->line, 0, newline + 1 - r->line->str);
    }
    if (at_end && r->line->len) {
        if (r->on_line) {
            r->on_line(r->line->str, r->user);
        }
        g_string_truncate(r->line, 0);
    }
}

static void take(int *fd, GString *into)
{
    char buf[8192];
    ssize_t n = read(*fd, buf, sizeof(buf));
    if (n > 0) {
        g_string_append_len(into, buf, n);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        close_end(fd);
    }
}

static void feed(struct runner *r)
{
    gsize size = 0;
    const char *data = r->input ? g_bytes_get_data(r->input, &size) : NULL;
    ssize_t n =
        size > r->sent ? write(r->in[1], data + r->sent, size - r->sent) : 0;
    if (n > 0) {
        r->sent += (size_t)n;
    }
    if (r->sent >= size || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_end(&r->in[1]); /* a program that closes early is its affair */
    }
}

/* One poll over everything that is still open. */
static gboolean pump(struct runner *r, struct process *p, deadline_t deadline,
                     const char *name, GError **error)
{
    while (r->out[0] >= 0 || r->err[0] >= 0) {
        if (wait_signal()) {
            return fail(error, HARNESS_ERROR_INTERRUPTED, "interrupted");
        }
        if (deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_TIMEOUT, "%s took too long", name);
        }
        struct pollfd set[] = {
            { .fd = r->in[1], .events = POLLOUT },
            { .fd = r->out[0], .events = POLLIN },
            { .fd = r->err[0], .events = POLLIN },
        };
        /* short slices: a signal between the test above and poll() is then seen
         * soon */
        if (poll(set, 3, 100) < 0) {
            continue;
        }
        if (set[0].revents) {
            feed(r);
        }
        if (set[1].revents) {
            take(&r->out[0], r->line);
            give_lines(r, r->out[0] < 0);
        }
        if (set[2].revents) {
            take(&r->err[0], r->err_text);
        }
    }
    return process_wait(p, deadline, name, error);
}

gboolean process_run(const char *const *argv,
                     const struct process_options *options, GBytes *input,
                     gboolean merge, process_line_fn on_line, void *user,
                     char **err_text, int *status, deadline_t deadline,
                     GError **error)
{
    struct runner r = { .in = { -1, -1 },
                        .out = { -1, -1 },
                        .err = { -1, -1 },
                        .input = input,
                        .on_line = on_line,
                        .user = user };
    if (!g_unix_open_pipe(r.in, FD_CLOEXEC, error) ||
        !g_unix_open_pipe(r.out, FD_CLOEXEC, error) ||
        (!merge && !g_unix_open_pipe(r.err, FD_CLOEXEC, error))) {
        return FALSE;
    }
    g_unix_set_fd_nonblocking(r.in[1], TRUE, NULL);
    r.line = g_string_new(NULL);
    r.err_text = g_string_new(NULL);
    struct process_options o =
        options ? *options : (struct process_options){ 0 };
    o.in = r.in[0];
    o.out = r.out[1];
    o.err = merge ? r.out[1] : r.err[1];
    struct process p = PROCESS_NONE;
    gboolean ok = process_spawn(argv, &o, &p, error);
    close_end(&r.in[0]);
    close_end(&r.out[1]);
    close_end(&r.err[1]);
    if (ok) {
        ok = pump(&r, &p, deadline, argv[0], error);
        process_end(&p, 500);
        *status = p.status;
        process_clear(&p);
    }
    close_end(&r.in[1]);
    close_end(&r.out[0]);
    close_end(&r.err[0]);
    g_string_free(r.line, TRUE);
    char *text = g_string_free(r.err_text, FALSE);
    if (err_text) {
        *err_text = text;
    } else {
        g_free(text);
    }
    return ok;
}
