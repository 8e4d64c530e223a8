/* SPDX-License-Identifier: MIT */
/*
 * Where running VMs are known: ROOT/vm/NAME/ with
 *
 *   lock          flock()ed as long as the VM runs: the descriptor is inherited
 * by QEMU, so the kernel releases it when the last of harness and QEMU is gone,
 * however it ends vm.json       what the VM is, written whole pid QEMU's qmp ga
 * con    Unix sockets
 *
 * and ROOT/log/NAME/ with console.log and qemu.log, kept after the end.
 * ROOT is $XDG_RUNTIME_DIR/evtpm, else /run/user/UID/evtpm, else
 * /tmp/evtpm-UID.
 */
#ifndef EVTPM_HARNESS_STATE_H
#define EVTPM_HARNESS_STATE_H

#include "harness/fail.h"

/* Logs of that many ended VMs are kept. */
#define STATE_LOGS_KEPT 20
#define STATE_NAME_MAX 40

/* ROOT, made if needed, mode 0700 and ours; NULL on error. */
char *state_root(GError **error);

/* A VM's name: a letter or digit, then letters, digits, ".", "_", "-". */
gboolean state_name_check(const char *name, GError **error);

struct state_dir {
    char *name;
    char *path; /* ROOT/vm/NAME */
    char *log;  /* ROOT/log/NAME */
    int lock;   /* descriptor, close-on-exec; -1 when not held by us */
};

/*
 * Takes a name for a new VM, with an empty directory and empty logs. BUSY when
 * a VM of that name runs. NULL name: the first free one of "vm", "vm2",
 * "vm3"... What dead VMs left is removed first.
 */
gboolean state_claim(const char *name, struct state_dir *dir, GError **error);

/* Finds a running VM; NOT_FOUND when there is none. The lock is not taken. */
gboolean state_find(const char *name, struct state_dir *dir, GError **error);

/* Waits for the lock of a VM that ends, up to `deadline_ms`, and takes it. */
gboolean state_relock(struct state_dir *dir, unsigned ms, GError **error);

/* Removes the VM's directory; only by the holder of the lock. The logs stay. */
void state_remove(struct state_dir *dir);

/* Forgets it, and releases our hold on the lock. */
void state_dir_clear(struct state_dir *dir);

/* Names of running VMs, sorted. */
GPtrArray *state_list(GError **error);

/* Removes what dead VMs left, but the newest logs. */
void state_sweep(void);

#endif
