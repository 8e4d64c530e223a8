/* SPDX-License-Identifier: MIT */
/* A running VM: starting, finding, watching, restarting and ending it. */
#ifndef EVTPM_HARNESS_VM_H
#define EVTPM_HARNESS_VM_H

#include "harness/boot_watch.h"
#include "harness/config.h"
#include "harness/ga.h"
#include "harness/log_bound.h"
#include "harness/process.h"
#include "harness/qmp.h"
#include "harness/state.h"

struct vm_backend;

struct vm {
    const struct vm_backend *backend;
    void *backend_data;
    char *connect; /* libvirt's URI, or NULL */
    struct vm_config *config;
    struct state_dir dir;
    struct process process; /* QEMU */
    struct qmp qmp;
    struct ga ga;
    struct boot_watch boot; /* of a VM that we started */
    struct log_guard *logs; /* keeps them bounded while we are here */
    gboolean owner;     /* vm_free() ends it */
    gboolean detach;    /* QEMU survives us */
    const char *reason; /* of its SHUTDOWN event, once it ended */
};

/* How a VM ended. */
enum vm_end {
    VM_END_RUNNING,
    VM_END_RESET,    /* the guest asked for a reset: the same VM may be started
                        again */
    VM_END_SHUTDOWN, /* the guest switched off */
    VM_END_QUIT,     /* told to by QMP, or ended by us */
    VM_END_FAILED,   /* all else; vm_explain() says what */
};

/*
 * Takes the name, starts QEMU and waits until QMP answers. `detach`: QEMU runs
 * on when we are gone, but vm_free() still ends it until vm_release().
 */
struct vm *vm_start(const struct vm_config *config, gboolean detach,
                    GError **error);

/* The QEMU command line that vm_start() would use, for people; descriptors are
 * placeholders. */
char *vm_command_text(const struct vm_config *config);

/*
 * A VM that runs already. NOT_FOUND when there is none of that name. `backend`
 * and `connect` are as in vm_config; vm_attach() takes the default backend.
 */
struct vm *vm_attach(const char *name, GError **error);
struct vm *vm_attach_at(const char *backend, const char *connect,
                        const char *name, GError **error);

/* The running VMs of a backend as struct vm_config, sorted by name. */
GPtrArray *vm_list(const char *backend, const char *connect, GError **error);

/* A non-blocking socket to the serial console; -1 with an error. */
int vm_console(struct vm *vm, GError **error);

/* Removes the record of a VM that has ended and that nobody supervises. */
void vm_forget(struct vm *vm);

/* Leaves it to itself. */
void vm_release(struct vm *vm);

/* Ends a VM that we own, removes its directory (the logs stay) and frees. */
void vm_free(struct vm *vm);

/* Waits until the guest agent answers: `ga` is open then. Does nothing if it is
 * open. */
gboolean vm_wait_agent(struct vm *vm, deadline_t deadline, GError **error);

/* Waits for the end of QEMU and says how it came. */
gboolean vm_wait_end(struct vm *vm, deadline_t deadline, enum vm_end *end,
                     GError **error);
enum vm_end vm_ended(struct vm *vm);

/* Starts the same VM again in the same directory, after vm_wait_end(). */
gboolean vm_boot(struct vm *vm, GError **error);

/*
 * Lets the guest reboot and, where no other command supervises the VM, starts
 * it again; returns once QEMU runs again.
 */
gboolean vm_reboot(struct vm *vm, deadline_t deadline, GError **error);

/* Ends it: with a disk the guest gets `grace` seconds to shut down. */
gboolean vm_stop(struct vm *vm, double grace, GError **error);

/*
 * Called with an error that came up while dealing with the VM. If the VM is
 * gone, the error becomes what ended it. The last console lines and the places
 * of the logs are kept for vm_post_mortem(). Returns FALSE.
 */
gboolean vm_explain(struct vm *vm, GError **error);

/* What vm_explain() kept, for main() to print below the error; NULL if nothing.
 */
const char *vm_post_mortem(void);

#endif
