/* SPDX-License-Identifier: MIT */
/* VMPL0 on the other vCPUs. */
#ifndef SVSM_SMP_H
#define SVSM_SMP_H

#include <stdint.h>

/*
 * Starts this kernel on up to @count - 1 further vCPUs. They wait in the
 * request loop for the guest to create vCPUs there. @count is the host's word.
 */
void smp_start(uint32_t count);

#endif
