/* SPDX-License-Identifier: MIT */
/* Keeping logs. */
#include "harness/keep.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/tree.h"
#include "lib/file.h"

#define BYTES_MOST (1 << 20)
#define FILES_MOST 50
#define DEPTH_MOST 8
#define CONSOLE_LINES 10

/* The last bytes of a regular file; FALSE when there are none. */
static gboolean read_end(const char *path, GByteArray *into)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
        st.st_size == 0) {
        if (fd >= 0) {
            close(fd);
        }
        return FALSE;
    }
    gsize size = (gsize)MIN(st.st_size, BYTES_MOST);
    g_byte_array_set_size(into, (guint)size);
    ssize_t n = pread(fd, into->data, size, st.st_size - (off_t)size);
    close(fd);
    return n == (ssize_t)size;
}

/* A name that is free in the directory: "console.log", "console.2.log"... */
static char *free_name(const char *dir, const char *name)
{
    const char *dot = strrchr(name, '.');
    int stem = dot && dot != name ? (int)(dot - name) : (int)strlen(name);
    char *path = g_build_filename(dir, name, NULL);
    for (int i = 2; g_file_test(path, G_FILE_TEST_EXISTS); i++) {
        g_autofree char *other =
            g_strdup_printf("%.*s.%d%s", stem, name, i, name + stem);
        g_free(path);
        path = g_build_filename(dir, other, NULL);
    }
    return path;
}

static void keep_one(struct outcome *o, const char *path, const char *kept)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    if (o->files->len >= FILES_MOST || !read_end(path, data) ||
        g_mkdir_with_parents(kept, 0755) < 0) {
        return;
    }
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *copy = free_name(kept, name);
    if (evtpm_file_write(copy, data->data, data->len, 0644, NULL) == 0) {
        g_ptr_array_add(o->files, g_steal_pointer(&copy));
    }
    if (strcmp(name, "console.log") == 0 || strcmp(name, "console") == 0) {
        g_free(o->console);
        o->console = tree_tail(path, CONSOLE_LINES);
    }
}

static gboolean is_log(const char *name)
{
    static const char *const names[] = { "console", "stderr", "messages" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return TRUE;
        }
    }
    return g_str_has_suffix(name, ".log");
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_logs(const char *dir, int depth, GPtrArray *found)
{
    g_autoptr(GDir) list = g_dir_open(dir, 0, NULL);
    const char *name;
    while (list && depth > 0 && (name = g_dir_read_name(list))) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        struct stat st;
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            find_logs(path, depth - 1, found);
        } else if (is_log(name)) {
            g_ptr_array_add(found, g_steal_pointer(&path));
        }
    }
}

void keep_logs(struct outcome *o, const char *tmp, const char *kept)
{
    for (guint i = 0; i < o->marks.logs->len; i++) {
        keep_one(o, g_ptr_array_index(o->marks.logs, i), kept);
    }
    if (outcome_verdict(o) == TAP_FAIL) {
        g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
        find_logs(tmp, DEPTH_MOST, found);
        g_ptr_array_sort(found, by_path);
        for (guint i = 0; i < found->len; i++) {
            keep_one(o, g_ptr_array_index(found, i), kept);
        }
    }
}
