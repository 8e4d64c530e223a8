/* SPDX-License-Identifier: MIT */
/* #VC of the CPL3 process. The kernel itself causes none but 404, see trap.c.
 */
#ifndef SVSM_VC_H
#define SVSM_VC_H

#include <stdbool.h>

#include "svsm/process.h"

/* Emulates the instruction; false: nothing that a process may do. */
bool vc_user(struct process *process);

#endif
