/* SPDX-License-Identifier: MIT */
/* Scenarios: VMs, and work in their guests. What is done and seen is told to
 * evtpm test's report by the marks of harness/marks.h. */
#include "tests/e2e/e2e.h"

#include <string.h>

void e2e_step(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    text[strcspn(text, "\n")] = '\0';
    g_test_message("evtpm-step: %s", text);
}

static void mark_logs(const struct vm *vm)
{
    g_test_message("evtpm-log: %s/console.log", vm->dir.log);
    g_test_message("evtpm-log: %s/qemu.log", vm->dir.log);
}

/* Power-on to agent. */
static void mark_boot(struct vm *vm)
{
    if (vm->boot.start == 0) {
        return; /* another process started it */
    }
    g_autofree char *uptime = e2e_guest(vm, "cat /proc/uptime");
    g_autofree char *timeline = boot_watch_timeline(
        &vm->boot, g_ascii_strtod(uptime, NULL), boot_watch_now(&vm->boot));
    if (timeline) {
        g_test_message("evtpm-timeline: vm=%s %s", vm->config->name, timeline);
    }
}

void e2e_check(struct vm *vm, GError *error)
{
    if (!error) {
        return;
    }
    g_autoptr(GError) shown = g_error_copy(error);
    if (vm) {
        vm_explain(vm, &shown);
        mark_logs(vm);
    }
    if (vm_post_mortem()) {
        g_test_message("%s", vm_post_mortem());
    }
    g_assert_no_error(shown);
}

struct vm *e2e_start(const struct vm_config *config)
{
    g_autoptr(GError) error = NULL;
    e2e_step("start the VM \"%s\"", config->name);
    struct vm *vm = vm_start(config, FALSE, &error);
    e2e_check(NULL, error);
    return vm;
}

void e2e_up(struct vm *vm)
{
    g_autoptr(GError) error = NULL;
    e2e_step("wait for the guest of \"%s\"", vm->config->name);
    vm_wait_agent(vm, deadline_in(E2E_SECONDS), &error);
    e2e_check(vm, error);
    mark_boot(vm);
}

void e2e_reboot(struct vm *vm)
{
    g_autoptr(GError) error = NULL;
    e2e_step("reboot \"%s\"", vm->config->name);
    vm_reboot(vm, deadline_in(E2E_SECONDS), &error);
    e2e_check(vm, error);
    e2e_up(vm);
}

struct vm *e2e_boot(const struct vm_config *config)
{
    struct vm *vm = e2e_start(config);
    e2e_up(vm);
    return vm;
}

struct vm *e2e_boot_default(void)
{
    struct vm_config *config = e2e_config();
    struct vm *vm = e2e_boot(config);
    vm_config_free(config);
    return vm;
}

void e2e_vm_end(struct vm *vm)
{
    pid_t pid = e2e_vm_pid(vm);
    vm_free(vm);
    struct process left = PROCESS_NONE;
    g_assert_false(pid > 0 && process_attach(pid, &left));
}

char *e2e_guest(struct vm *vm, const char *fmt, ...)
{
    g_autoptr(GError) error = NULL;
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *command = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    e2e_step("in the guest: %s", command);
    char *out =
        ga_shell(&vm->ga, deadline_in(E2E_SECONDS), &error, "%s", command);
    e2e_check(vm, error);
    return out;
}

void e2e_install(struct vm *vm, const char *file, const char *guest_path)
{
    g_autoptr(GError) error = NULL;
    struct ga_result result = { 0 };
    char *data;
    gsize size;
    g_file_get_contents(file, &data, &size, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) bytes = g_bytes_new_take(data, size);
    g_autofree char *command =
        g_strdup_printf("cat >%s && chmod +x %s", guest_path, guest_path);
    ga_exec(&vm->ga, command, bytes, deadline_in(E2E_SECONDS), &result, &error);
    e2e_check(vm, error);
    g_assert_cmpint(result.status, ==, 0);
    ga_result_clear(&result);
}

GHashTable *e2e_tpm(struct vm *vm, const char *fmt, ...)
{
    g_autoptr(GError) error = NULL;
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *script = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    e2e_step("in the guest: %s", script);
    GHashTable *table =
        guest_tpm_run(vm, script, deadline_in(E2E_SECONDS), &error);
    e2e_check(vm, error);
    return table;
}

/* "0:hex 1:hex" */
static void mark_pcrs(const char *text)
{
    g_autofree char *members = g_strdelimit(g_strdup(text), ":", '=');
    g_test_message("evtpm-pcrs: bank=sha256 %s", members);
}

char *e2e_pcrs(struct vm *vm)
{
    g_autoptr(GError) error = NULL;
    e2e_step("read the PCRs of \"%s\"", vm->config->name);
    char *text = guest_tpm_pcrs(vm, deadline_in(E2E_SECONDS), &error);
    e2e_check(vm, error);
    mark_pcrs(text);
    return text;
}

void e2e_collect(struct vm *vm, struct attest *attest)
{
    g_autoptr(GError) error = NULL;
    e2e_step("collect evidence from \"%s\"", vm->config->name);
    attest_collect(vm, deadline_in(E2E_SECONDS), attest, &error);
    e2e_check(vm, error);
}
