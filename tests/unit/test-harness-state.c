/* SPDX-License-Identifier: MIT */
/* Names, locks and leftovers of VMs' directories. */
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/process.h"
#include "harness/state.h"
#include "harness/tree.h"

static char *base;

/* Each test has a runtime directory of its own. */
static void set_up(void)
{
    base = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_setenv("XDG_RUNTIME_DIR", base, TRUE);
}

static void tear_down(void)
{
    tree_remove(base);
    g_clear_pointer(&base, g_free);
}

static void claim(const char *name, struct state_dir *dir)
{
    g_autoptr(GError) error = NULL;
    state_claim(name, dir, &error);
    g_assert_no_error(error);
}

/* A process that holds the descriptor as QEMU does, after we have let it go. */
static void hold_lock(struct state_dir *dir, struct process *process)
{
    g_autoptr(GError) error = NULL;
    const char *argv[] = { "sleep", "100", NULL };
    const int keep[] = { dir->lock, -1 };
    struct process_options options = { .keep = keep };
    process_spawn(argv, &options, process, &error);
    g_assert_no_error(error);
}

static void test_claim(void)
{
    set_up();
    struct state_dir a, b, c;
    g_autoptr(GError) error = NULL;
    claim("one", &a);
    g_assert_true(g_file_test(a.path, G_FILE_TEST_IS_DIR));
    g_assert_true(g_file_test(a.log, G_FILE_TEST_IS_DIR));
    g_assert_false(state_claim("one", &b, &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_BUSY);
    /* without a name: the first that is free */
    claim(NULL, &b);
    g_assert_cmpstr(b.name, ==, "vm");
    claim(NULL, &c);
    g_assert_cmpstr(c.name, ==, "vm2");
    g_autoptr(GPtrArray) names = state_list(NULL);
    g_assert_cmpuint(names->len, ==, 3);
    g_assert_cmpstr(names->pdata[0], ==, "one");
    struct state_dir *all[] = { &a, &b, &c };
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        state_remove(all[i]);
        state_dir_clear(all[i]);
    }
    g_autoptr(GPtrArray) none = state_list(NULL);
    g_assert_cmpuint(none->len, ==, 0);
    tear_down();
}

/* The lock lives as long as the process that inherited it, and no longer. */
static void test_inherited(void)
{
    set_up();
    struct state_dir dir, found;
    struct process p = PROCESS_NONE;
    g_autoptr(GError) error = NULL;
    claim("q", &dir);
    hold_lock(&dir, &p);
    state_dir_clear(&dir); /* as when the harness is gone */
    g_assert_true(state_find("q", &found, NULL));
    state_dir_clear(&found);
    g_assert_false(state_claim("q", &dir, &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_BUSY);
    g_clear_error(&error);

    kill(p.pid, SIGKILL);
    g_assert_true(process_wait(&p, deadline_in(10), "sleep", NULL));
    process_clear(&p);
    g_assert_false(state_find("q", &found, &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_NOT_FOUND);
    tear_down();
}

/* What a dead VM left is removed when any VM starts; what a living one has is
 * not. */
static void test_leftovers(void)
{
    set_up();
    struct state_dir dead, alive, next;
    claim("dead", &dead);
    g_autofree char *left = g_build_filename(dead.path, "qmp", NULL);
    g_autofree char *path = g_strdup(dead.path);
    g_assert_true(g_file_set_contents(left, "x", 1, NULL));
    state_dir_clear(&dead); /* killed: nothing was removed */
    claim("alive", &alive);
    g_autofree char *mine = g_build_filename(alive.path, "pid", NULL);
    g_assert_true(g_file_set_contents(mine, "1\n", -1, NULL));
    claim("next", &next);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(mine, G_FILE_TEST_EXISTS));
    /* a name used before starts with empty directories */
    state_dir_clear(&next);
    g_autofree char *root = state_root(NULL);
    g_autofree char *log = g_build_filename(root, "log", "next", "old", NULL);
    g_assert_true(g_file_set_contents(log, "x", 1, NULL));
    claim("next", &next);
    g_assert_false(g_file_test(log, G_FILE_TEST_EXISTS));
    state_dir_clear(&next);
    state_dir_clear(&alive);
    tear_down();
}

static void test_logs_kept(void)
{
    set_up();
    struct state_dir dir;
    g_autofree char *root = state_root(NULL);
    g_autofree char *logs = g_build_filename(root, "log", NULL);
    for (int i = 0; i < STATE_LOGS_KEPT + 5; i++) {
        g_autofree char *name = g_strdup_printf("v%d", i);
        claim(name, &dir);
        state_remove(&dir);
        state_dir_clear(&dir);
    }
    state_sweep();
    guint count = 0;
    g_autoptr(GDir) list = g_dir_open(logs, 0, NULL);
    while (g_dir_read_name(list)) {
        count++;
    }
    g_assert_cmpuint(count, ==, STATE_LOGS_KEPT);
    tear_down();
}

/* A root that others could have prepared is refused. */
static void test_hostile_root(void)
{
    set_up();
    g_autofree char *root = g_build_filename(base, "evtpm", NULL);
    g_autofree char *other = g_build_filename(base, "other", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir(root, 0700), ==, 0);
    g_assert_cmpint(g_chmod(root, 0755), ==, 0);
    g_assert_null(state_root(&error));
    g_assert_nonnull(strstr(error->message, "not a directory of yours"));
    g_clear_error(&error);
    g_assert_cmpint(g_rename(root, other), ==, 0);
    g_assert_cmpint(g_chmod(other, 0700), ==, 0);
    g_assert_cmpint(symlink(other, root), ==, 0);
    g_assert_null(state_root(&error));
    g_assert_nonnull(strstr(error->message, "not a directory of yours"));
    tear_down();
}

/* Links in a tree are removed, not followed. */
static void test_tree_links(void)
{
    set_up();
    g_autofree char *tree = g_build_filename(base, "tree", NULL);
    g_autofree char *sub = g_build_filename(tree, "sub", NULL);
    g_autofree char *link = g_build_filename(sub, "link", NULL);
    g_autofree char *safe = g_build_filename(base, "safe", NULL);
    g_assert_true(g_file_set_contents(safe, "x", 1, NULL));
    g_assert_cmpint(g_mkdir_with_parents(sub, 0700), ==, 0);
    g_assert_cmpint(symlink(base, link), ==, 0);
    tree_remove(tree);
    g_assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(safe, G_FILE_TEST_EXISTS));
    tear_down();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/state/claim", test_claim);
    g_test_add_func("/harness/state/inherited-lock", test_inherited);
    g_test_add_func("/harness/state/leftovers", test_leftovers);
    g_test_add_func("/harness/state/logs-kept", test_logs_kept);
    g_test_add_func("/harness/state/hostile-root", test_hostile_root);
    g_test_add_func("/harness/state/tree-links", test_tree_links);
    return g_test_run();
}
