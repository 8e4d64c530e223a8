/* SPDX-License-Identifier: MIT */
/*
 * Bad input and bad luck: one clear line, an exit status that is not 0, and
 * nothing left behind, neither process nor directory nor half a file.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "tests/e2e/e2e.h"

static const struct e2e_refusal rows[] = {
    { "no-command-known", { "lunch" }, 2, "unknown command \"lunch\"" },
    { "unknown-option",
      { "launch", "--colour", "red" },
      2,
      "Unknown option --colour" },
    { "stray-argument", { "launch", "now" }, 2, "unexpected argument \"now\"" },
    { "kernel-missing",
      { "launch", "--kernel", "no-such-kernel" },
      1,
      "no-such-kernel: No such file or directory" },
    { "initrd-missing",
      { "launch", "--kernel", "/dev/null", "--initrd", "no-such-initrd" },
      1,
      "no-such-initrd: No such file or directory" },
    { "disk-missing",
      { "launch", "--disk", "no-such-disk" },
      1,
      "no-such-disk: No such file or directory" },
    { "disk-is-a-directory",
      { "launch", "--disk", "/" },
      1,
      "disk /: is a directory" },
    { "kernel-and-disk",
      { "launch", "--kernel", "/bin/sh", "--disk", "/bin/sh" },
      2,
      "exclude each other" },
    { "exec-and-detach",
      { "launch", "--exec", "true", "--detach" },
      2,
      "exclude each other" },
    { "too-little-memory",
      { "launch", "--memory", "64M" },
      2,
      "64 MiB of memory are too little" },
    { "far-too-little-memory",
      { "launch", "--memory", "16M" },
      2,
      "too little" },
    { "memory-is-no-number",
      { "launch", "--memory", "lots" },
      2,
      "bad memory size \"lots\"" },
    { "no-vcpus", { "launch", "--cpus", "0" }, 2, "0 vCPUs" },
    { "bad-name", { "launch", "--name", "../x" }, 2, "bad VM name \"../x\"" },
    { "bad-platform",
      { "launch", "--platform", "sgx" },
      2,
      "unknown platform \"sgx\"" },
    { "igvm-missing",
      { "launch", "--igvm", "no-such-igvm" },
      1,
      "no-such-igvm: No such file or directory" },
    { "chip-missing",
      { "launch", "--chip", "no-such-chip", "--exec", "true" },
      1,
      "no-such-chip" },
    { "attest-nobody", { "attest", "nobody" }, 1, "no VM named \"nobody\"" },
    { "verify-nothing", { "verify", "no-such-file" }, 1, "no-such-file: " },
    { "verify-empty", { "verify", "/proc/self/cmdline" }, 1, "an empty file" },
    { "verify-garbage", { "verify", "/etc/passwd" }, 1, "not JSON" },
    { "measure-nothing",
      { "igvm", "measure", "no-such-file" },
      1,
      "no-such-file: No such file or directory" },
    { "measure-a-directory", { "igvm", "measure", "/" }, 1, "/: " },
    { "build-without-output", { "igvm", "build" }, 2, "-o" },
    { "build-from-garbage",
      { "igvm", "build", "-o", "x.igvm", "--svsm", "/etc/passwd" },
      1,
      "/etc/passwd" },
    { "build-into-nowhere",
      { "igvm", "build", "-o", "no-such-dir/x.igvm" },
      1,
      "no-such-dir/x.igvm: No such file or directory" },
    { "test-that-is-not",
      { "test", "--no-build", "no-such-test" },
      1,
      "no test matches" },
};

/* A file system with 64 KiB in it: the file is not made, not even in part. */
static void test_no_space(void)
{
    g_autofree char *build = artifacts_build_dir();
    g_autofree char *script = g_strdup_printf(
        "mount -t tmpfs -o size=64k tmpfs . 2>/dev/null && cd \"$PWD\" || "
        "exit 77\n'%s/harness/evtpm' igvm build -o x.igvm; s=$?; ls -A; "
        "exit $s",
        build);
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
                               &status, deadline_in(60), &error);
    if (!ran || !WIFEXITED(status) || WEXITSTATUS(status) == 77) {
        g_test_skip("a small file system cannot be mounted here");
        return;
    }
    g_test_message("%s", err);
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(err, "evtpm: x.igvm: No space left on device"));
}

static void read_all(int fd, GString *into)
{
    char buf[1024];
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        g_string_append_len(into, buf, n);
    }
    close(fd);
}

/* Starts a VM with work for a while and does something to it so long after its
 * QEMU was there; its command must end by itself. */
static int disturb(gboolean kill_qemu, int signal_number, unsigned ms,
                   GString *err)
{
    int pipe_err[2];
    struct process p = PROCESS_NONE;
    g_assert_cmpint(pipe2(pipe_err, O_CLOEXEC), ==, 0);
    e2e_evtpm_start(&p, 0, 0, pipe_err[1], "launch", "--name", "k", "--memory",
                    "384", "--exec", "sleep 1000", NULL);
    close(pipe_err[1]);
    e2e_await(e2e_qemu_pid("k") > 0);
    pid_t qemu = e2e_qemu_pid("k");
    g_usleep(ms * 1000);
    g_assert_cmpint(kill(kill_qemu ? qemu : p.pid, signal_number), ==, 0);
    g_assert_true(process_wait(&p, deadline_in(60), "evtpm", NULL));
    e2e_await_end("k", qemu);
    int status = p.status;
    process_clear(&p);
    read_all(pipe_err[0], err);
    g_test_message("%s", err->str);
    return status;
}

static void test_qemu_killed(void)
{
    g_autoptr(GString) err = g_string_new(NULL);
    int status = disturb(TRUE, SIGKILL, 0, err);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    if (e2e_by_libvirt() && strstr(err->str, "cannot start \"k\": ")) {
        e2e_assert_error_line(err->str, ""); /* it had not answered libvirt */
    } else {
        e2e_assert_error_line(
            err->str, e2e_killed_text("QEMU was ended by signal 9 (Killed)"));
        g_assert_nonnull(strstr(err->str, "logs: "));
    }
    e2e_assert_no_vms();
}

static void test_interrupted(void)
{
    /* while talking QMP to a QEMU that starts, and while the guest boots */
    static const struct {
        int signal;
        unsigned ms;
    } moments[] = {
        { SIGINT, 0 },  { SIGTERM, 0 },  { SIGHUP, 0 },   { SIGINT, 10 },
        { SIGINT, 30 }, { SIGINT, 100 }, { SIGINT, 300 }, { SIGTERM, 2000 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
        g_autoptr(GString) err = g_string_new(NULL);
        int status = disturb(FALSE, moments[i].signal, moments[i].ms, err);
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), ==, 128 + moments[i].signal);
        g_assert_nonnull(strstr(err->str, "evtpm: interrupted\n"));
        e2e_assert_no_vms();
    }
}

/* Nothing can be done at the time; the VM goes all the same, and its directory
 * at the next start. */
static void test_harness_killed(void)
{
    g_autoptr(GString) err = g_string_new(NULL);
    int status = disturb(FALSE, SIGKILL, 0, err);
    g_assert_true(WIFSIGNALED(status));
    struct vm_config *config = e2e_config();
    g_free(config->name);
    config->name = g_strdup("k");
    e2e_vm_end(e2e_start(config));
    vm_config_free(config);
    e2e_assert_no_vms();
}

/* Nobody else's VM is disturbed by one who wants its name, not even while it
 * starts. */
static void test_name_taken(void)
{
    struct vm_config *config = e2e_config();
    struct vm *vm = e2e_start(config);
    struct e2e_result r;
    e2e_evtpm(&r, "launch", "--name", "t", "--exec", "true", NULL);
    g_assert_cmpint(r.status, ==, 1);
    e2e_assert_error_line(r.err, "a VM named \"t\" is running already");
    g_assert_true(process_alive(&vm->process));
    e2e_result_clear(&r);
    e2e_vm_end(vm);
    vm_config_free(config);
    e2e_assert_no_vms();
}

static void test_no_hardware(void)
{
    struct e2e_result r;
    if (platform_snp_available()) {
        g_test_skip("this machine has SEV-SNP");
        return;
    }
    e2e_evtpm(&r, "launch", "--platform", "snp", "--exec", "true", NULL);
    e2e_assert_refused(&r, 1, "this machine starts no SEV-SNP guests");
    e2e_result_clear(&r);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/bad-input/no-such-hardware", test_no_hardware, 0, 0 },
    { "/e2e/bad-input/no-space-left", test_no_space, 0, 0 },
    { "/e2e/bad-input/name-taken", test_name_taken, 0, 512 },
    { "/e2e/bad-input/qemu-killed", test_qemu_killed, 0, 512 },
    { "/e2e/bad-input/interrupted", test_interrupted, 0, 512 },
    { "/e2e/bad-input/harness-killed", test_harness_killed, 0, 512 },
};

int main(int argc, char **argv)
{
    e2e_begin(&argc, &argv);
    e2e_add_refusals("bad-input", rows, G_N_ELEMENTS(rows));
    e2e_add(E2E_TABLE(scenarios));
    return e2e_end();
}
