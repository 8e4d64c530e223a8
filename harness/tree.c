/* SPDX-License-Identifier: MIT */
/* Directory trees and whole files. */
#include "harness/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"

/* How much of a log's end tree_tail() looks at. */
#define TAIL_BYTES 16384

void tree_empty(const char *path, const char *keep)
{
    g_autoptr(GDir) list = g_dir_open(path, 0, NULL);
    const char *name;
    while (list && (name = g_dir_read_name(list))) {
        if (!keep || strcmp(name, keep) != 0) {
            g_autofree char *entry = g_build_filename(path, name, NULL);
            tree_remove(entry);
        }
    }
}

void tree_remove(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0) {
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        unlink(path);
        return;
    }
    /* the lock goes last: whoever waits for it then sees that the directory is
     * gone */
    tree_empty(path, "lock");
    g_autofree char *lock = g_build_filename(path, "lock", NULL);
    unlink(lock);
    rmdir(path);
}

struct aged {
    gint64 time;
    char *path;
};

static int newest_first(const void *a, const void *b)
{
    const struct aged *x = a, *y = b;
    return x->time < y->time ? 1 : x->time > y->time ? -1 : 0;
}

static void aged_clear(void *item)
{
    g_free(((struct aged *)item)->path);
}

void tree_prune(const char *path, unsigned kept, GPtrArray *spare)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct aged));
    g_array_set_clear_func(all, aged_clear);
    g_autoptr(GDir) list = g_dir_open(path, 0, NULL);
    const char *name;
    while (list && (name = g_dir_read_name(list))) {
        struct aged item = { .path = g_build_filename(path, name, NULL) };
        struct stat st;
        if (g_ptr_array_find_with_equal_func(spare, name, g_str_equal, NULL) ||
            lstat(item.path, &st) < 0) {
            g_free(item.path);
            continue;
        }
        item.time = st.st_mtim.tv_sec;
        g_array_append_val(all, item);
    }
    g_array_sort(all, newest_first);
    for (guint i = kept; i < all->len; i++) {
        tree_remove(g_array_index(all, struct aged, i).path);
    }
}

gboolean tree_write(const char *path, const void *data, gssize size,
                    GError **error)
{
    struct evtpm_error err = { "" };
    size_t n = size < 0 ? strlen(data) : (size_t)size;
    return evtpm_file_write(path, data, n, 0600, &err) == 0 ||
           fail_lib(error, &err);
}

gboolean tree_make(const char *path, GError **error)
{
    return g_mkdir_with_parents(path, 0700) == 0 ||
           fail_errno(error, errno, "cannot make %s", path);
}

static void drop_control(char *text)
{
    char *out = text;
    for (const char *in = text; *in; in++) {
        /* escape sequences of firmware consoles: ESC [ ... letter */
        if (*in == '\033') {
            in++;
            while (*in && !g_ascii_isalpha(*in)) {
                in++;
            }
            if (!*in) {
                break;
            }
        } else if (*in == '\n' || (guchar)*in >= 0x20) {
            *out++ = *in;
        }
    }
    *out = '\0';
}

char *tree_tail(const char *path, unsigned lines)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    g_autofree char *text = g_malloc0(TAIL_BYTES + 1);
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, text, TAIL_BYTES, MAX(size - TAIL_BYTES, 0));
    close(fd);
    if (n <= 0) {
        return NULL;
    }
    drop_control(text);
    g_strchomp(text);
    char *start = text + strlen(text);
    for (unsigned seen = 0; start > text; start--) {
        if (start[-1] == '\n' && ++seen == lines) {
            break;
        }
    }
    return *start ? g_strdup(start) : NULL;
}
