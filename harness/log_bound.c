/* SPDX-License-Identifier: MIT */
/* Holes in logs. */
#include "harness/log_bound.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the space, the end gets half and the beginning a quarter; the rest is for
 * what comes until the next look. */
#define PAGE 4096

static gboolean drop_middle(int fd, gint64 size, gint64 limit)
{
    gint64 from = limit / 4 / PAGE * PAGE;
    gint64 to = (size - limit / 2) / PAGE * PAGE;
    if (to <= from) {
        return FALSE;
    }
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
                  to - from) == 0) {
        return TRUE;
    }
    return errno == EOPNOTSUPP && ftruncate(fd, from) == 0;
}

/* Calls nothing that a process may not call which was forked off another one
 * with threads. */
gboolean log_bound(const char *path, gint64 limit)
{
    struct stat st;
    gboolean dropped = FALSE;
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return FALSE;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (gint64)st.st_blocks * 512 > limit) {
        dropped = drop_middle(fd, st.st_size, limit);
    }
    close(fd);
    return dropped;
}

struct log_guard {
    char *path[2];
    gint64 limit;
    GThread *thread;
    GMutex lock;
    GCond changed;
    gboolean stop; /* under lock */
};

static void look(const struct log_guard *g)
{
    for (int i = 0; i < 2; i++) {
        if (g->path[i]) {
            log_bound(g->path[i], g->limit);
        }
    }
}

static gpointer guard_main(gpointer data)
{
    struct log_guard *g = data;
    g_mutex_lock(&g->lock);
    while (!g->stop) {
        gint64 end = g_get_monotonic_time() + LOG_BOUND_MS * 1000;
        g_cond_wait_until(&g->changed, &g->lock, end);
        look(g);
    }
    g_mutex_unlock(&g->lock);
    return NULL;
}

struct log_guard *log_guard_start(const char *first, const char *second,
                                  gint64 limit)
{
    struct log_guard *g = g_new0(struct log_guard, 1);
    g->path[0] = g_strdup(first);
    g->path[1] = g_strdup(second);
    g->limit = limit;
    g_mutex_init(&g->lock);
    g_cond_init(&g->changed);
    g->thread = g_thread_new("logs", guard_main, g);
    return g;
}

void log_guard_stop(struct log_guard *g)
{
    if (!g) {
        return;
    }
    g_mutex_lock(&g->lock);
    g->stop = TRUE;
    g_cond_signal(&g->changed);
    g_mutex_unlock(&g->lock);
    g_thread_join(g->thread);
    g_mutex_clear(&g->lock);
    g_cond_clear(&g->changed);
    g_free(g->path[0]);
    g_free(g->path[1]);
    g_free(g);
}

/* Nothing of ours stays open: the lock of the VM's directory says whether the
 * VM runs, and others wait for the end of our output. */
static void close_all_but(int pidfd, int copy)
{
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < copy; fd++) {
        dup2(null, fd);
    }
    dup2(pidfd, copy);
    close_range((unsigned)copy + 1, ~0U, 0);
}

static void guard_alone(const struct log_guard *g, int pidfd)
{
    const int copy = STDERR_FILENO + 1;
    struct pollfd end = { .fd = copy, .events = POLLIN };
    prctl(PR_SET_NAME, "evtpm-logs");
    signal(SIGTERM, SIG_DFL);
    if (chdir("/") < 0) {
        _exit(1);
    }
    close_all_but(pidfd, copy);
    while (poll(&end, 1, LOG_BOUND_MS) <= 0) {
        look(g);
    }
    look(g);
    _exit(0);
}

gboolean log_guard_leave(const char *first, const char *second, gint64 limit,
                         int pidfd, GError **error)
{
    const struct log_guard g = {
        .path = { (char *)first, (char *)second },
        .limit = limit,
    };
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        pid_t alone = fork();
        if (alone == 0) {
            guard_alone(&g, pidfd);
        }
        _exit(alone < 0 ? errno : 0);
    }
    if (pid < 0) {
        return fail_errno(error, errno, "cannot start a guard of the logs");
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0 || fail_errno(error, WEXITSTATUS(status),
                                     "cannot start a guard of the logs");
}
