/* SPDX-License-Identifier: MIT */
/* What all end-to-end scenarios share: artefacts, VMs with deadlines, logs at a failure. */
#ifndef EVTPM_TESTS_SCENARIO_H
#define EVTPM_TESTS_SCENARIO_H

#include "harness/vm.h"

/* For a boot, or one piece of work in the guest; a loaded machine is slow. */
#define E2E_SECONDS 150

/* Runs the cases that `add` registers; ends what is left running. */
int e2e_main(int argc, char **argv, void (*add)(void));

/* A case that is skipped, with the reason, where artefacts are missing. */
void e2e_add(const char *path, void (*run)(void));

/* The default VM; free with g_free and vm_config_free as the harness does. */
struct vm_config *e2e_config(void);

/* Starts a VM that e2e_end() ends; the guest agent answers if `up`. */
struct vm *e2e_start(const struct vm_config *config, gboolean up);
struct vm *e2e_boot(gboolean debug_read);
void e2e_end(struct vm *vm);

deadline_t e2e_deadline(void);

/*
 * Ends the program when `ok` is false, with the error, the last console lines of the VM (or NULL)
 * and the place of its logs; no VM outlives it.
 */
void e2e_require(struct vm *vm, gboolean ok, GError *error);

/* A command in the guest that must succeed: its output. */
char *e2e_shell(struct vm *vm, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

#endif
