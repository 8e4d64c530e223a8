/* SPDX-License-Identifier: MIT */
/* What it means that QEMU ended with a status. */
#ifndef EVTPM_HARNESS_EXITS_H
#define EVTPM_HARNESS_EXITS_H

#include <glib.h>

/* Statuses of the emulator when the VM ends by itself (qemu-patches,
 * target/i386/snp/snp.h). */
enum {
    EXIT_TERMINATE = 60,
    EXIT_VMPL_FAULT = 61,
    EXIT_RMP_FAULT = 62,
    EXIT_TRIPLE_FAULT = 63,
    EXIT_INVALID_VMSA = 64,
    EXIT_PROTOCOL = 65,
};

/*
 * One line: the meaning of a wait status, with the last message of QEMU's log
 * when it says more. `status` -1: unknown, because QEMU was not our child.
 */
char *exits_explain(int status, const char *qemu_log);

#endif
