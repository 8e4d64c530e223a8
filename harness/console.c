/* SPDX-License-Identifier: MIT */
/* Console relay: terminal in raw mode, one poll loop. */
#include "harness/console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved_mode;
static gboolean raw;

static void restore_mode(void)
{
    if (raw) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_mode);
        raw = FALSE;
    }
}

static void raw_mode(void)
{
    static gboolean registered;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved_mode) < 0) {
        return;
    }
    if (!registered) {
        atexit(restore_mode);
        registered = TRUE;
    }
    struct termios mode = saved_mode;
    cfmakeraw(&mode);
    mode.c_oflag |= OPOST; /* our own messages may come in between */
    raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &mode) == 0;
}

gboolean console_quit_at(const char *data, gsize size, gsize *before)
{
    const char *key = memchr(data, CONSOLE_QUIT, size);
    *before = key ? (gsize)(key - data) : size;
    return key != NULL;
}

static void write_out(const char *data, gsize size)
{
    while (size > 0) {
        ssize_t n = write(STDOUT_FILENO, data, size);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd set = { .fd = STDOUT_FILENO, .events = POLLOUT };
            poll(&set, 1, 1000);
        } else if (n < 0 && errno != EINTR) {
            return; /* the reader went away; the log has it all */
        } else if (n > 0) {
            data += n;
            size -= (gsize)n;
        }
    }
}

struct relay {
    struct json_stream socket; /* used for its connection only */
    int in;                    /* -1 after end of file */
    gboolean open;
    gboolean quit;
};

static gboolean from_user(struct relay *r, GError **error)
{
    char buf[4096];
    ssize_t n = read(r->in, buf, sizeof(buf));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) {
        r->in = -1;
        return TRUE;
    }
    if (n < 0) {
        return TRUE;
    }
    gsize before;
    r->quit = console_quit_at(buf, (gsize)n, &before);
    /* a guest that never reads its console must not hang us */
    return json_stream_send_raw(&r->socket, buf, before, deadline_in(10),
                                error);
}

static void from_guest(struct relay *r)
{
    char buf[4096];
    ssize_t n = read(r->socket.fd, buf, sizeof(buf));
    if (n > 0) {
        write_out(buf, (gsize)n);
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        r->open = FALSE;
    }
}

static gboolean relay_loop(struct relay *r, GError **error)
{
    while (r->open && !r->quit) {
        if (wait_signal()) {
            return fail(error, HARNESS_ERROR_INTERRUPTED, "interrupted");
        }
        struct pollfd set[] = {
            { .fd = r->in, .events = POLLIN },
            { .fd = r->socket.fd, .events = POLLIN },
            { .fd = r->socket.gone, .events = POLLIN },
        };
        if (poll(set, 3, 200) <= 0) {
            continue;
        }
        if (set[1].revents) {
            from_guest(r);
        } else if (set[2].revents) {
            r->open = FALSE; /* nothing left to read, and the VM is gone */
        }
        if (set[0].revents && !from_user(r, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

gboolean console_run(struct vm *vm, gboolean *quit, GError **error)
{
    struct relay r = { .in = STDIN_FILENO, .open = TRUE };
    int fd = vm_console(vm, error);
    if (fd < 0) {
        return FALSE;
    }
    json_stream_adopt(&r.socket, fd, vm->process.pidfd, "console");
    raw_mode();
    gboolean ok = relay_loop(&r, error);
    restore_mode();
    json_stream_close(&r.socket);
    *quit = r.quit;
    return ok;
}
