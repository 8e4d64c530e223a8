/* SPDX-License-Identifier: MIT */
/*
 * VMs in bad times: QEMU dies at each stage of a boot, the guest hangs or never
 * stops talking, the disk is full, eight boot at once, one after the other
 * starts. One clear line, and nothing is left, nor does anything grow.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/state.h"
#include "tests/e2e/e2e.h"

#define SVSM_BEGINS "[SVSM]"
#define SVSM_DONE "[SVSM] guest at VMPL"
#define CROWD 8
#define LAUNCHES 200
/* What a library may allocate once and keep. */
#define GROWTH_KIB 2048
/* What QEMU's own memory and the guest's may become more in a flood. */
#define FLOOD_GROWTH_KIB 16384

static struct vm_config *small(const char *name, gboolean loud)
{
    struct vm_config *c = e2e_config();
    g_free(c->name);
    c->name = g_strdup(name);
    c->memory = 256;
    if (loud) {
        g_free(c->append);
        c->append = g_strdup("console=ttyS0 panic=-1 pci=lastbus=0");
    }
    return c;
}

static struct vm *start(const char *name, gboolean loud)
{
    struct vm_config *c = small(name, loud);
    struct vm *vm = e2e_start(c);
    vm_config_free(c);
    return vm;
}

static gboolean console_has(struct vm *vm, const char *text)
{
    g_autofree char *path = g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *log = NULL;
    gsize size;
    return g_file_get_contents(path, &log, &size, NULL) &&
           memmem(log, size, text, strlen(text));
}

/* ---- QEMU dies ---- */

static const struct stage {
    const char *name, *says; /* on the console, when it has begun */
} stages[] = {
    { "svsm", SVSM_BEGINS },
    { "firmware", SVSM_DONE },
    { "kernel", "Linux version" },
    { "userspace", "evtpm: userspace ready" },
};

static void crash(const struct stage *stage, int number, const char *says)
{
    g_autoptr(GError) error = NULL;
    struct vm *vm = start("t", TRUE);
    e2e_await(console_has(vm, stage->says));
    g_assert_cmpint(kill(e2e_vm_pid(vm), number), ==, 0);
    g_assert_false(vm_wait_agent(vm, deadline_in(E2E_SECONDS), &error));
    g_test_message("%s: %s", stage->name, error->message);
    g_assert_cmpstr(error->message, ==, e2e_killed_text(says));
    g_assert_nonnull(strstr(vm_post_mortem(), "logs: "));
    e2e_vm_end(vm);
    e2e_assert_no_vms();
}

static void test_crash(gconstpointer data)
{
    const struct stage *stage = data;
    crash(stage, SIGKILL, "QEMU was ended by signal 9 (Killed)");
    crash(stage, SIGSEGV, "QEMU was ended by signal 11 (Segmentation fault)");
}

/* ---- the guest hangs ---- */

/* A guest that does not run any more: its vCPUs stand still. */
static void test_hang(void)
{
    g_autoptr(GError) error = NULL;
    struct e2e_result r;
    struct vm *vm = start("t", FALSE);
    e2e_up(vm);
    qmp_run(&vm->qmp, "stop", NULL, deadline_in(10), &error);
    g_assert_no_error(error);
    struct ga_result ga = { 0 };
    g_assert_false(ga_exec(&vm->ga, "true", NULL, deadline_in(1), &ga, &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT);
    g_test_message("%s", error->message);
    g_clear_error(&error);
    /* it is the guest that hangs, not its VM */
    g_assert_true(process_alive(&vm->process));
    e2e_evtpm(&r, "ps", "--json", NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_nonnull(strstr(r.out, "\"t\""));
    e2e_result_clear(&r);
    g_assert_true(vm_stop(vm, 1, &error));
    e2e_vm_end(vm);
    e2e_assert_no_vms();
}

static void test_command_hangs(void)
{
    struct e2e_result r;
    gint64 start_time = g_get_monotonic_time();
    /* what is waited for comes never: firmware alone does not take so long */
    e2e_evtpm(&r, "launch", "--memory", "256", "--timeout", "1", "--exec",
              "true", NULL);
    g_assert_cmpint(r.status, ==, 1);
    e2e_assert_error_line(r.err, "timed out waiting for the guest to be up");
    g_assert_nonnull(strstr(r.err, "logs: "));
    g_assert_cmpint(g_get_monotonic_time() - start_time, <,
                    60 * G_USEC_PER_SEC);
    e2e_result_clear(&r);
    e2e_assert_no_vms();
}

/* ---- the guest talks without end ---- */

/* How much, and what of it may stay. The emulated port takes some 300 to 500
 * KiB a second: EVTPM_FLOOD_MIB asks for more. */
struct flood {
    gint64 bytes, limit;
};

static struct flood flood_size(void)
{
    const char *asked = g_getenv("EVTPM_FLOOD_MIB");
    return asked ? (struct flood){ (gint64)atoi(asked) << 20, 4 << 20 }
                 : (struct flood){ 2 << 20, 256 << 10 };
}

/* Anonymous memory of a process: QEMU's own and that of its guest. */
static unsigned anonymous_kib(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    const char *at = NULL;
    if (g_file_get_contents(path, &text, NULL, NULL)) {
        at = strstr(text, "RssAnon:");
    }
    g_assert_nonnull(at);
    return (unsigned)strtoul(at + 8, NULL, 10);
}

/* Until the guest has said so much; the log never takes more than its limit and
 * what comes between two looks, and memory does not grow. */
static void watch_flood(const struct vm *vm, const char *log,
                        const struct flood *f)
{
    unsigned before = anonymous_kib(e2e_vm_pid(vm));
    deadline_t end = deadline_in(E2E_SECONDS + (double)f->bytes / 20000);
    gint64 most = 0;
    struct stat st = { 0 };
    while (st.st_size < f->bytes) {
        g_assert_false(deadline_passed(end));
        g_assert_true(process_alive(&vm->process));
        g_usleep(100000);
        g_assert_cmpint(stat(log, &st), ==, 0);
        most = MAX(most, (gint64)st.st_blocks * 512);
    }
    unsigned after = anonymous_kib(e2e_vm_pid(vm));
    g_test_message("%" G_GINT64_FORMAT " KiB written, at most %" G_GINT64_FORMAT
                   " KiB kept; QEMU had %u KiB, then %u",
                   st.st_size >> 10, most >> 10, before, after);
    g_assert_cmpint(most, >, 0);
    g_assert_cmpint(most, <=, 4 * f->limit);
    g_assert_cmpuint(after, <=, before + FLOOD_GROWTH_KIB);
}

static void flood(struct vm *vm)
{
    struct flood f = flood_size();
    g_autofree char *log = g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *build = artifacts_build_dir();
    g_autofree char *program =
        g_build_filename(build, "tests/e2e/guest-flood", NULL);
    struct stat st;
    e2e_install(vm, program, "/run/guest-flood");
    g_free(e2e_guest(vm, "/run/guest-flood >/dev/null 2>&1 &"));
    watch_flood(vm, log, &f);
    e2e_await(stat(log, &st) == 0 && (gint64)st.st_blocks * 512 <= 2 * f.limit);
    /* the VM answers all the while, and begin and end are there */
    g_autofree char *alive = e2e_guest(
        vm, "echo alive; killall guest-flood && echo the end >/dev/ttyS0");
    g_assert_cmpstr(alive, ==, "alive");
    g_assert_true(console_has(vm, SVSM_DONE));
    e2e_await(console_has(vm, "the end"));
}

static struct vm_config *flooded(void)
{
    struct vm_config *c = small("t", FALSE);
    c->log_limit = flood_size().limit;
    return c;
}

static void test_flood(void)
{
    struct vm_config *c = flooded();
    struct vm *vm = e2e_boot(c);
    vm_config_free(c);
    flood(vm);
    e2e_vm_end(vm);
}

/* The VM is left, and found again: none of ours looks at its logs then. What
 * does is a child of ours only here, to be seen at its end. */
static void test_flood_detached(void)
{
    g_autoptr(GError) error = NULL;
    struct e2e_result r;
    struct vm_config *c = flooded();
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    e2e_step("start a VM, and leave it");
    struct vm *vm = vm_start(c, TRUE, &error);
    e2e_check(NULL, error);
    vm_config_free(c);
    e2e_up(vm);
    vm_release(vm);
    vm_free(vm);
    vm = vm_attach("t", &error);
    e2e_check(NULL, error);
    g_assert_null(vm->logs);
    e2e_up(vm);
    flood(vm);
    vm_free(vm);
    e2e_evtpm(&r, "stop", "t", NULL);
    g_assert_cmpstr(r.err, ==, "");
    g_assert_cmpint(r.status, ==, 0);
    e2e_result_clear(&r);
    int ended = 0;
    e2e_await((ended += waitpid(-1, NULL, WNOHANG) > 0) == 2);
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), <, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    e2e_assert_no_vms();
}

/* ---- no room ---- */

/* On a file system of that many KiB, with the state directory on it. */
static void check_no_room(unsigned kib)
{
    g_autofree char *build = artifacts_build_dir();
    g_autofree char *script = g_strdup_printf(
        "mount -t tmpfs -o size=%uk tmpfs . 2>/dev/null && cd \"$PWD\" || "
        "exit 77\nmkdir -m 700 run && dd if=/dev/zero of=full bs=1k "
        "2>/dev/null; XDG_RUNTIME_DIR=$PWD/run '%s/harness/evtpm' launch "
        "--memory 256 --name full --exec true; s=$?; "
        "[ -z \"$(ls -A run/evtpm/vm)\" ] || s=99; exit $s",
        kib, build);
    const char *argv[] = { "unshare",
                           "--mount",
                           geteuid() ? "--user" : "-m",
                           geteuid() ? "--map-root-user" : "-m",
                           "sh",
                           "-c",
                           script,
                           NULL };
    struct process_options options = { .cwd = e2e_dir() };
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;
    gboolean ran = process_run(argv, &options, NULL, FALSE, NULL, NULL, &err,
                               &status, deadline_in(E2E_SECONDS), &error);
    if (!ran || !WIFEXITED(status) || WEXITSTATUS(status) == 77) {
        g_test_skip("a small file system cannot be mounted here");
        return;
    }
    g_test_message("%s", err);
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    e2e_assert_error_line(err, "No space left on device");
}

static void test_no_room(void)
{
    check_no_room(64);
}

/* Sockets in a directory whose path is too long, and things that lie where
 * sockets belong. */
static void test_sockets(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *usual = g_strdup(g_getenv("XDG_RUNTIME_DIR"));
    g_autofree char *deep = g_strnfill(100, 'd');
    g_autofree char *path = g_build_filename(e2e_dir(), deep, NULL);
    struct vm_config *c = small("t", FALSE);
    g_assert_cmpint(mkdir(path, 0700), ==, 0);
    g_setenv("XDG_RUNTIME_DIR", path, TRUE);
    g_assert_null(vm_start(c, FALSE, &error));
    g_assert_nonnull(
        strstr(error->message, "longer than a socket's path may be"));
    g_clear_error(&error);
    g_autofree char *left = g_build_filename(path, "evtpm/vm/t", NULL);
    g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));

    g_setenv("XDG_RUNTIME_DIR", usual, TRUE);
    g_autofree char *vm_dir = g_build_filename(usual, "evtpm/vm/t", NULL);
    g_autofree char *in_the_way = g_build_filename(vm_dir, "qmp", "x", NULL);
    g_assert_cmpint(g_mkdir_with_parents(in_the_way, 0700), ==, 0);
    struct vm *vm = e2e_start(c);
    e2e_vm_end(vm);
    vm_config_free(c);
    e2e_assert_no_vms();
}

/* ---- many ---- */

static void test_crowd(void)
{
    struct vm *vm[CROWD];
    for (int i = 0; i < CROWD; i++) {
        g_autofree char *name = g_strdup_printf("crowd%d", i);
        vm[i] = start(name, FALSE);
    }
    for (int i = 0; i < CROWD; i++) {
        e2e_await(console_has(vm[i], SVSM_DONE));
    }
    if (g_getenv("EVTPM_LAUNCHES")) {
        for (int i = 0; i < CROWD; i++) {
            e2e_up(vm[i]);
        }
    }
    for (int i = 0; i < CROWD; i++) {
        g_assert_true(process_alive(&vm[i]->process));
        e2e_vm_end(vm[i]);
    }
    e2e_assert_no_vms();
}

/* Entries of a directory, itself and its like not counted. */
static unsigned entries(const char *path)
{
    unsigned count = 0;
    DIR *dir = opendir(path);
    g_assert_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        count += e->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

static unsigned resident_kib(void)
{
    g_autofree char *text = NULL;
    const char *at = NULL;
    if (g_file_get_contents("/proc/self/status", &text, NULL, NULL)) {
        at = strstr(text, "VmRSS:");
    }
    g_assert_nonnull(at);
    return (unsigned)strtoul(at + 6, NULL, 10);
}

/* What could grow. */
struct tally {
    unsigned descriptors, threads, children, temporary, resident;
};

/* Files of the harness, and temporary ones where evtpm test gave us a directory
 * of our own for them. */
static unsigned temporary(void)
{
    g_autofree char *root = state_root(NULL);
    g_autofree char *vms = g_build_filename(root, "vm", NULL);
    g_autofree char *logs = g_build_filename(root, "log", NULL);
    return entries(vms) + entries(logs) + entries(e2e_dir()) +
           (g_getenv("TMPDIR") ? entries(g_get_tmp_dir()) : 0);
}

static struct tally tally(void)
{
    g_autofree char *path =
        g_strdup_printf("/proc/self/task/%d/children", getpid());
    g_autofree char *children = NULL;
    g_file_get_contents(path, &children, NULL, NULL);
    g_auto(GStrv) words = g_strsplit(children ? children : "", " ", -1);
    return (struct tally){
        .descriptors = entries("/proc/self/fd"),
        .threads = entries("/proc/self/task"),
        .children = g_strv_length(words),
        .temporary = temporary(),
        .resident = resident_kib(),
    };
}

/* By libvirt, threads that serve a connection end a moment after it. */
static struct tally settled(const struct tally *before)
{
    deadline_t end = deadline_in(10);
    struct tally now = tally();
    while ((now.descriptors > before->descriptors ||
            now.threads > before->threads) &&
           !deadline_passed(end)) {
        g_usleep(20000);
        now = tally();
    }
    return now;
}

static void launch_once(void)
{
    struct vm *vm = start("t", FALSE);
    e2e_await(console_has(vm, SVSM_BEGINS));
    e2e_vm_end(vm);
}

/* EVTPM_LAUNCHES asks for another number. */
static void test_launches(void)
{
    const char *asked = g_getenv("EVTPM_LAUNCHES");
    int launches = asked ? atoi(asked) : LAUNCHES;
    launch_once(); /* what is allocated once */
    launch_once();
    struct tally before = tally();
    for (int i = 0; i < launches; i++) {
        launch_once();
    }
    struct tally after = settled(&before);
    g_test_message("%d launches: %u KiB, then %u KiB", launches,
                   before.resident, after.resident);
    g_assert_cmpuint(after.descriptors, ==, before.descriptors);
    g_assert_cmpuint(after.threads, ==, before.threads);
    g_assert_cmpuint(after.children, ==, before.children);
    g_assert_cmpuint(after.temporary, <=, before.temporary);
    g_assert_cmpuint(after.resident, <=, before.resident + GROWTH_KIB);
    e2e_assert_no_vms();
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/trouble/guest-hangs", test_hang, 0, 512 },
    { "/e2e/trouble/boot-takes-too-long", test_command_hangs, 0, 512 },
    { "/e2e/trouble/console-flood", test_flood, 0, 512 },
    { "/e2e/trouble/console-flood-detached", test_flood_detached, E2E_PROCESS,
      512 },
    { "/e2e/trouble/disk-full", test_no_room, E2E_PROCESS, 512 },
    { "/e2e/trouble/sockets", test_sockets, E2E_PROCESS, 512 },
    { "/e2e/trouble/eight-at-once", test_crowd, 0, CROWD * 384 },
    { "/e2e/trouble/many-launches", test_launches, 0, 512 },
};

int main(int argc, char **argv)
{
    e2e_begin(&argc, &argv);
    e2e_add(E2E_TABLE(scenarios));
    for (gsize i = 0; i < G_N_ELEMENTS(stages); i++) {
        g_autofree char *path =
            g_strconcat("/e2e/trouble/qemu-dies/", stages[i].name, NULL);
        const struct e2e_scenario s = { .path = path, .memory = 512 };
        e2e_add_row(&s, test_crash, &stages[i]);
    }
    return e2e_end();
}
