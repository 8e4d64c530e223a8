/* SPDX-License-Identifier: MIT */
/* Starting and ending VMs for the scenarios. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/artifacts.h"
#include "harness/command.h"

/* Those that run, to be ended when a scenario fails. */
static GPtrArray *running;

deadline_t e2e_deadline(void)
{
    return deadline_in(E2E_SECONDS);
}

static void end_all(void)
{
    while (running && running->len) {
        e2e_end(g_ptr_array_index(running, 0));
    }
}

/* As TAP comments: what reads our output wants each line marked. */
static void comment(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        printf("# %s\n", *line);
    }
}

void e2e_require(struct vm *vm, gboolean ok, GError *error)
{
    if (ok) {
        return;
    }
    GError *shown = error ? g_error_copy(error) : NULL;
    if (vm) {
        vm_explain(vm, &shown);
        comment(vm_post_mortem() ? vm_post_mortem() : "no logs");
    }
    printf("Bail out! %s\n", shown ? shown->message : "failed");
    fflush(stdout);
    end_all();
    exit(1);
}

static void missing_artifact(GError **error)
{
    for (int i = 0; i < ARTIFACT_COUNT; i++) {
        g_autofree char *path = artifact_path(i, error);
        if (!path) {
            return;
        }
    }
}

static void run_case(gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    missing_artifact(&error);
    if (error) {
        g_test_skip(error->message);
        return;
    }
    ((void (*)(void))data)();
}

void e2e_add(const char *path, void (*run)(void))
{
    g_test_add_data_func(path, (gconstpointer)run, run_case);
}

struct vm_config *e2e_config(void)
{
    const struct vm_options options = VM_OPTIONS_INIT;
    g_autoptr(GError) error = NULL;
    struct vm_config *config = vm_options_config(&options, &error);
    e2e_require(NULL, config != NULL, error);
    return config;
}

struct vm *e2e_start(const struct vm_config *config, gboolean up)
{
    g_autoptr(GError) error = NULL;
    struct vm *vm = vm_start(config, FALSE, &error);
    e2e_require(NULL, vm != NULL, error);
    g_ptr_array_add(running, vm);
    e2e_require(vm, !up || vm_wait_agent(vm, e2e_deadline(), &error), error);
    return vm;
}

struct vm *e2e_boot(gboolean debug_read)
{
    struct vm_config *config = e2e_config();
    config->debug_read = debug_read;
    struct vm *vm = e2e_start(config, TRUE);
    vm_config_free(config);
    return vm;
}

void e2e_end(struct vm *vm)
{
    pid_t pid = vm->process.pid;
    g_ptr_array_remove(running, vm);
    vm_free(vm);
    struct process left = PROCESS_NONE;
    g_assert_false(pid > 0 && process_attach(pid, &left));
}

char *e2e_shell(struct vm *vm, const char *fmt, ...)
{
    g_autoptr(GError) error = NULL;
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *command = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    char *out = ga_shell(&vm->ga, e2e_deadline(), &error, "%s", command);
    e2e_require(vm, out != NULL, error);
    return out;
}

int e2e_main(int argc, char **argv, void (*add)(void))
{
    g_test_init(&argc, &argv, NULL);
    wait_catch_signals();
    running = g_ptr_array_new();
    add();
    int status = g_test_run();
    end_all();
    return status;
}
