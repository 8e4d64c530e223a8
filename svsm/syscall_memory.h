/* SPDX-License-Identifier: MIT */
/* Memory system calls; results as Linux gives them, errors negative. */
#ifndef SVSM_SYSCALL_MEMORY_H
#define SVSM_SYSCALL_MEMORY_H

#include <stdint.h>

#include "svsm/process.h"

#define SVSM_EPERM 1
#define SVSM_ENOENT 2
#define SVSM_EBADF 9
#define SVSM_ENOMEM 12
#define SVSM_EACCES 13
#define SVSM_EFAULT 14
#define SVSM_EINVAL 22
#define SVSM_EFBIG 27
#define SVSM_ENOSYS 38

int64_t memory_brk(struct process *process, uint64_t end);
int64_t memory_map(struct process *process, uint64_t va, uint64_t size,
                   uint64_t prot, uint64_t flags);
int64_t memory_protect(struct process *process, uint64_t va, uint64_t size,
                       uint64_t prot);
int64_t memory_unmap(struct process *process, uint64_t va, uint64_t size);

#endif
