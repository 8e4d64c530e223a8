/* SPDX-License-Identifier: MIT */
/* evtpm stop and evtpm reboot. */
#include <stdio.h>

#include "harness/command.h"
#include "harness/vm.h"

static gboolean stop(const char *name, const struct backend_options *place,
                     double grace, GError **error)
{
    struct vm *vm = vm_attach_at(place->backend, place->connect, name, error);
    gboolean ok = vm && vm_stop(vm, grace, error);
    if (ok) {
        vm_forget(vm);
    }
    vm_free(vm);
    return ok;
}

static gboolean add_running(GPtrArray *names,
                            const struct backend_options *place, GError **error)
{
    g_autoptr(GPtrArray) vms = vm_list(place->backend, place->connect, error);
    for (guint i = 0; vms && i < vms->len; i++) {
        const struct vm_config *c = g_ptr_array_index(vms, i);
        g_ptr_array_add(names, g_strdup(c->name));
    }
    return vms != NULL;
}

int cmd_stop(int argc, char **argv, GError **error)
{
    gboolean all = FALSE;
    double grace = 20;
    g_auto(backend_options) place = { NULL };
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const GOptionEntry entries[] = {
        { "all", 'a', 0, G_OPTION_ARG_NONE, &all, "end all VMs", NULL },
        { "grace", 'g', 0, G_OPTION_ARG_DOUBLE, &grace,
          "how long a VM with a disk may take to shut down (default: 20)",
          "SECONDS" },
        BACKEND_OPTIONS(&place),
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "stop VM... | --all",
                        "Ends VMs. All that their vTPMs held is gone.", 0, -1,
                        error) < 0) {
        return -1;
    }
    if (argc < 2 && !all) {
        fail(error, HARNESS_ERROR_USAGE, "usage: evtpm stop VM... | --all");
        return -1;
    }
    if (all && !add_running(names, &place, error)) {
        return -1;
    }
    for (int i = 1; !all && i < argc; i++) {
        g_ptr_array_add(names, g_strdup(argv[i]));
    }
    for (guint i = 0; i < names->len; i++) {
        if (!stop(g_ptr_array_index(names, i), &place, grace, error)) {
            return -1;
        }
    }
    return 0;
}

int cmd_reboot(int argc, char **argv, GError **error)
{
    double timeout = 120;
    g_auto(backend_options) place = { NULL };
    const GOptionEntry entries[] = {
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout,
          "limit for the guest to be up again (default: 120)", "SECONDS" },
        BACKEND_OPTIONS(&place),
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "reboot [OPTIONS] VM",
                        "Lets the guest reboot and launches the same VM "
                        "again: a new launch measurement, a new vTPM.",
                        1, 1, error) < 0) {
        return -1;
    }
    struct vm *vm = vm_attach_at(place.backend, place.connect, argv[1], error);
    if (!vm) {
        return -1;
    }
    deadline_t deadline = deadline_in(timeout);
    gboolean ok = vm_reboot(vm, deadline, error);
    /* a system of the user's own need not have an agent */
    gboolean image = vm->config->kernel && !vm->config->disk;
    if (ok && vm->config->supervisor) {
        /* another command started it again: that is another QEMU */
        vm_free(vm);
        vm = vm_attach_at(place.backend, place.connect, argv[1], error);
        ok = vm != NULL;
    }
    ok = ok && (!image || vm_wait_agent(vm, deadline, error));
    vm_free(vm);
    return ok ? 0 : -1;
}
