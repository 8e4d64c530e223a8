/* SPDX-License-Identifier: MIT */
/* The test run's temporary directory, and those of runs that were killed. */
#include "harness/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/tree.h"

/* short: sockets lie below it, and their paths have 107 bytes */
#define PREFIX "evtpm-t-"

/* Opens and locks DIR/lock; -1 when it is held, gone or not ours. */
static int lock_in(const char *dir, int flags)
{
    g_autofree char *path = g_build_filename(dir, "lock", NULL);
    struct stat ours, there;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &ours) < 0 ||
                    stat(path, &there) < 0 || ours.st_ino != there.st_ino)) {
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean is_ours(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == getuid() && !(st.st_mode & 077);
}

static void sweep(const char *tmp)
{
    g_autoptr(GDir) list = g_dir_open(tmp, 0, NULL);
    const char *name;
    while (list && (name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(tmp, name, NULL);
        if (!g_str_has_prefix(name, PREFIX) || !is_ours(path)) {
            continue;
        }
        int fd = lock_in(path, 0);
        if (fd >= 0) {
            tree_remove(path);
            close(fd);
        } else {
            rmdir(path); /* killed before there was a lock: empty */
        }
    }
}

gboolean scratch_open(struct scratch *s, GError **error)
{
    const char *tmp = g_get_tmp_dir();
    *s = (struct scratch){ .lock = -1 };
    sweep(tmp);
    /* another run's sweep may take the directory while it has no lock yet */
    for (int attempt = 0; attempt < 20 && s->lock < 0; attempt++) {
        g_free(s->path);
        s->path = g_build_filename(tmp, PREFIX "XXXXXX", NULL);
        if (!g_mkdtemp(s->path)) {
            int code = errno;
            g_clear_pointer(&s->path, g_free);
            return fail_errno(error, code, "cannot make a directory in %s",
                              tmp);
        }
        s->lock = lock_in(s->path, O_CREAT);
    }
    if (s->lock < 0) {
        fail_errno(error, errno, "cannot lock %s", s->path);
        rmdir(s->path);
        g_clear_pointer(&s->path, g_free);
    }
    return s->lock >= 0;
}

void scratch_close(struct scratch *s)
{
    if (s->path) {
        tree_remove(s->path);
        close(s->lock);
    }
    g_clear_pointer(&s->path, g_free);
}

char *scratch_program(const struct scratch *s, unsigned number, GError **error)
{
    g_autofree char *name = g_strdup_printf("%u", number);
    char *path = g_build_filename(s->path, name, NULL);
    g_autofree char *run = g_build_filename(path, "run", NULL);
    if (!tree_make(run, error)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}
