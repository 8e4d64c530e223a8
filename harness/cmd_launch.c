/* SPDX-License-Identifier: MIT */
/* evtpm launch: a VM with its console here, for one command, or left running.
 */
#include <stdio.h>
#include <unistd.h>

#include "harness/backend.h"
#include "harness/command.h"
#include "harness/console.h"
#include "harness/domain_xml.h"
#include "harness/vm.h"

/* How long a guest with a disk may take to shut down. */
#define SHUTDOWN_SECONDS 20

struct launch {
    struct vm_options vm;
    char *exec;
    gboolean detach;
    gboolean print;
};

static gboolean parse(int *argc, char ***argv, struct launch *l, GError **error)
{
    const GOptionEntry own[] = {
        { "name", 'n', 0, G_OPTION_ARG_STRING, &l->vm.name,
          "name of the VM (default: the first free of vm, vm2, ...)", "N" },
        { "exec", 'e', 0, G_OPTION_ARG_STRING, &l->exec,
          "run CMD in the guest by /bin/sh, end the VM, exit with its status",
          "CMD" },
        { "detach", 'd', 0, G_OPTION_ARG_NONE, &l->detach,
          "leave the VM running once it is up; print its name", NULL },
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &l->vm.timeout,
          "limit for the boot, and again for CMD (default: 120)", "SECONDS" },
        { "define", 0, 0, G_OPTION_ARG_NONE, &l->vm.define,
          "libvirt: leave a domain that virsh handles, running and after",
          NULL },
        { "dry-run", 0, 0, G_OPTION_ARG_NONE, &l->print,
          "print QEMU's command line, or libvirt's XML, and start nothing",
          NULL },
        { "print-command", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE,
          &l->print, "an older name of --dry-run", NULL },
        { NULL },
    };
    g_autofree GOptionEntry *entries = vm_option_entries(&l->vm, own);
    if (command_options(argc, argv, entries, "launch [OPTIONS]",
                        "Starts a confidential VM. Its console is this "
                        "terminal; Ctrl-] ends the VM.",
                        0, 0, error) < 0) {
        return FALSE;
    }
    if (l->exec && l->detach) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--exec and --detach exclude each other");
    }
    if (l->vm.define) {
        l->detach = TRUE;
    }
    if (l->exec && l->vm.define) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--exec and --define exclude each other");
    }
    return l->vm.timeout > 0 ||
           fail(error, HARNESS_ERROR_USAGE, "--timeout must be positive");
}

static void write_bytes(int fd, GBytes *bytes)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n <= 0) {
            return;
        }
        data += n;
        size -= (gsize)n;
    }
}

static int run_exec(struct vm *vm, const struct launch *l, GError **error)
{
    struct ga_result result;
    if (!vm_wait_agent(vm, deadline_in(l->vm.timeout), error)) {
        return -1;
    }
    if (!ga_exec(&vm->ga, l->exec, NULL, deadline_in(l->vm.timeout), &result,
                 error)) {
        vm_explain(vm, error);
        return -1;
    }
    write_bytes(STDOUT_FILENO, result.out);
    write_bytes(STDERR_FILENO, result.err);
    int status = result.status;
    ga_result_clear(&result);
    /* a disk that is written to wants an orderly end */
    if (vm->config->disk && !vm_stop(vm, SHUTDOWN_SECONDS, error)) {
        return -1;
    }
    return status;
}

static int run_detached(struct vm *vm, const struct launch *l, GError **error)
{
    /* a system of the user's own need not have an agent */
    gboolean image = !l->vm.kernel && !l->vm.disk;
    if (image && !vm_wait_agent(vm, deadline_in(l->vm.timeout), error)) {
        return -1;
    }
    vm_release(vm);
    puts(vm->config->name);
    return 0;
}

static int run_console(struct vm *vm, GError **error)
{
    fprintf(stderr, "evtpm: VM \"%s\", Ctrl-] ends it\n", vm->config->name);
    for (;;) {
        gboolean quit;
        enum vm_end end;
        if (!console_run(vm, &quit, error)) {
            return -1;
        }
        if (quit) {
            fputs("\nevtpm: ended\n", stderr);
            return 0;
        }
        if (!vm_wait_end(vm, deadline_in(10), &end, error)) {
            return -1;
        }
        if (end == VM_END_SHUTDOWN || end == VM_END_QUIT) {
            return 0;
        }
        if (end == VM_END_FAILED) {
            vm_explain(vm, error);
            return -1;
        }
        fputs("evtpm: the guest rebooted: a new launch, a new vTPM\n", stderr);
        if (!vm_boot(vm, error)) {
            return -1;
        }
    }
}

static int print_command(const struct vm_config *config, GError **error)
{
    const struct vm_backend *backend =
        backend_find(config->backend, config->connect, error);
    if (!backend) {
        return -1;
    }
    struct vm_config *c = vm_config_copy(config);
    if (!c->name) {
        c->name = g_strdup("vm");
    }
    g_autofree char *text =
        backend == &backend_qemu ? vm_command_text(c) : domain_xml(c, NULL);
    puts(text);
    vm_config_free(c);
    return 0;
}

static int launch(const struct launch *l, GError **error)
{
    struct vm_options options = l->vm;
    options.shell = !l->exec && !l->detach;
    struct vm_config *config = vm_options_config(&options, error);
    if (!config) {
        return -1;
    }
    int status = -1;
    if (l->print) {
        status = print_command(config, error);
    } else {
        struct vm *vm = vm_start(config, l->detach, error);
        if (vm) {
            status = l->exec     ? run_exec(vm, l, error)
                     : l->detach ? run_detached(vm, l, error)
                                 : run_console(vm, error);
            vm_free(vm);
        }
    }
    vm_config_free(config);
    return status;
}

int cmd_launch(int argc, char **argv, GError **error)
{
    struct launch l = { .vm = VM_OPTIONS_INIT };
    int status = parse(&argc, &argv, &l, error) ? launch(&l, error) : -1;
    vm_options_clear(&l.vm);
    g_free(l.exec);
    return status;
}
