/* SPDX-License-Identifier: MIT */
/*
 * The harness's own part in bad times: limits are kept while the clock of the
 * machine jumps, and a log that grows without end takes no more room than it
 * may.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/log_bound.h"
#include "harness/process.h"
#include "harness/tree.h"

/*
 * Whoever asks for the time of day gets another year at each call: these stand
 * before the C library's. The monotonic clock is read past them.
 */
static unsigned asked;

static time_t jump(void)
{
    asked++;
    return asked % 2 ? 4102444800 : 0; /* 2100, 1970 */
}

time_t time(time_t *to)
{
    time_t now = jump();
    if (to) {
        *to = now;
    }
    return now;
}

int gettimeofday(struct timeval *restrict to, void *restrict zone)
{
    (void)zone;
    *to = (struct timeval){ .tv_sec = jump() };
    return 0;
}

gint64 g_get_real_time(void)
{
    return (gint64)jump() * G_USEC_PER_SEC;
}

/* Milliseconds that something took. */
static double since(gint64 start)
{
    return (double)(g_get_monotonic_time() - start) / 1000;
}

static void test_clock_jumps(void)
{
    g_autoptr(GError) error = NULL;
    gint64 start = g_get_monotonic_time();
    time_t first = time(NULL), second = time(NULL);
    g_assert_cmpint(first, !=, second); /* the control: it does jump */
    g_assert_true(wait_ms(100, -1, &error));
    g_assert_cmpfloat(since(start), >=, 100);
    g_assert_cmpfloat(since(start), <, 5000);

    static const char *const argv[] = { "sleep", "1000", NULL };
    struct process_options options = { 0 };
    struct process p = PROCESS_NONE;
    g_assert_true(process_spawn(argv, &options, &p, &error));
    start = g_get_monotonic_time();
    g_assert_false(process_wait(&p, deadline_in(0.2), "sleep", &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT);
    g_assert_cmpfloat(since(start), >=, 200);
    g_assert_cmpfloat(since(start), <, 5000);
    process_end(&p, 1000);
    process_clear(&p);
    g_assert_false(deadline_passed(deadline_in(1000)));
    g_assert_true(deadline_passed(deadline_in(-1)));
}

/* A log of that many bytes, all of one letter but its first and last line. */
static char *grow(const char *dir, gint64 size)
{
    char *path = g_build_filename(dir, "log", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    g_autofree char *chunk = g_malloc(1 << 20);
    g_assert_cmpint(fd, >=, 0);
    memset(chunk, 'x', 1 << 20);
    g_assert_cmpint(write(fd, "first\n", 6), ==, 6);
    for (gint64 n = 0; n < size; n += 1 << 20) {
        g_assert_cmpint(write(fd, chunk, 1 << 20), ==, 1 << 20);
        log_bound(path, 4 << 20);
    }
    g_assert_cmpint(write(fd, "\nlast\n", 6), ==, 6);
    close(fd);
    return path;
}

static void test_log(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("evtpm-log-XXXXXX", &error);
    g_assert_no_error(error);
    g_autofree char *path = grow(dir, 100 << 20);
    struct stat st;
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, ==, (100 << 20) + 12);
    g_assert_cmpint((gint64)st.st_blocks * 512, <=, 6 << 20);
    g_autofree char *tail = tree_tail(path, 1);
    g_assert_cmpstr(tail, ==, "last");
    char head[6];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(read(fd, head, sizeof(head)), ==, sizeof(head));
    g_assert_cmpmem(head, sizeof(head), "first\n", 6);
    close(fd);
    tree_remove(dir);
}

/* A small log stays as it is, and nothing else is touched. */
static void test_small_log(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("evtpm-log-XXXXXX", &error);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    g_autofree char *link = g_build_filename(dir, "link", NULL);
    g_autofree char *text = g_strnfill(100000, 'y');
    g_autofree char *back = NULL;
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_false(log_bound(path, 1 << 20));
    g_assert_cmpint(symlink("log", link), ==, 0);
    g_assert_false(log_bound(link, 4096));
    g_assert_false(log_bound(dir, 4096));
    g_assert_false(log_bound("/nonexistent", 4096));
    g_assert_true(g_file_get_contents(path, &back, NULL, NULL));
    g_assert_cmpstr(back, ==, text);
    g_assert_true(log_bound(path, 20000)); /* the control */
    tree_remove(dir);
}

/* Waits until a file takes no more than that. */
static void await_bound(const char *path, gint64 limit)
{
    struct stat st;
    deadline_t end = deadline_in(30);
    do {
        g_assert_false(deadline_passed(end));
        g_usleep(20000);
        g_assert_cmpint(stat(path, &st), ==, 0);
    } while ((gint64)st.st_blocks * 512 > limit);
}

static void test_guard(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("evtpm-log-XXXXXX", &error);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    g_autofree char *text = g_strnfill(1 << 20, 'z');
    struct log_guard *guard = log_guard_start(NULL, path, 65536);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    await_bound(path, 65536);
    log_guard_stop(guard);
    log_guard_stop(NULL);
    tree_remove(dir);
}

static pid_t collect_child(void)
{
    deadline_t end = deadline_in(30);
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) == 0) {
        g_assert_false(deadline_passed(end));
        g_usleep(20000);
    }
    g_assert_true(pid < 0 || status == 0);
    return pid;
}

/* The guard that is left behind: nobody's child, holds nothing of ours, ends
 * with whom it is there for. */
static void test_guard_left(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("evtpm-log-XXXXXX", &error);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    g_autofree char *text = g_strnfill(1 << 20, 'z');
    static const char *const argv[] = { "sleep", "1000", NULL };
    struct process_options options = { 0 };
    struct process p = PROCESS_NONE;
    int pipe[2];
    char byte;
    /* orphans are ours, so that we see them end */
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    g_assert_true(process_spawn(argv, &options, &p, &error));
    g_assert_true(g_unix_open_pipe(pipe, 0, &error));
    g_assert_true(log_guard_leave(path, NULL, 65536, p.pidfd, &error));
    g_assert_no_error(error);
    close(pipe[1]);
    struct pollfd closed = { .fd = pipe[0], .events = POLLIN };
    g_assert_cmpint(poll(&closed, 1, 10000), ==, 1);
    g_assert_cmpint(read(pipe[0], &byte, 1), ==, 0);
    close(pipe[0]);
    /* more than once */
    for (int i = 0; i < 2; i++) {
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        await_bound(path, 65536);
    }
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, 0); /* there it is */
    process_end(&p, 1000);
    process_clear(&p);
    g_assert_cmpint(collect_child(), >, 0);
    g_assert_cmpint(collect_child(), <, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    tree_remove(dir);
}

/* In a process with mounts of its own: 0, or 77 where there can be none. */
static int without_holes(const char *dir)
{
    g_autofree char *chunk = g_strnfill(1 << 20, 'x');
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    struct stat st;
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", dir, "ramfs", 0, NULL) < 0) {
        return 77;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    /* the control: it has none */
    gboolean good = fd >= 0 && write(fd, "first\n", 6) == 6 &&
                    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                              4096) < 0 &&
                    errno == EOPNOTSUPP;
    for (int i = 0; good && i < 32; i++) {
        good = write(fd, chunk, 1 << 20) == 1 << 20;
        log_bound(path, 4 << 20);
        good = good && fstat(fd, &st) == 0 && st.st_size <= 5 << 20;
    }
    g_autofree char *text = NULL;
    good = good && write(fd, "\nlast", 5) == 5 &&
           g_file_get_contents(path, &text, NULL, NULL) &&
           g_str_has_prefix(text, "first\n") &&
           g_str_has_suffix(text, "\nlast");
    return good ? 0 : 1;
}

static void test_no_holes(void)
{
    g_autofree char *dir = g_dir_make_tmp("evtpm-log-XXXXXX", NULL);
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(without_holes(dir));
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    tree_remove(dir);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        g_test_skip("no file system without holes can be mounted here");
        return;
    }
    g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    wait_catch_signals();
    g_test_add_func("/harness-trouble/clock-jumps", test_clock_jumps);
    g_test_add_func("/harness-trouble/log-of-100-mib", test_log);
    g_test_add_func("/harness-trouble/small-log", test_small_log);
    g_test_add_func("/harness-trouble/guard", test_guard);
    g_test_add_func("/harness-trouble/guard-left-behind", test_guard_left);
    g_test_add_func("/harness-trouble/no-holes", test_no_holes);
    return g_test_run();
}
