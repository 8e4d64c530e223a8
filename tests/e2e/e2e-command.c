/* SPDX-License-Identifier: MIT */
/* Scenarios: the evtpm program, what it says and what it leaves. */
#include "tests/e2e/e2e.h"

#include <string.h>
#include <sys/wait.h>

#include "harness/artifacts.h"

void e2e_result_clear(struct e2e_result *result)
{
    g_clear_pointer(&result->out, g_free);
    g_clear_pointer(&result->err, g_free);
}

static GPtrArray *evtpm_argv(va_list ap)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *build = artifacts_build_dir();
    const char *argument;
    g_assert_nonnull(build);
    g_ptr_array_add(argv, g_build_filename(build, "harness/evtpm", NULL));
    while ((argument = va_arg(ap, const char *))) {
        g_ptr_array_add(argv, g_strdup(argument));
    }
    g_ptr_array_add(argv, NULL);
    return argv;
}

static void add_line(const char *line, void *user)
{
    g_string_append_printf(user, "%s\n", line);
}

void e2e_evtpm(struct e2e_result *result, ...)
{
    va_list ap;
    va_start(ap, result);
    g_autoptr(GPtrArray) argv = evtpm_argv(ap);
    va_end(ap);
    g_autoptr(GError) error = NULL;
    GString *out = g_string_new(NULL);
    struct process_options options = { .cwd = e2e_dir() };
    int status = 0;
    result->err = NULL;
    g_autofree char *command = g_strjoinv(" ", (char **)argv->pdata + 1);
    e2e_step("evtpm %s", command);
    process_run((const char *const *)argv->pdata, &options, NULL, FALSE,
                add_line, out, &result->err, &status,
                deadline_in(3 * E2E_SECONDS), &error);
    g_assert_no_error(error);
    result->out = g_string_free(out, FALSE);
    result->status =
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    g_test_message("status %d\n%s%s", result->status, result->out, result->err);
}

void e2e_evtpm_start(struct process *process, int in, int out, int err, ...)
{
    va_list ap;
    va_start(ap, err);
    g_autoptr(GPtrArray) argv = evtpm_argv(ap);
    va_end(ap);
    g_autoptr(GError) error = NULL;
    struct process_options options = {
        .in = in, .out = out, .err = err, .cwd = e2e_dir()
    };
    process_spawn((const char *const *)argv->pdata, &options, process, &error);
    g_assert_no_error(error);
}

void e2e_assert_error_line(const char *err, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(err, "\n", -1);
    g_assert_nonnull(lines[0]);
    g_assert_true(g_str_has_prefix(lines[0], "evtpm: "));
    if (!strstr(lines[0], text)) {
        g_test_message("\"%s\" is not in \"%s\"", text, lines[0]);
        g_test_fail();
    }
    /* what the console said last may follow, but no second complaint */
    for (char **line = lines + 1; *line; line++) {
        g_assert_false(g_str_has_prefix(*line, "evtpm: "));
    }
}

void e2e_assert_refused(const struct e2e_result *result, int status,
                        const char *text)
{
    g_assert_cmpint(result->status, ==, status);
    e2e_assert_error_line(result->err, text);
    g_assert_cmpstr(result->out, ==, "");
    e2e_assert_no_vms();
}

static void assert_own_dir_empty(void)
{
    g_autoptr(GDir) dir = g_dir_open(e2e_dir(), 0, NULL);
    g_assert_cmpstr(g_dir_read_name(dir), ==, NULL);
}

static void run_refusal(gconstpointer data)
{
    const struct e2e_refusal *row = data;
    const char *const *a = row->argv;
    struct e2e_result r;
    e2e_evtpm(&r, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], NULL);
    e2e_assert_refused(&r, row->status, row->text);
    e2e_result_clear(&r);
    assert_own_dir_empty();
}

void e2e_add_refusals(const char *subject, const struct e2e_refusal *rows,
                      gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/%s/%s", subject, rows[i].name);
        const struct e2e_scenario scenario = { .path = path };
        e2e_add_row(&scenario, run_refusal, &rows[i]);
    }
}
