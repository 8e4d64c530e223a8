/* SPDX-License-Identifier: MIT */
/* Life of a VM: start, watch, restart. */
#include "harness/vm.h"

#include <string.h>
#include <unistd.h>

#include "harness/backend.h"
#include "harness/cmdline.h"
#include "harness/exits.h"
#include "harness/tree.h"

char *vm_command_text(const struct vm_config *config)
{
    g_auto(GStrv) argv = cmdline_build(
        config, &(struct cmdline_channels){ .own = 3,
                                            .qmp = 4,
                                            .ga = 5,
                                            .console = 6,
                                            .console_log = "console.log" });
    return cmdline_text((const char *const *)argv);
}

/* As long as QEMU runs, or as we do; a process of libvirt's we do not know,
 * and libvirt's own daemon bounds the logs. */
static gboolean guard_logs(struct vm *vm, GError **error)
{
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *qemu = g_build_filename(vm->dir.log, "qemu.log", NULL);
    gint64 limit =
        vm->config->log_limit ? vm->config->log_limit : LOG_BOUND_DEFAULT;
    if (vm->detach && vm->process.pid > 0) {
        return log_guard_leave(console, qemu, limit, vm->process.pidfd, error);
    }
    if (!vm->logs) {
        vm->logs = log_guard_start(console, qemu, limit);
    }
    return TRUE;
}

gboolean vm_boot(struct vm *vm, GError **error)
{
    vm->reason = NULL;
    process_clear(&vm->process);
    vm->config->supervisor = vm->detach ? 0 : getpid();
    vm->config->boots++;
    vm->config->started = g_get_real_time();
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    boot_watch_start(&vm->boot, console);
    if (!vm->backend->boot(vm, error)) {
        return FALSE;
    }
    return (guard_logs(vm, error) &&
            vm->backend->open_monitor(vm, TRUE, error) &&
            vm->backend->save(vm, error)) ||
           vm_explain(vm, error);
}

static struct vm *vm_new(const char *backend, const char *connect,
                         GError **error)
{
    const struct vm_backend *found = backend_find(backend, connect, error);
    if (!found) {
        return NULL;
    }
    struct vm *vm = g_new0(struct vm, 1);
    vm->backend = found;
    vm->connect = g_strdup(connect);
    vm->process = (struct process)PROCESS_NONE;
    vm->qmp.stream.fd = -1;
    vm->ga.stream.fd = -1;
    vm->dir.lock = -1;
    return vm;
}

struct vm *vm_start(const struct vm_config *config, gboolean detach,
                    GError **error)
{
    struct vm *vm = vm_new(config->backend, config->connect, error);
    if (!vm) {
        return NULL;
    }
    vm->config = vm_config_copy(config);
    vm->detach = detach;
    if (!vm_config_check(config, error) || !vm->backend->claim(vm, error)) {
        vm_free(vm);
        return NULL;
    }
    g_free(vm->config->name);
    vm->config->name = g_strdup(vm->dir.name);
    vm->config->boots = 0;
    vm->owner = TRUE;
    if (!vm_boot(vm, error)) {
        vm_free(vm);
        return NULL;
    }
    return vm;
}

struct vm *vm_attach_at(const char *backend, const char *connect,
                        const char *name, GError **error)
{
    struct vm *vm = vm_new(backend, connect, error);
    if (!vm) {
        return NULL;
    }
    if (vm->backend->find(vm, name, error) &&
        vm->backend->open_monitor(vm, FALSE, error)) {
        vm->detach = vm->config->supervisor == 0;
        return vm;
    }
    vm_free(vm);
    return NULL;
}

struct vm *vm_attach(const char *name, GError **error)
{
    return vm_attach_at(NULL, NULL, name, error);
}

GPtrArray *vm_list(const char *backend, const char *connect, GError **error)
{
    const struct vm_backend *found = backend_find(backend, connect, error);
    return found ? found->list(connect, error) : NULL;
}

int vm_console(struct vm *vm, GError **error)
{
    return vm->backend->open_console(vm, error);
}

void vm_forget(struct vm *vm)
{
    if (!vm->config->supervisor && vm->backend->retake(vm, NULL)) {
        vm->backend->forget(vm);
    }
}

void vm_release(struct vm *vm)
{
    vm->owner = FALSE;
    vm->backend->release(vm);
}

static void close_channels(struct vm *vm)
{
    if (vm->ga.stream.fd >= 0) {
        ga_close(&vm->ga);
    }
    if (vm->qmp.stream.fd >= 0) {
        qmp_close(&vm->qmp);
    }
}

void vm_free(struct vm *vm)
{
    if (!vm) {
        return;
    }
    close_channels(vm);
    log_guard_stop(vm->logs);
    if (vm->owner) {
        vm->backend->end(vm);
        vm->backend->forget(vm);
    }
    process_clear(&vm->process);
    vm->backend->clear(vm);
    vm_config_free(vm->config);
    g_free(vm->connect);
    g_free(vm);
}

static gboolean await_agent(struct vm *vm, deadline_t deadline, GError **error)
{
    gboolean open = FALSE;
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    while (vm->backend->agent_listens(vm, &open, error)) {
        boot_watch_look(&vm->boot, console);
        if (open) {
            return TRUE;
        }
        if (deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_TIMEOUT,
                        "timed out waiting for the guest to be up");
        }
        if (!wait_ms(30, vm->process.pidfd, error)) {
            return FALSE;
        }
    }
    return FALSE;
}

gboolean vm_wait_agent(struct vm *vm, deadline_t deadline, GError **error)
{
    if (vm->ga.stream.fd >= 0) {
        return TRUE;
    }
    if (!await_agent(vm, deadline, error) ||
        !vm->backend->open_agent(vm, deadline, error)) {
        return vm_explain(vm, error);
    }
    boot_watch_agent(&vm->boot);
    return TRUE;
}

enum vm_end vm_ended(struct vm *vm)
{
    if (process_alive(&vm->process)) {
        return VM_END_RUNNING;
    }
    process_wait(&vm->process, deadline_in(1), "QEMU", NULL);
    if (!vm->reason) {
        vm->reason = qmp_shutdown_reason(&vm->qmp);
    }
    const char *reason = vm->reason ? vm->reason : "";
    if (vm->process.ours && vm->process.status != 0) {
        return VM_END_FAILED;
    }
    return strcmp(reason, "guest-reset") == 0             ? VM_END_RESET
           : strcmp(reason, "host-qmp-system-reset") == 0 ? VM_END_RESET
           : strcmp(reason, "guest-shutdown") == 0        ? VM_END_SHUTDOWN
           : g_str_has_prefix(reason, "host-")            ? VM_END_QUIT
                                                          : VM_END_FAILED;
}

gboolean vm_wait_end(struct vm *vm, deadline_t deadline, enum vm_end *end,
                     GError **error)
{
    if (!process_wait(&vm->process, deadline, "the VM to end", error)) {
        return FALSE;
    }
    *end = vm_ended(vm);
    close_channels(vm);
    return TRUE;
}

static GString *post_mortem;

const char *vm_post_mortem(void)
{
    return post_mortem && post_mortem->len ? post_mortem->str : NULL;
}

static void keep_logs(struct vm *vm)
{
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *qemu = vm->backend->qemu_log(vm);
    g_autofree char *tail = tree_tail(console, 12);
    if (!post_mortem) {
        post_mortem = g_string_new(NULL);
    }
    g_string_truncate(post_mortem, 0);
    if (tail) {
        g_string_append_printf(post_mortem,
                               "--- last console lines of \"%s\":\n%s\n---\n",
                               vm->config->name, tail);
    }
    g_string_append_printf(post_mortem, "logs: %s, %s\n", console,
                           qemu ? qemu : "libvirt's");
}

gboolean vm_explain(struct vm *vm, GError **error)
{
    if (error && *error &&
        g_error_matches(*error, HARNESS_ERROR, HARNESS_ERROR_INTERRUPTED)) {
        return FALSE;
    }
    /* a lost connection is noticed before the process is gone */
    if (error &&
        g_error_matches(*error, HARNESS_ERROR, HARNESS_ERROR_VM_ENDED)) {
        process_wait(&vm->process, deadline_in(2), "QEMU", NULL);
    }
    if (vm->process.pidfd >= 0 && vm_ended(vm) != VM_END_RUNNING) {
        g_autofree char *log = vm->backend->qemu_log(vm);
        int status = vm->process.ours ? vm->process.status : -1;
        g_autofree char *why =
            status == 0 && vm->reason
                ? g_strdup_printf("the VM ended unexpectedly (%s)", vm->reason)
                : exits_explain(status, log);
        g_clear_error(error);
        fail(error, HARNESS_ERROR_FAILED, "%s", why);
    }
    keep_logs(vm);
    return FALSE;
}
