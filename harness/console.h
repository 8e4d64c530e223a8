/* SPDX-License-Identifier: MIT */
/* The guest's serial console on our terminal. */
#ifndef EVTPM_HARNESS_CONSOLE_H
#define EVTPM_HARNESS_CONSOLE_H

#include "harness/vm.h"

/* Ctrl-] ends the session. */
#define CONSOLE_QUIT 0x1d

/*
 * Relays between descriptors 0/1 and the console until the VM ends (*quit
 * FALSE) or the user typed Ctrl-] (*quit TRUE). A terminal is in raw mode
 * meanwhile and always restored, also when a signal ends us. End of file on
 * descriptor 0 stops the input only.
 */
gboolean console_run(struct vm *vm, gboolean *quit, GError **error);

/* The part of `data` before the quit key; TRUE when the key is in it. */
gboolean console_quit_at(const char *data, gsize size, gsize *before);

#endif
