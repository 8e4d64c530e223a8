/* SPDX-License-Identifier: MIT */
/* What the guest finds at its first instruction. */
#ifndef SVSM_LAUNCH_H
#define SVSM_LAUNCH_H

#include <stdbool.h>

#include "evtpm/svsm_boot.h"

/* The guest's memory map: host's list and firmware image. */
void launch_memory_map(const struct svsm_boot_info *info);

/* The guest's calling area by the firmware's metadata; 0: none. */
uint64_t launch_calling_area(const struct svsm_boot_info *info);

/*
 * Gives the guest what its firmware takes for granted: the ranges of its
 * metadata, the firmware image, secrets and CPUID pages. @shared: memory that
 * no file lists starts shared with the host.
 */
void launch_guest_memory(const struct svsm_boot_info *info, bool shared);

#endif
