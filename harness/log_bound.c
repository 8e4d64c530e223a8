/* SPDX-License-Identifier: MIT */
/* Holes in logs. */
#include "harness/log_bound.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the space, the end gets half and the beginning a quarter; the rest is for
 * what comes until the next look. */
#define PAGE 4096

static gboolean drop_middle(int fd, gint64 size, gint64 limit)
{
    gint64 from = limit / 4 / PAGE * PAGE;
    gint64 to = (size - limit / 2) / PAGE * PAGE;
    return to > from &&
           fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from,
                     to - from) == 0;
}

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

static gpointer guard_main(gpointer data)
{
    struct log_guard *g = data;
    g_mutex_lock(&g->lock);
    while (!g->stop) {
        gint64 end = g_get_monotonic_time() + LOG_BOUND_MS * 1000;
        g_cond_wait_until(&g->changed, &g->lock, end);
        for (int i = 0; i < 2; i++) {
            if (g->path[i]) {
                log_bound(g->path[i], g->limit);
            }
        }
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
