/* SPDX-License-Identifier: MIT */
/* A test program that does what tests should not, for the test of the runner.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_good(void)
{
}

static void test_wrong(void)
{
    int answer = 41;
    g_test_message("evtpm-step: computing the answer");
    g_test_message("thought about it");
    g_assert_cmpint(answer, ==, 42);
}

/* Only where it was asked for in this way. */
static void test_asked(void)
{
    g_assert_false(g_strcmp0(g_getenv("EVTPM_PLAY"), "it's so $(ls)") == 0 &&
                   g_strcmp0(g_getenv("EVTPM_TEST_PLATFORM"), "snp") == 0);
}

static void test_skipped(void)
{
    g_test_skip("no <such> \"thing\"");
}

static void test_hang(void)
{
    g_test_message("waiting for what never comes");
    for (;;) {
        pause();
    }
}

static void test_crash(void)
{
    abort();
}

/* Tells where it lies, leaves a process that hides in a session of its own, and
 * then hangs. $PLAY_FIFO gets a line once all that is so. */
static void test_leave(void)
{
    const char *fifo = g_getenv("PLAY_FIFO");
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        for (;;) {
            pause();
        }
    }
    FILE *out = fopen(fifo, "w");
    g_assert_nonnull(out);
    fprintf(out, "%d %s\n", (int)pid, g_get_tmp_dir());
    fclose(out);
    test_hang();
}

/* The same, but ends. */
static void test_forget(void)
{
    if (fork() == 0) {
        setsid();
        for (;;) {
            pause();
        }
    }
}

static void test_logs(void)
{
    g_autofree char *log =
        g_build_filename(g_get_tmp_dir(), "console.log", NULL);
    g_assert_true(
        g_file_set_contents(log, "a\033[31m <b>\nlast line\n", -1, NULL));
    g_test_message("evtpm-timeline: vm=one svsm=0.41 firmware=1.5 kernel=2 "
                   "userspace=3.25");
    g_test_message("evtpm-pcrs: bank=sha256 0=00ff 10=0000");
    g_test_message("evtpm-link: root ok the root is trusted");
    g_test_message("evtpm-link: chain failed <script>alert(1)</script>");
    g_test_fail_printf("the \"chain\" & more </pre>");
}

static void test_flood(void)
{
    for (int i = 0; i < 40000; i++) {
        printf("# %01000d\n", i);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *path;
        void (*run)(void);
    } cases[] = {
        { "/play/good", test_good },       { "/play/wrong", test_wrong },
        { "/play/skipped", test_skipped }, { "/play/hang", test_hang },
        { "/play/crash", test_crash },     { "/play/leave", test_leave },
        { "/play/forget", test_forget },   { "/play/logs", test_logs },
        { "/play/flood", test_flood },     { "/play/asked", test_asked },
    };
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_add_func(cases[i].path, cases[i].run);
    }
    return g_test_run();
}
