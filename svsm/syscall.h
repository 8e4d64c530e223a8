/* SPDX-License-Identifier: MIT */
/* The Linux system calls that a static program of glibc needs. */
#ifndef SVSM_SYSCALL_H
#define SVSM_SYSCALL_H

#include "svsm/process.h"

#define PROCESS_STACK_SIZE 0x80000ull

/* Serves the call in process->frame; may end or suspend the process. */
void syscall_handle(struct process *process);

#endif
