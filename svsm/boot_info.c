/* SPDX-License-Identifier: MIT */
/* Checks of struct svsm_boot_info. Compiles on the host too. */
#include "svsm/boot_info.h"

#include <stdbool.h>

#include "evtpm/snp.h"

static bool in_region(const struct svsm_boot_info *info, uint64_t base,
                      uint64_t size)
{
    return base % SNP_PAGE_SIZE == 0 && base >= info->region_base &&
           size <= info->region_size &&
           base - info->region_base <= info->region_size - size;
}

const char *boot_info_check(const struct svsm_boot_info *info)
{
    if (info->magic != SVSM_BOOT_MAGIC || info->version != SVSM_BOOT_VERSION) {
        return "magic or version";
    }
    if (info->guest_vmpl == 0 || info->guest_vmpl >= SNP_VMPL_COUNT) {
        return "guest VMPL";
    }
    if (info->region_base != SVSM_BASE ||
        info->region_size > SVSM_REGION_SIZE) {
        return "region";
    }
    if (!in_region(info, info->heap_base, info->heap_size) ||
        info->heap_size < SNP_LARGE_PAGE_SIZE ||
        info->heap_size % SNP_PAGE_SIZE) {
        return "heap";
    }
    if (!in_region(info, info->vtpm_base, info->vtpm_size)) {
        return "vTPM program";
    }
    if (info->fw_base % SNP_PAGE_SIZE || info->fw_size % SNP_PAGE_SIZE) {
        return "firmware";
    }
    if (info->fw_range_count > SVSM_FW_RANGE_MAX) {
        return "firmware ranges";
    }
    if (info->flags & ~SVSM_BOOT_KERNEL_HASHES) {
        return "flags";
    }
    return NULL;
}
