/* SPDX-License-Identifier: MIT */
/*
 * Where the host's kernel may put private memory: the emulator's RAM for it,
 * as /proc shows it. QEMU locks it if it may (RLIMIT_MEMLOCK).
 */
#ifndef EVTPM_TESTS_E2E_SWAP_H
#define EVTPM_TESTS_E2E_SWAP_H

#include "tests/e2e/e2e.h"

/*
 * "locked": all private memory is, none of it is in swap, and none would be in
 * a core dump, while shared memory, the control, is not locked. "unlocked":
 * none of it is, and QEMU says so. Static text, which says what is wrong where
 * it is anything else.
 */
const char *swap_look(struct vm *vm);

/* Whether a process of ours may lock that many MiB. */
gboolean swap_may_lock(unsigned mib);

#endif
