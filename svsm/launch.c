/* SPDX-License-Identifier: MIT */
/* Memory of the guest before it runs. None of its other RAM is validated: it
 * asks for that itself. */
#include "svsm/launch.h"

#include <string.h>

#include "evtpm/ghcb.h"
#include "evtpm/snp.h"
#include "svsm/console.h"
#include "svsm/cpuid.h"
#include "svsm/ghcb.h"
#include "svsm/guest_mem.h"
#include "svsm/kva.h"
#include "svsm/rmp.h"
#include "svsm/secrets.h"
#include "svsm/term.h"

void launch_memory_map(const struct svsm_boot_info *info)
{
    const struct igvm_memory_map_entry *list =
        (const void *)SVSM_MEMORY_MAP_GPA;

    guest_vmpl = info->guest_vmpl;
    if (!memmap_init(&guest_map, list, SNP_PAGE_SIZE / sizeof(*list),
                     info->region_base, info->region_size) ||
        (info->fw_size &&
         !memmap_add(&guest_map, info->fw_base, info->fw_size))) {
        fatal(SVSM_TERM_MEMORY_MAP, "memory map of the host is unusable");
    }
}

static void prepare_page(uint64_t gpa)
{
    void *page = window_small(gpa);
    bool changed;
    uint32_t result = rmp_pvalidate((uint64_t)page, false, true, &changed);

    if (result != SNP_OK || !changed) {
        fatal(SVSM_TERM_PVALIDATE, "guest page %lx: result %u%s", gpa, result,
              changed ? "" : ", unchanged");
    }
    memset(page, 0, SNP_PAGE_SIZE);
}

static void grant_page(uint64_t gpa)
{
    if (guest_page_grant(gpa, false) != SNP_OK) {
        fatal(SVSM_TERM_RMPADJUST, "guest page %lx", gpa);
    }
}

/* @launched: the host placed its pages at launch, measured and validated, as
 * those of the firmware itself. */
static void prepare_range(const struct svsm_fw_range *range, bool shared,
                          bool launched)
{
    if (!memmap_is_guest(&guest_map, range->base, range->size) ||
        range->base % SNP_PAGE_SIZE || range->size % SNP_PAGE_SIZE) {
        fatal(SVSM_TERM_BOOT_INFO, "firmware range %lx+%x is no guest memory",
              range->base, range->size);
    }
    if (shared && !launched) {
        ghcb_page_state(range->base, range->size, GHCB_PSC_PRIVATE);
    }
    for (uint64_t at = 0; at < range->size; at += SNP_PAGE_SIZE) {
        if (!launched) {
            prepare_page(range->base + at);
        }
        grant_page(range->base + at);
    }
}

static void fill_page(const struct svsm_boot_info *info,
                      const struct svsm_fw_range *range)
{
    const struct secrets_svsm svsm = {
        .base = info->region_base,
        .size = info->region_size,
        .caa = launch_calling_area(info),
        .guest_vmpl = info->guest_vmpl,
    };

    switch (range->type) {
    case OVMF_SECRETS:
        secrets_for_guest(window_small(range->base),
                          (const void *)SVSM_SECRETS_GPA, &svsm);
        break;
    case OVMF_CPUID:
        cpuid_page_for_guest(window_small(range->base),
                             (const void *)SVSM_CPUID_GPA);
        break;
    default: /* zeros are what the others want */
        break;
    }
}

uint64_t launch_calling_area(const struct svsm_boot_info *info)
{
    for (uint32_t i = 0; i < info->fw_range_count; i++) {
        if (info->fw_range[i].type == OVMF_SVSM_CAA) {
            return info->fw_range[i].base;
        }
    }
    return 0;
}

void launch_guest_memory(const struct svsm_boot_info *info, bool shared)
{
    for (uint32_t i = 0; i < info->fw_range_count; i++) {
        prepare_range(&info->fw_range[i], shared,
                      info->fw_range[i].type == OVMF_KERNEL_HASHES &&
                          (info->flags & SVSM_BOOT_KERNEL_HASHES));
        fill_page(info, &info->fw_range[i]);
    }
    /* Launched as measured pages: validated, no permissions for the guest yet
     */
    for (uint64_t at = 0; at < info->fw_size; at += SNP_PAGE_SIZE) {
        grant_page(info->fw_base + at);
    }
    window_close();
}
