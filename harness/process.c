/* SPDX-License-Identifier: MIT */
/* Starting, watching and ending child processes. */
#include "harness/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int open_pidfd(pid_t pid)
{
    /* close-on-exec by definition */
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int or_null(int fd, int flags)
{
    return fd > 0 ? fd : open("/dev/null", flags | O_CLOEXEC);
}

/* In the child: only async-signal-safe calls, since libraries may have threads.
 */
static void child_setup(const struct process_options *o, const int io[3],
                        pid_t parent)
{
    setsid();
    if (!o->detach) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(127); /* it died before the line above */
        }
    }
    static const int reset[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    for (size_t i = 0; i < G_N_ELEMENTS(reset); i++) {
        signal(reset[i], SIG_DFL);
    }
    for (int i = 0; i < 3; i++) {
        if (dup2(io[i], i) < 0) {
            _exit(127);
        }
    }
    for (const int *k = o->keep; k && *k >= 0; k++) {
        fcntl(*k, F_SETFD, 0);
    }
    if (o->cwd && chdir(o->cwd) < 0) {
        _exit(127);
    }
}

static gboolean report_exec(int fd, const char *program, GError **error)
{
    int code = 0;
    ssize_t n;
    do {
        n = read(fd, &code, sizeof(code));
    } while (n < 0 && errno == EINTR);
    if (n == sizeof(code)) {
        return fail_errno(error, code, "cannot run %s", program);
    }
    return TRUE;
}

gboolean process_spawn(const char *const *argv,
                       const struct process_options *options,
                       struct process *process, GError **error)
{
    int io[3] = { or_null(options->in, O_RDONLY),
                  or_null(options->out, O_WRONLY),
                  or_null(options->err, O_WRONLY) };
    g_auto(GStrv) env = g_get_environ();
    for (const char *const *e = options->environ; e && *e; e++) {
        g_auto(GStrv) pair = g_strsplit(*e, "=", 2);
        env = g_environ_setenv(env, pair[0], pair[1] ? pair[1] : "", TRUE);
    }
    /* PATH is searched here, because execvpe is not async-signal-safe */
    g_autofree char *path = g_find_program_in_path(argv[0]);
    int result[2] = { -1, -1 };
    gboolean ok = FALSE;
    if (!path) {
        fail(error, HARNESS_ERROR_NOT_FOUND, "%s: program not found", argv[0]);
    } else if (pipe2(result, O_CLOEXEC) < 0) {
        fail_errno(error, errno, "pipe");
    } else {
        pid_t parent = getpid();
        pid_t pid = fork();
        if (pid == 0) {
            child_setup(options, io, parent);
            execve(path, (char *const *)argv, env);
            int code = errno;
            _exit(write(result[1], &code, sizeof(code)) < 0 ? 126 : 127);
        }
        close(result[1]);
        if (pid < 0) {
            fail_errno(error, errno, "cannot start %s", argv[0]);
        } else {
            *process = (struct process){ .pid = pid,
                                         .ours = TRUE,
                                         .pidfd = open_pidfd(pid) };
            ok = report_exec(result[0], argv[0], error);
            if (!ok) {
                waitpid(pid, NULL, 0);
                process_clear(process);
            }
        }
        close(result[0]);
    }
    const int given[3] = { options->in, options->out, options->err };
    for (int i = 0; i < 3; i++) {
        if (given[i] <= 0 && io[i] >= 0) {
            close(io[i]);
        }
    }
    return ok;
}

gboolean process_attach(pid_t pid, struct process *process)
{
    int fd = pid > 1 ? open_pidfd(pid) : -1;
    if (fd < 0) {
        return FALSE;
    }
    *process = (struct process){ .pid = pid, .pidfd = fd };
    return process_alive(process);
}

gboolean process_alive(const struct process *process)
{
    struct pollfd set = { .fd = process->pidfd, .events = POLLIN };
    return process->pidfd >= 0 && !process->waited && poll(&set, 1, 0) == 0;
}

static void collect(struct process *process)
{
    if (process->ours && !process->waited) {
        pid_t got;
        do {
            got = waitpid(process->pid, &process->status, 0);
        } while (got < 0 && errno == EINTR);
    }
    process->waited = TRUE;
}

gboolean process_wait(struct process *process, deadline_t deadline,
                      const char *what, GError **error)
{
    if (process->waited) {
        return TRUE;
    }
    if (!wait_fd(process->pidfd, POLLIN, -1, deadline, what, error)) {
        return FALSE;
    }
    collect(process);
    return TRUE;
}

static gboolean wait_uninterrupted(struct process *process, gint64 ms)
{
    deadline_t end = deadline_in_ms(ms);
    struct pollfd set = { .fd = process->pidfd, .events = POLLIN };
    int n;
    do {
        gint64 left = (end - g_get_monotonic_time()) / 1000;
        n = poll(&set, 1, (int)MAX(left, 0));
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

void process_end(struct process *process, unsigned grace_ms)
{
    if (process->pid <= 0 || process->waited) {
        return;
    }
    if (!wait_uninterrupted(process, 0)) {
        kill(-process->pid, SIGTERM);
        if (!wait_uninterrupted(process, grace_ms)) {
            kill(-process->pid, SIGKILL);
            wait_uninterrupted(process, 5000);
        }
    } else if (process->ours) {
        /* whatever it left behind in its session */
        kill(-process->pid, SIGKILL);
    }
    collect(process);
}

void process_clear(struct process *process)
{
    if (process->pidfd >= 0) {
        close(process->pidfd);
    }
    *process = (struct process)PROCESS_NONE;
}

char *process_status_text(int status)
{
    if (WIFSIGNALED(status)) {
        return g_strdup_printf("signal %d (%s)", WTERMSIG(status),
                               strsignal(WTERMSIG(status)));
    }
    return g_strdup_printf("status %d", WEXITSTATUS(status));
}
