/* SPDX-License-Identifier: MIT */
/*
 * evtpm-keeper: runs one program and leaves nothing of it.
 *
 * usage: evtpm-keeper GRACE_MS PROGRAM [ARGUMENT...]
 *
 * Whatever the program starts becomes our child when its own parent is gone
 * (PR_SET_CHILD_SUBREAPER), in whatever session it hides. When the program
 * ended, or we are told to end (SIGTERM, or the death of whoever started us),
 * all of them are killed. The exit status is the program's.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/children.h"

/* The program could not be run, as a shell says it. */
#define CANNOT_RUN 127

static pid_t program;
static int status;
static int ended; /* `status` is the program's */

/* Kills a child, and says so if `user` points to something. */
static void kill_child(pid_t pid, const char *name, void *user)
{
    kill(pid, SIGKILL);
    if (user && pid != program) {
        dprintf(STDOUT_FILENO, "# left running, ended: %s (pid %d)\n", name,
                (int)pid);
    }
}

/* Collects what ended; 0 when no child is left. */
static int reap(void)
{
    int how;
    pid_t pid;
    while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
        if (pid == program) {
            status = how;
            ended = 1;
        }
    }
    return pid == 0 || errno != ECHILD;
}

/* Waits for one of `set` up to `ms`; 0 when the time is over. */
static int wait_signal(const sigset_t *set, long ms)
{
    const struct timespec limit = { ms / 1000, ms % 1000 * 1000000 };
    int number;
    do {
        number = sigtimedwait(set, NULL, &limit);
    } while (number < 0 && errno == EINTR);
    return number > 0 ? number : 0;
}

static void start(char **argv, const sigset_t *old)
{
    pid_t parent = getpid();
    program = fork();
    if (program == 0) {
        setsid();
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(CANNOT_RUN);
        }
        sigprocmask(SIG_SETMASK, old, NULL);
        /* the lock of the scratch directory is ours alone */
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        execvp(argv[0], argv);
        fprintf(stderr, "evtpm-keeper: %s: %s\n", argv[0], strerror(errno));
        _exit(CANNOT_RUN);
    }
    if (program < 0) {
        perror("evtpm-keeper: fork");
        exit(CANNOT_RUN);
    }
}

/* Until the program ended, or we are to end. */
static void watch(const sigset_t *set, long grace)
{
    int told = 0;
    while (reap(), !ended && !told) {
        told = wait_signal(set, 1000);
        told = told == SIGCHLD ? 0 : told;
    }
    if (told) {
        kill(-program, SIGTERM);
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        long end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + grace;
        while (reap(), !ended) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            long left = end - now.tv_sec * 1000 - now.tv_nsec / 1000000;
            if (left <= 0) {
                break;
            }
            wait_signal(set, left);
        }
    }
}

/* Children that die hand us theirs, so until there are none; what the kernel
 * does not let die is given up after some seconds. */
static void clear(const sigset_t *set)
{
    void *say = ended ? &program : NULL;
    if (!ended) {
        kill(-program, SIGKILL);
    }
    for (int round = 0; reap() && round < 500; round++) {
        children_each(kill_child, say);
        say = NULL;
        wait_signal(set, 10);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: evtpm-keeper GRACE_MS PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, &old);
    /* until here the death of our parent was SIGKILL, and nothing ran yet */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        perror("evtpm-keeper: prctl");
        return CANNOT_RUN;
    }
    start(argv + 2, &old);
    watch(&set, strtol(argv[1], NULL, 10));
    clear(&set);
    if (WIFSIGNALED(status)) {
        /* the same end, without a second core file */
        prctl(PR_SET_DUMPABLE, 0);
        signal(WTERMSIG(status), SIG_DFL);
        sigprocmask(SIG_SETMASK, &old, NULL);
        raise(WTERMSIG(status));
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, WTERMSIG(status));
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : CANNOT_RUN;
}
