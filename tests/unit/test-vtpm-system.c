/* SPDX-License-Identifier: MIT */
/* What the vTPM program asks of its kernel: the system calls that the SVSM has,
 * no files, and an end when there is no entropy. Needs strace. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tests/unit/vtpm-client.h"

/* As svsm/ serves them at ring 3 (docs/design.md). execve is strace's. */
static const char *const allowed[] = {
    "execve",     "read",       "write",  "close",           "openat",
    "newfstatat", "readlink",   "mmap",   "munmap",          "mprotect",
    "brk",        "futex",      "getpid", "getrandom",       "clock_gettime",
    "prlimit64",  "arch_prctl", "rseq",   "set_tid_address", "set_robust_list",
    "exit_group", NULL,
};

/* strace may be missing, or forbidden where ptrace is. */
static gboolean have_strace(void)
{
    const char *argv[] = { "strace", "-o", "/dev/null", "true", NULL };
    int status = -1;

    if (!g_spawn_sync(NULL, (char **)argv, NULL,
                      G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                      NULL, NULL, NULL, &status, NULL) ||
        status != 0) {
        g_test_skip("strace is missing or may not trace");
        return FALSE;
    }
    return TRUE;
}

/* Some of everything: objects, NV, PCRs, sessions, both keys, an error */
static void exercise(struct client *client)
{
    client_startup(client);
    client_rc(client, VTPM_ST_NO_SESSIONS, CC_SELF_TEST, "01");
    g_assert_cmphex(client_load_object(client), ==, 0);
    client_rc(client, VTPM_ST_SESSIONS, CC_NV_DEFINE_SPACE,
              RH_OWNER AUTH "0000 000e 01500001 000b 00040004 0000 0008");
    client_rc(client, VTPM_ST_SESSIONS, CC_CLEAR, RH_PLATFORM AUTH);
    client_rc(client, VTPM_ST_NO_SESSIONS, CC_READ_CLOCK, "");
    client_rc(client, VTPM_ST_NO_SESSIONS, 0x7fffffff, "");
    g_byte_array_unref(client_ek_primary(client, VTPM_EK_RSA2048));
    g_byte_array_unref(client_ek_frame(client, VTPM_EK_RSA2048));
    g_byte_array_unref(client_ek_frame(client, VTPM_EK_ECC_P256));
}

static void check_line(const char *line)
{
    g_autofree char *name = g_strndup(line, strcspn(line, "("));

    if (line[0] == '+' || line[0] == '\0') {
        return; /* "+++ exited with 0 +++", the end */
    }
    if (!g_strv_contains(allowed, name)) {
        g_error("a system call that the SVSM does not have: %s", line);
    }
    if (strstr(line, "O_CREAT") || strstr(line, "O_WRONLY") ||
        strstr(line, "O_RDWR")) {
        g_error("a file opened for writing: %s", line);
    }
}

static void test_calls(void)
{
    g_autofree char *directory = g_dir_make_tmp("vtpm-XXXXXX", NULL);
    g_autofree char *trace = g_build_filename(directory, "trace", NULL);
    g_autofree char *path = client_program_path(VTPM_PROGRAM);
    char *argv[] = {
        (char *)"strace", (char *)"-f", (char *)"-o", trace, path, NULL
    };
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint i;

    if (!have_strace()) {
        return;
    }
    {
        struct client *client = client_spawn(argv);

        exercise(client);
        g_assert_cmpint(client_end(client, NULL), ==, 0);
    }
    g_assert_true(g_file_get_contents(trace, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), >, 20);
    for (i = 0; lines[i]; i++) {
        /* -f puts the process number in front */
        check_line(lines[i] + strspn(lines[i], "0123456789 "));
    }
    g_unlink(trace);
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

/* From its first use of random bytes on, a failing getrandom ends the program;
 * no answer comes. */
static void test_no_entropy(void)
{
    g_autofree char *path = client_program_path(VTPM_PROGRAM);
    char *argv[] = { (char *)"strace",
                     (char *)"-o",
                     (char *)"/dev/null",
                     (char *)"-e",
                     (char *)"inject=getrandom:error=ENOSYS:when=2+",
                     path,
                     NULL };
    g_autofree char *log = NULL;

    if (!have_strace()) {
        return;
    }
    g_assert_cmpint(client_end(client_spawn(argv), &log), ==, 1);
    g_assert_cmpstr(log, ==, "evtpm-vtpm: no entropy: getrandom failed\n");
}

/* The program runs in a directory of its own and leaves it empty. */
static void test_no_files(void)
{
    g_autofree char *directory = g_dir_make_tmp("vtpm-XXXXXX", NULL);
    g_autofree char *before = g_get_current_dir();
    g_autofree char *built = client_program_path(VTPM_PROGRAM);
    g_autofree char *path = g_canonicalize_filename(built, before);
    char *argv[] = { path, NULL };
    struct client *client;

    g_assert_cmpint(g_chdir(directory), ==, 0);
    client = client_spawn(argv);
    exercise(client);
    g_assert_cmpint(client_end(client, NULL), ==, 0);
    g_assert_cmpint(g_chdir(before), ==, 0);
    g_assert_cmpint(g_rmdir(directory), ==, 0); /* fails unless empty */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vtpm-system/calls", test_calls);
    g_test_add_func("/vtpm-system/no-entropy", test_no_entropy);
    g_test_add_func("/vtpm-system/no-files", test_no_files);
    return g_test_run();
}
