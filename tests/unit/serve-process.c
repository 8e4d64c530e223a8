/* SPDX-License-Identifier: MIT */
#include "tests/unit/serve-process.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

const char *serve_process_program(void)
{
    static char *path;

    if (!path) {
        path = g_test_build_filename(G_TEST_BUILT, "harness", "evtpm", NULL);
    }
    if (access(path, X_OK) != 0) {
        g_test_skip("harness/evtpm is not built");
        return NULL;
    }
    return path;
}

/* A test that fails leaves no service behind. */
static void in_child(gpointer user)
{
    (void)user;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void serve_process_start(struct serve_process *p, const char *const *arguments)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(argv, (gpointer)serve_process_program());
    g_ptr_array_add(argv, (gpointer) "serve");
    g_ptr_array_add(argv, (gpointer) "--listen=127.0.0.1:0");
    gboolean own = !g_strv_contains(arguments, "--cert");
    while (*arguments) {
        g_ptr_array_add(argv, (gpointer)*arguments++);
    }
    g_ptr_array_add(argv, NULL);
    memset(p, 0, sizeof(*p));
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_subprocess_launcher_set_child_setup(launcher, in_child, NULL, NULL);
    p->process = g_subprocess_launcher_spawnv(
        launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    p->out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(p->process));
    g_autofree char *line =
        g_data_input_stream_read_line(p->out, NULL, NULL, NULL);
    g_assert_nonnull(line);
    g_assert_true(g_str_has_prefix(line, "serving https://127.0.0.1:"));
    p->port = (guint16)g_ascii_strtoull(strrchr(line, ':') + 1, NULL, 10);
    if (own) {
        p->second_line =
            g_data_input_stream_read_line(p->out, NULL, NULL, NULL);
    }
}

static void clear(struct serve_process *p)
{
    g_clear_object(&p->out);
    g_clear_object(&p->process);
    g_clear_pointer(&p->second_line, g_free);
}

void serve_process_stop(struct serve_process *p)
{
    g_subprocess_send_signal(p->process, SIGTERM);
    g_assert_true(g_subprocess_wait(p->process, NULL, NULL));
    g_assert_true(g_subprocess_get_if_exited(p->process));
    g_assert_cmpint(g_subprocess_get_exit_status(p->process), ==, 0);
    clear(p);
}

void serve_process_kill(struct serve_process *p)
{
    g_subprocess_force_exit(p->process);
    g_assert_true(g_subprocess_wait(p->process, NULL, NULL));
    g_assert_true(g_subprocess_get_if_signaled(p->process));
    clear(p);
}
