/* SPDX-License-Identifier: MIT */
/* Rebooting and stopping a VM. */
#include <string.h>

#include "harness/backend.h"
#include "harness/domain_xml.h"

/* A guest that ignores a request to reboot gets reset after this long. */
#define REBOOT_SECONDS 20

/*
 * The agent's own way needs a /sbin/shutdown, which a small initramfs lacks.
 * Neither answers when it works, so a lost connection is success.
 */
static void ask_guest(struct vm *vm, const char *mode, const char *command)
{
    deadline_t soon = deadline_in(5);
    g_autoptr(GError) error = NULL;
    if (!vm_wait_agent(vm, soon, &error)) {
        return;
    }
    struct ga_result result = { 0 };
    if (ga_exec(&vm->ga, "command -v shutdown", NULL, soon, &result, NULL) &&
        result.status == 0) {
        JsonObject *arguments = json_object_new();
        json_object_set_string_member(arguments, "mode", mode);
        json_stream_execute(&vm->ga.stream, "guest-shutdown", arguments, soon,
                            NULL);
    } else {
        struct ga_result ignored = { 0 };
        ga_exec(&vm->ga, command, NULL, soon, &ignored, NULL);
        ga_result_clear(&ignored);
    }
    ga_result_clear(&result);
}

/* Another command restarts the VM: its record then shows one boot more. */
static gboolean await_supervisor(struct vm *vm, deadline_t deadline,
                                 GError **error)
{
    unsigned before = vm->config->boots;
    for (;;) {
        struct vm_config *now = vm->backend->load(vm);
        gboolean again = now && now->boots > before;
        vm_config_free(now);
        if (again) {
            return TRUE;
        }
        if (deadline_passed(deadline)) {
            return fail(error, HARNESS_ERROR_TIMEOUT,
                        "timed out waiting for the VM to be started again");
        }
        if (!wait_ms(50, -1, error)) {
            return FALSE;
        }
    }
}

/* Of an own accord or not; the next boot is a start, not a reset. */
static gboolean end_boot(struct vm *vm, deadline_t deadline, GError **error)
{
    enum vm_end end;
    ask_guest(vm, "powerdown", "sync; poweroff -f");
    if (!vm_wait_end(vm, deadline_min(deadline, deadline_in(REBOOT_SECONDS)),
                     &end, NULL)) {
        vm->backend->end(vm);
    }
    return vm_wait_end(vm, deadline_in(1), &end, error);
}

/* The guest reboots and thereby ends the VM. */
static gboolean end_by_reboot(struct vm *vm, deadline_t deadline,
                              GError **error)
{
    enum vm_end end;
    ask_guest(vm, "reboot", "sync; reboot -f");
    if (!vm_wait_end(vm, deadline_min(deadline, deadline_in(REBOOT_SECONDS)),
                     &end, NULL)) {
        qmp_run(&vm->qmp, "system_reset", NULL, deadline_in(5), NULL);
        if (!vm_wait_end(vm, deadline, &end, error)) {
            return vm_explain(vm, error);
        }
    }
    return end == VM_END_RESET || vm_explain(vm, error);
}

gboolean vm_reboot(struct vm *vm, deadline_t deadline, GError **error)
{
    if (!(domain_resets(vm->config) ? end_boot(vm, deadline, error)
                                    : end_by_reboot(vm, deadline, error))) {
        return FALSE;
    }
    if (vm->config->supervisor && !vm->owner) {
        return await_supervisor(vm, deadline, error);
    }
    if (!vm->backend->retake(vm, error)) {
        return FALSE;
    }
    /* until it runs it is ours to clean up */
    gboolean owner = vm->owner;
    vm->owner = TRUE;
    if (!vm_boot(vm, error)) {
        return FALSE;
    }
    vm->owner = owner;
    return TRUE;
}

gboolean vm_stop(struct vm *vm, double grace, GError **error)
{
    enum vm_end end;
    if (vm->config->disk && grace > 0) {
        /* asked in both ways: either may have nobody listening */
        ask_guest(vm, "powerdown", "sync; poweroff -f");
        qmp_run(&vm->qmp, "system_powerdown", NULL, deadline_in(5), NULL);
        if (vm_wait_end(vm, deadline_in(grace), &end, NULL)) {
            return TRUE;
        }
        if (wait_signal()) {
            return fail(error, HARNESS_ERROR_INTERRUPTED, "interrupted");
        }
    }
    vm->backend->end(vm);
    return vm_wait_end(vm, deadline_in(1), &end, error);
}
