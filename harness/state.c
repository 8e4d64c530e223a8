/* SPDX-License-Identifier: MIT */
/* The directory of a VM: names, locks, leftovers. */
#include "harness/state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/tree.h"
#include "harness/wait.h"

static char *choose_root(void)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    if (runtime && g_path_is_absolute(runtime) &&
        g_file_test(runtime, G_FILE_TEST_IS_DIR)) {
        return g_build_filename(runtime, "evtpm", NULL);
    }
    g_autofree char *user = g_strdup_printf("/run/user/%u", getuid());
    if (access(user, W_OK) == 0) {
        return g_build_filename(user, "evtpm", NULL);
    }
    return g_strdup_printf("/tmp/evtpm-%u", getuid());
}

char *state_root(GError **error)
{
    g_autofree char *root = choose_root();
    struct stat st;
    if (mkdir(root, 0700) < 0 && errno != EEXIST) {
        fail_errno(error, errno, "cannot make %s", root);
        return NULL;
    }
    /* in /tmp another user may have been first: then sockets and logs would be
     * theirs */
    if (lstat(root, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid() ||
        (st.st_mode & 077)) {
        fail(error, HARNESS_ERROR_FAILED,
             "%s is not a directory of yours alone (mode 0700)", root);
        return NULL;
    }
    static const char *const sub[] = { "vm", "log" };
    for (size_t i = 0; i < G_N_ELEMENTS(sub); i++) {
        g_autofree char *path = g_build_filename(root, sub[i], NULL);
        if (mkdir(path, 0700) < 0 && errno != EEXIST) {
            fail_errno(error, errno, "cannot make %s", path);
            return NULL;
        }
    }
    return g_steal_pointer(&root);
}

gboolean state_name_check(const char *name, GError **error)
{
    gsize n = strlen(name);
    gboolean good = n > 0 && n <= STATE_NAME_MAX && g_ascii_isalnum(name[0]);
    for (gsize i = 0; good && i < n; i++) {
        good = g_ascii_isalnum(name[i]) || strchr("._-", name[i]);
    }
    return good || fail(error, HARNESS_ERROR_USAGE,
                        "bad VM name \"%s\": up to %d letters, digits, "
                        "\".\", \"_\", \"-\", the first a letter or digit",
                        name, STATE_NAME_MAX);
}

static gboolean make_paths(struct state_dir *dir, const char *root,
                           const char *name)
{
    *dir = (struct state_dir){
        .name = g_strdup(name),
        .path = g_build_filename(root, "vm", name, NULL),
        .log = g_build_filename(root, "log", name, NULL),
        .lock = -1,
    };
    return TRUE;
}

/* Tries to take the lock of an existing or new directory: 1 taken, 0 held by
 * others, -1 error. */
static int try_lock(struct state_dir *dir, gboolean create)
{
    g_autofree char *path = g_build_filename(dir->path, "lock", NULL);
    int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
    if (fd < 0) {
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int code = errno;
        close(fd);
        errno = code;
        return code == EWOULDBLOCK ? 0 : -1;
    }
    /* whoever held it before may have removed the directory meanwhile */
    struct stat ours, there;
    if (fstat(fd, &ours) < 0 || stat(path, &there) < 0 ||
        ours.st_ino != there.st_ino) {
        close(fd);
        errno = EAGAIN;
        return -1;
    }
    dir->lock = fd;
    return 1;
}

static gboolean claim_one(struct state_dir *dir, GError **error)
{
    for (int attempt = 0; attempt < 20; attempt++) {
        if (mkdir(dir->path, 0700) < 0 && errno != EEXIST) {
            return fail_errno(error, errno, "cannot make %s", dir->path);
        }
        switch (try_lock(dir, TRUE)) {
        case 1:
            tree_empty(dir->path, "lock");
            tree_remove(dir->log);
            if (mkdir(dir->log, 0700) < 0) {
                fail_errno(error, errno, "cannot make %s", dir->log);
                state_remove(dir);
                return FALSE;
            }
            return TRUE;
        case 0:
            if (attempt < 3) {
                g_usleep(10000); /* "ps" holds a dead VM's lock for a moment */
                break;
            }
            return fail(error, HARNESS_ERROR_BUSY,
                        "a VM named \"%s\" is running already", dir->name);
        default:
            if (errno != EAGAIN && errno != ENOENT) {
                return fail_errno(error, errno, "cannot lock %s", dir->path);
            }
        }
    }
    return fail(error, HARNESS_ERROR_BUSY, "cannot lock %s", dir->path);
}

gboolean state_claim(const char *name, struct state_dir *dir, GError **error)
{
    g_autofree char *root = state_root(error);
    if (!root || (name && !state_name_check(name, error))) {
        return FALSE;
    }
    state_sweep();
    for (int i = 1; i < 1000; i++) {
        g_autofree char *numbered =
            i == 1 ? g_strdup("vm") : g_strdup_printf("vm%d", i);
        g_autoptr(GError) local = NULL;
        make_paths(dir, root, name ? name : numbered);
        if (claim_one(dir, &local)) {
            return TRUE;
        }
        state_dir_clear(dir);
        if (name ||
            !g_error_matches(local, HARNESS_ERROR, HARNESS_ERROR_BUSY)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
    return fail(error, HARNESS_ERROR_BUSY, "too many VMs are running");
}

gboolean state_find(const char *name, struct state_dir *dir, GError **error)
{
    g_autofree char *root = state_root(error);
    if (!root || !state_name_check(name, error)) {
        return FALSE;
    }
    make_paths(dir, root, name);
    if (try_lock(dir, FALSE) == 0) {
        return TRUE;
    }
    state_dir_clear(dir);
    return fail(error, HARNESS_ERROR_NOT_FOUND,
                "no VM named \"%s\" is running (see evtpm ps)", name);
}

gboolean state_relock(struct state_dir *dir, unsigned ms, GError **error)
{
    deadline_t deadline = deadline_in_ms(ms);
    for (;;) {
        int got = dir->lock >= 0 ? 1 : try_lock(dir, FALSE);
        if (got > 0) {
            return TRUE;
        }
        if (got < 0 || deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_BUSY,
                        "another command holds the VM \"%s\"", dir->name);
        }
        if (!wait_ms(20, -1, error)) {
            return FALSE;
        }
    }
}

void state_remove(struct state_dir *dir)
{
    tree_remove(dir->path);
}

void state_dir_clear(struct state_dir *dir)
{
    if (dir->lock >= 0) {
        close(dir->lock);
    }
    g_clear_pointer(&dir->name, g_free);
    g_clear_pointer(&dir->path, g_free);
    g_clear_pointer(&dir->log, g_free);
    dir->lock = -1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Calls for each entry of ROOT/vm; collects the living, removes the dead if
 * asked to. */
static GPtrArray *visit(const char *root, gboolean sweep)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *vms = g_build_filename(root, "vm", NULL);
    g_autoptr(GDir) list = g_dir_open(vms, 0, NULL);
    const char *name;
    while (list && (name = g_dir_read_name(list))) {
        struct state_dir dir;
        make_paths(&dir, root, name);
        int got = try_lock(&dir, FALSE);
        if (got == 0) {
            g_ptr_array_add(names, g_strdup(name));
        } else if (sweep && got == 1) {
            state_remove(&dir);
        } else if (sweep && errno == ENOENT) {
            rmdir(dir.path); /* killed between mkdir and lock */
        }
        state_dir_clear(&dir);
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

GPtrArray *state_list(GError **error)
{
    g_autofree char *root = state_root(error);
    return root ? visit(root, FALSE) : NULL;
}

void state_sweep(void)
{
    g_autofree char *root = state_root(NULL);
    if (root) {
        g_autoptr(GPtrArray) alive = visit(root, TRUE);
        g_autofree char *logs = g_build_filename(root, "log", NULL);
        tree_prune(logs, STATE_LOGS_KEPT, alive);
    }
}
