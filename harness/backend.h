/* SPDX-License-Identifier: MIT */
/*
 * What runs VMs for us: QEMU as a child of ours, or libvirt. vm.c knows what a
 * VM's life is, a backend how each step of it is done.
 */
#ifndef EVTPM_HARNESS_BACKEND_H
#define EVTPM_HARNESS_BACKEND_H

#include "harness/vm.h"

/*
 * Each function gets a VM whose `config` and `backend` are set. Those that
 * return a gboolean set an error when it is FALSE.
 */
struct vm_backend {
    const char *name;

    /* Takes the name of a new VM (config->name NULL: the first free one),
     * fills `dir`; the name is in dir.name then. */
    gboolean (*claim)(struct vm *vm, GError **error);
    /* Finds a running VM: `dir`, `config`, `process`. NOT_FOUND if there is
     * none. */
    gboolean (*find)(struct vm *vm, const char *name, GError **error);
    /* Starts it, or starts it again after its end: `process`, config->pid. */
    gboolean (*boot)(struct vm *vm, GError **error);

    /* Opens vm->qmp; the owner has a monitor that nobody else disturbs. */
    gboolean (*open_monitor)(struct vm *vm, gboolean owner, GError **error);
    /* Has the guest opened the agent's port? What is sent earlier is lost. */
    gboolean (*agent_listens)(struct vm *vm, gboolean *open, GError **error);
    /* Opens vm->ga. */
    gboolean (*open_agent)(struct vm *vm, deadline_t deadline, GError **error);
    /* A non-blocking socket to the serial console; -1 with an error. */
    int (*open_console)(struct vm *vm, GError **error);

    /* The record of the VM that other commands find: written, read afresh
     * (NULL: not there now). */
    gboolean (*save)(struct vm *vm, GError **error);
    struct vm_config *(*load)(struct vm *vm);

    /* An ended VM that is to be started again becomes ours. */
    gboolean (*retake)(struct vm *vm, GError **error);
    /* Ends it, whatever it does; it is gone on return. */
    void (*end)(struct vm *vm);
    /* It was started to outlive us and is left to itself now. */
    void (*release)(struct vm *vm);
    /* Removes what an ended VM of ours left, but the logs. */
    void (*forget)(struct vm *vm);
    /* Frees `dir` and what the backend has in `backend_data`. */
    void (*clear)(struct vm *vm);

    /* Where QEMU's messages go; NULL if that cannot be known. */
    char *(*qemu_log)(struct vm *vm);
    /* Running VMs as struct vm_config, sorted by name. */
    GPtrArray *(*list)(const char *connect, GError **error);
};

extern const struct vm_backend backend_qemu;
#ifdef HAVE_LIBVIRT
extern const struct vm_backend backend_libvirt;
#endif

/*
 * "qemu" or "libvirt"; NULL is $EVTPM_BACKEND, else "qemu", or "libvirt" when
 * `connect` is given. NULL with a USAGE error for others, and for libvirt where
 * this program was built without it.
 */
const struct vm_backend *backend_find(const char *name, const char *connect,
                                      GError **error);

#endif
