/* SPDX-License-Identifier: MIT */
/* What the command says to bad input and to a VM that dies: one line, and nothing is left. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"
#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "harness/tree.h"

#define NAME "e2e-badinput"

static char *evtpm(void)
{
    g_autofree char *build = artifacts_build_dir();
    g_assert_nonnull(build);
    return g_build_filename(build, "harness/evtpm", NULL);
}

/* No VM of the name: its lock would be held by any process of it that is left. */
static void check_nothing_left(const char *name)
{
    struct state_dir dir;
    g_autoptr(GError) error = NULL;
    g_assert_false(state_find(name, &dir, &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_NOT_FOUND);
    g_autofree char *root = state_root(NULL);
    g_autofree char *path = g_build_filename(root, "vm", name, NULL);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* The error is one line; what the console said last may follow it. */
static void check_line(const char *err, const char *part)
{
    g_auto(GStrv) lines = g_strsplit(err, "\n", -1);
    g_test_message("%s", lines[0]);
    g_assert_true(g_str_has_prefix(lines[0], "evtpm: "));
    if (!strstr(lines[0], part)) {
        g_test_fail_printf("no \"%s\" in: %s", part, lines[0]);
    }
    for (char **line = lines + 1; *line; line++) {
        g_assert_false(g_str_has_prefix(*line, "evtpm: "));
    }
}

/* Launches with an option; it must fail and say `part`. */
static void check_refused(const char *name, const char *option,
                          const char *value, const char *part)
{
    g_autofree char *program = evtpm();
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;
    const char *argv[] = { program, "launch", "--name", name, "--exec",
                           "true",  option,   value,    NULL };
    e2e_require(NULL,
                process_run(argv, NULL, NULL, FALSE, NULL, NULL, &err, &status,
                            e2e_deadline(), &error),
                error);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), >, 0);
    check_line(err, part);
}

/* The default IGVM file after a change; the path, in a directory of its own. */
static char *changed_igvm(const char *dir, void (*change)(GByteArray *file))
{
    struct igvm_summary summary;
    g_autoptr(GError) error = NULL;
    g_autofree char *from = igvm_file_default(&summary, &error);
    e2e_require(NULL, from != NULL, error);
    char *data;
    gsize size;
    e2e_require(NULL, g_file_get_contents(from, &data, &size, &error), error);
    g_autoptr(GByteArray) file = g_byte_array_new_take((guint8 *)data, size);
    change(file);
    char *path = g_build_filename(dir, "changed.igvm", NULL);
    e2e_require(NULL, tree_write(path, file->data, file->len, &error), error);
    return path;
}

static void truncate_file(GByteArray *file)
{
    g_byte_array_set_size(file, file->len / 2);
}

static void corrupt_header(GByteArray *file)
{
    file->data[0x40] ^= 0x10;
}

static void empty_file(GByteArray *file)
{
    g_byte_array_set_size(file, 0);
}

static void check_igvm(void (*change)(GByteArray *file), const char *part)
{
    g_autofree char *dir = g_dir_make_tmp("evtpm-XXXXXX", NULL);
    g_autofree char *path = changed_igvm(dir, change);
    check_refused(NAME, "--igvm", path, part);
    check_nothing_left(NAME);
    tree_remove(dir);
}

static void test_igvm(void)
{
    check_igvm(truncate_file, "changed.igvm");
    check_igvm(corrupt_header, "changed.igvm");
    check_igvm(empty_file, "changed.igvm");
}

static void test_missing(void)
{
    check_refused(NAME, "--igvm", "/nonexistent/a.igvm", "/nonexistent/a.igvm");
    check_refused(NAME, "--kernel", "/nonexistent/bzImage",
                  "/nonexistent/bzImage");
    check_refused(NAME, "--disk", "/nonexistent/disk", "/nonexistent/disk");
    check_refused(NAME, "--chip", "/nonexistent/chip", "/nonexistent/chip");
    check_nothing_left(NAME);
}

static void test_memory(void)
{
    check_refused(NAME, "--memory", "16M", "too little");
    check_refused(NAME, "--memory", "lots", "bad memory size");
    check_nothing_left(NAME);
}

static void test_name(void)
{
    struct vm_config *config = e2e_config();
    g_free(config->name);
    config->name = g_strdup(NAME "-used");
    struct vm *vm = e2e_start(config, FALSE);
    check_refused(config->name, "--memory", "512M", "is running already");
    /* the first is none the worse for it */
    g_assert_true(process_alive(&vm->process));
    e2e_end(vm);
    check_nothing_left(config->name);
    vm_config_free(config);
}

static pid_t await_qemu(const char *name)
{
    deadline_t deadline = e2e_deadline();
    while (!deadline_passed(deadline)) {
        struct state_dir dir;
        pid_t pid = 0;
        if (state_find(name, &dir, NULL)) {
            struct vm_config *config = vm_config_load(dir.path, NULL);
            if (config) {
                pid = config->pid;
                vm_config_free(config);
            }
            state_dir_clear(&dir);
        }
        if (pid > 0) {
            return pid;
        }
        g_usleep(20000);
    }
    return 0;
}

/* QEMU's death comes while the boot is waited for. */
static gpointer kill_qemu(gpointer name)
{
    pid_t pid = await_qemu(name);
    if (pid > 0) {
        kill(pid, SIGKILL);
    }
    return GINT_TO_POINTER(pid);
}

static void test_killed(void)
{
    GThread *killer = g_thread_new("killer", kill_qemu, (gpointer)NAME);
    check_refused(NAME, "--memory", "512M", "signal 9");
    pid_t pid = GPOINTER_TO_INT(g_thread_join(killer));
    struct process left = PROCESS_NONE;
    g_assert_cmpint(pid, >, 0);
    g_assert_false(process_attach(pid, &left));
    check_nothing_left(NAME);
}

static void add(void)
{
    e2e_add("/badinput/igvm-file", test_igvm);
    e2e_add("/badinput/missing-files", test_missing);
    e2e_add("/badinput/memory", test_memory);
    e2e_add("/badinput/name-in-use", test_name);
    e2e_add("/badinput/qemu-killed", test_killed);
}

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, add);
}
