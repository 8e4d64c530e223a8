/* SPDX-License-Identifier: MIT */
/* Support of the scenarios named test-*. */
#include "tests/e2e/e2e.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "harness/state.h"
#include "harness/tree.h"

static char *base; /* holds run/ (state) and t/ (the test's own) */
static char *own_dir;
static char *not_ready; /* why nothing can run, or NULL */
static char *igvm, *chip;
static struct vm *shared;
static GPtrArray *strings;

static void fixture_start(void)
{
    base = g_dir_make_tmp("evtpm-e2e-XXXXXX", NULL);
    g_assert_nonnull(base);
    g_autofree char *run = g_build_filename(base, "run", NULL);
    own_dir = g_build_filename(base, "t", NULL);
    g_assert_cmpint(g_mkdir(run, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(own_dir, 0700), ==, 0);
    /* VMs of the user and of other tests are out of sight, and ours of theirs
     */
    g_setenv("XDG_RUNTIME_DIR", run, TRUE);
    strings = g_ptr_array_new_with_free_func(g_free);
}

static void find_artifacts(void)
{
    g_autoptr(GError) error = NULL;
    struct igvm_summary summary;
    for (int i = 0; i < ARTIFACT_COUNT && !error; i++) {
        g_autofree char *path = artifact_path((enum artifact)i, &error);
    }
    if (!error) {
        chip = artifacts_chip(&error);
    }
    if (!error) {
        igvm = igvm_file_default(&summary, &error);
    }
    not_ready = error ? g_strdup(error->message) : NULL;
}

void e2e_main(int *argc, char ***argv)
{
    g_test_init(argc, argv, NULL);
    wait_catch_signals();
    fixture_start();
    find_artifacts();
}

int e2e_main_end(void)
{
    int status = g_test_run();
    g_clear_pointer(&shared, vm_free);
    if (status == 0) {
        tree_remove(base);
    } else {
        g_test_message("logs stay in %s", base);
    }
    g_free(base);
    g_free(own_dir);
    g_free(not_ready);
    g_free(igvm);
    g_free(chip);
    g_ptr_array_unref(strings);
    return status;
}

gboolean e2e_ready(void)
{
    tree_empty(own_dir, NULL);
    if (not_ready) {
        g_test_skip(not_ready);
    }
    return not_ready == NULL;
}

const char *e2e_dir(void)
{
    return own_dir;
}

struct vm_config *e2e_config(void)
{
    struct vm_config *c = g_new0(struct vm_config, 1);
    c->name = g_strdup("t");
    c->platform = PLATFORM_EMULATED;
    c->qemu = artifact_path(ARTIFACT_QEMU, NULL);
    c->kernel = artifact_path(ARTIFACT_KERNEL, NULL);
    c->initrd = artifact_path(ARTIFACT_INITRD, NULL);
    c->append = g_strdup("console=ttyS0 quiet panic=-1");
    c->igvm = g_strdup(igvm);
    c->chip = g_strdup(chip);
    c->memory = 384;
    c->cpus = 1;
    return c;
}

struct vm *e2e_boot(const struct vm_config *config)
{
    g_autoptr(GError) error = NULL;
    struct vm *vm = vm_start(config, FALSE, &error);
    if (vm) {
        vm_wait_agent(vm, deadline_in(E2E_SECONDS), &error);
    }
    if (error && vm_post_mortem()) {
        g_test_message("%s", vm_post_mortem());
    }
    g_assert_no_error(error);
    return vm;
}

struct vm *e2e_shared_vm(void)
{
    if (!shared) {
        struct vm_config *c = e2e_config();
        g_free(c->name);
        c->name = g_strdup("shared");
        c->debug_read = TRUE;
        shared = e2e_boot(c);
        vm_config_free(c);
    }
    return shared;
}

char *e2e_guest(struct vm *vm, const char *fmt, ...)
{
    g_autoptr(GError) error = NULL;
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *command = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    char *out =
        ga_shell(&vm->ga, deadline_in(E2E_SECONDS), &error, "%s", command);
    g_assert_no_error(error);
    return out;
}

void e2e_collect(struct vm *vm, struct attest *attest)
{
    g_autoptr(GError) error = NULL;
    attest_collect(vm, deadline_in(E2E_SECONDS), attest, &error);
    g_assert_no_error(error);
}

struct attest_policy e2e_policy(const struct vm_config *config)
{
    char *root = g_build_filename(config->chip, "ark.pem", NULL);
    g_ptr_array_add(strings, root);
    return (struct attest_policy){ .igvm = igvm, .root = root, .chip = chip };
}

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
    struct process_options options = { .cwd = own_dir };
    int status = 0;
    result->err = NULL;
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
        .in = in, .out = out, .err = err, .cwd = own_dir
    };
    process_spawn((const char *const *)argv->pdata, &options, process, &error);
    g_assert_no_error(error);
}

void e2e_assert_refused(const struct e2e_result *result, int status,
                        const char *text)
{
    g_auto(GStrv) lines = g_strsplit(result->err, "\n", 2);
    g_assert_cmpint(result->status, ==, status);
    g_assert_true(g_str_has_prefix(lines[0], "evtpm: "));
    if (!strstr(lines[0], text)) {
        g_test_message("\"%s\" is not in \"%s\"", text, lines[0]);
        g_test_fail();
    }
    g_assert_cmpstr(result->out, ==, "");
    e2e_assert_no_vms();
}

void e2e_assert_no_vms(void)
{
    g_autofree char *root = state_root(NULL);
    g_autofree char *vms = g_build_filename(root, "vm", NULL);
    g_autoptr(GDir) dir = g_dir_open(vms, 0, NULL);
    const char *name;
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_assert_cmpstr(name, ==, "shared");
    }
}
