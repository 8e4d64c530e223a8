/* SPDX-License-Identifier: MIT */
/* Is the boot info page one that this kernel can start from? */
#ifndef SVSM_BOOT_INFO_H
#define SVSM_BOOT_INFO_H

#include "evtpm/svsm_boot.h"

/*
 * Measured, so this finds mistakes of the builder, not attacks. Returns 0 or
 * what is wrong.
 */
const char *boot_info_check(const struct svsm_boot_info *info);

#endif
