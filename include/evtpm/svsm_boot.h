/* SPDX-License-Identifier: MIT */
/*
 * What the IGVM builder leaves for the code that starts at VMPL0 (the SVSM, or a tiny test guest):
 * one measured page that says where everything else is. Ours; no specification.
 *
 * Layout of the region, offsets from SVSM_BASE (virtual address = GPA, all private but the GHCB):
 *
 *   0000  boot info (measured)            3000  parameter area 0: IGVM memory map
 *   1000  CPUID page                      4000  parameter area 1: VP count at +0, environment at +4
 *   2000  secrets page                    5000  GHCB: mapped C=0, in no file, private until the
 *   6000  unmapped guard to 10000               guest issues a page state change
 *  10000  the ELF image at its linked addresses (W^X as its PT_LOADs say), then page aligned:
 *         the vTPM ELF file's bytes (read-only), page tables, and the heap up to the end of the
 *         region: mapped read-write no-execute, private, NOT validated.
 *
 * Mapped read-only: boot info, CPUID page, parameter areas, vTPM bytes. Read-write: secrets page,
 * GHCB, page tables. All but the program's code is no-execute; only 4 KiB leaves are used.
 *
 * Start state (VMSA, VMPL0): 64-bit mode, CR3 = page tables with the C-bit at every level,
 * EFER = SVME|NXE|LMA|LME, CR0 = PE|ET|NE|WP|PG, CR4 = PAE|MCE|OSFXSR|OSXMMEXCPT, flat CPL0 segments,
 * RIP = ELF entry, RSP = 0, RDI = GPA of the boot info, interrupts off, IDTR empty.
 */
#ifndef EVTPM_SVSM_BOOT_H
#define EVTPM_SVSM_BOOT_H

#include "evtpm/abi.h"

#define SVSM_BASE 0x8000000000ull
#define SVSM_REGION_SIZE 0x2000000ull /* 32 MiB */
#define SVSM_BOOT_INFO_GPA (SVSM_BASE + 0x0000)
#define SVSM_CPUID_GPA (SVSM_BASE + 0x1000)
#define SVSM_SECRETS_GPA (SVSM_BASE + 0x2000)
#define SVSM_MEMORY_MAP_GPA (SVSM_BASE + 0x3000)
#define SVSM_GENERAL_PARAMS_GPA (SVSM_BASE + 0x4000)
#define SVSM_GHCB_GPA (SVSM_BASE + 0x5000)
#define SVSM_IMAGE_GPA (SVSM_BASE + 0x10000)

#define SVSM_BOOT_MAGIC 0x4d53565356455631ull
#define SVSM_BOOT_VERSION 1u
#define SVSM_FW_RANGE_MAX 16

/* The range for kernel hashes was launched with them: it is measured, validated, and stays as it is. */
#define SVSM_BOOT_KERNEL_HASHES (1u << 0)

/* OVMF's SEV metadata, as it stands in the image ('ASEV' table) */
#define OVMF_SEC_MEM 0x1u
#define OVMF_SECRETS 0x2u
#define OVMF_CPUID 0x3u
#define OVMF_SVSM_CAA 0x4u
#define OVMF_KERNEL_HASHES 0x10u

struct svsm_fw_range {
    uint64_t base;
    uint32_t size;
    uint32_t type;
};
EVTPM_SIZE(struct svsm_fw_range, 16);

struct svsm_boot_info {
    uint64_t magic;
    uint32_t version;
    uint32_t guest_vmpl;
    uint64_t region_base;
    uint64_t region_size;
    uint64_t image_base; /* ELF image, from the lowest to the highest PT_LOAD */
    uint64_t image_size;
    uint64_t vtpm_base; /* the vTPM ELF file; size 0: none */
    uint64_t vtpm_size;
    uint64_t page_table_base;
    uint64_t page_table_size;
    uint64_t heap_base;
    uint64_t heap_size;
    uint64_t fw_base; /* firmware image, launched as measured pages; size 0: none */
    uint64_t fw_size;
    uint64_t fw_entry; /* GPA of the reset vector */
    uint64_t policy;
    uint32_t fw_range_count;
    uint32_t flags; /* SVSM_BOOT_* */
    struct svsm_fw_range fw_range[SVSM_FW_RANGE_MAX];
    uint8_t rsvd_188[4096 - 0x188];
};
EVTPM_SIZE(struct svsm_boot_info, 4096);
EVTPM_OFFSET(struct svsm_boot_info, heap_base, 0x50);
EVTPM_OFFSET(struct svsm_boot_info, fw_range, 0x88);

struct svsm_general_params {
    uint32_t vp_count;
    uint32_t environment; /* IGVM_ENVIRONMENT_* */
};
EVTPM_SIZE(struct svsm_general_params, 8);

#endif
