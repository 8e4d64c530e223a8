/* SPDX-License-Identifier: MIT */
/* IGVM file format: the igvm_defs definitions of microsoft/igvm. All integers little-endian. */
#ifndef EVTPM_IGVM_H
#define EVTPM_IGVM_H

#include "evtpm/abi.h"

#define IGVM_MAGIC 0x4d564749u /* 'IGVM' */
#define IGVM_FORMAT_V1 1u
#define IGVM_FORMAT_V2 2u

struct igvm_fixed_header {
    uint32_t magic;
    uint32_t format_version;
    uint32_t variable_header_offset;
    uint32_t variable_header_size;
    uint32_t total_file_size;
    uint32_t checksum; /* CRC-32 of the fixed header with this 0, then all variable headers */
};
EVTPM_SIZE(struct igvm_fixed_header, 24);

struct igvm_fixed_header_v2 {
    struct igvm_fixed_header v1;
    uint32_t architecture; /* 0 x64, 1 AArch64 */
    uint32_t page_size;
};
EVTPM_SIZE(struct igvm_fixed_header_v2, 32);

/* Each variable header is 8-byte aligned; length counts the content only. */
struct igvm_vhs {
    uint32_t type;
    uint32_t length;
};
EVTPM_SIZE(struct igvm_vhs, 8);
#define IGVM_VHT_OPTIONAL (1u << 31)

#define IGVM_VHT_SUPPORTED_PLATFORM 0x001u
#define IGVM_VHT_GUEST_POLICY 0x101u
#define IGVM_VHT_RELOCATABLE_REGION 0x102u
#define IGVM_VHT_PAGE_TABLE_RELOCATION 0x103u
#define IGVM_VHT_CORIM_DOCUMENT 0x104u
#define IGVM_VHT_CORIM_SIGNATURE 0x105u
#define IGVM_VHT_CCA_POLICY 0x106u
#define IGVM_VHT_PARAMETER_AREA 0x301u
#define IGVM_VHT_PAGE_DATA 0x302u
#define IGVM_VHT_PARAMETER_INSERT 0x303u
#define IGVM_VHT_VP_CONTEXT 0x304u
#define IGVM_VHT_REQUIRED_MEMORY 0x305u
#define IGVM_VHT_VP_COUNT 0x307u
#define IGVM_VHT_SRAT 0x308u
#define IGVM_VHT_MADT 0x309u
#define IGVM_VHT_MMIO_RANGES 0x30au
#define IGVM_VHT_SNP_ID_BLOCK 0x30bu
#define IGVM_VHT_MEMORY_MAP 0x30cu
#define IGVM_VHT_ERROR_RANGE 0x30du
#define IGVM_VHT_COMMAND_LINE 0x30eu
#define IGVM_VHT_SLIT 0x30fu
#define IGVM_VHT_PPTT 0x310u
#define IGVM_VHT_VBS_MEASUREMENT 0x311u
#define IGVM_VHT_DEVICE_TREE 0x312u
#define IGVM_VHT_ENVIRONMENT_INFO 0x313u

#define IGVM_PLATFORM_NATIVE 0u
#define IGVM_PLATFORM_VSM 1u
#define IGVM_PLATFORM_SEV_SNP 2u
#define IGVM_PLATFORM_TDX 3u
#define IGVM_PLATFORM_SEV 4u
#define IGVM_PLATFORM_SEV_ES 5u

struct igvm_supported_platform {
    uint32_t compatibility_mask;
    uint8_t highest_vtl;
    uint8_t platform_type;
    uint16_t platform_version; /* 1 */
    uint64_t shared_gpa_boundary;
};
EVTPM_SIZE(struct igvm_supported_platform, 16);

struct igvm_guest_policy {
    uint64_t policy;
    uint32_t compatibility_mask;
    uint32_t rsvd_0c;
};
EVTPM_SIZE(struct igvm_guest_policy, 16);

struct igvm_parameter_area {
    uint64_t number_of_bytes; /* multiple of a page */
    uint32_t parameter_area_index;
    uint32_t file_offset;
};
EVTPM_SIZE(struct igvm_parameter_area, 16);

#define IGVM_PAGE_DATA_2MB (1u << 0)
#define IGVM_PAGE_DATA_UNMEASURED (1u << 1)
#define IGVM_PAGE_DATA_SHARED (1u << 2)
#define IGVM_PAGE_TYPE_NORMAL 0u
#define IGVM_PAGE_TYPE_SECRETS 1u
#define IGVM_PAGE_TYPE_CPUID_DATA 2u
#define IGVM_PAGE_TYPE_CPUID_XF 3u
struct igvm_page_data {
    uint64_t gpa;
    uint32_t compatibility_mask;
    uint32_t file_offset; /* 0: a zero page */
    uint32_t flags;
    uint16_t data_type;
    uint16_t rsvd_16;
};
EVTPM_SIZE(struct igvm_page_data, 24);

struct igvm_parameter_insert {
    uint64_t gpa;
    uint32_t compatibility_mask;
    uint32_t parameter_area_index;
};
EVTPM_SIZE(struct igvm_parameter_insert, 16);

/* 20 bytes on file; sizeof may be padded, so the size constant counts. */
struct igvm_vp_context {
    uint64_t gpa;
    uint32_t compatibility_mask;
    uint32_t file_offset;
    uint16_t vp_index;
    uint16_t rsvd_12;
} EVTPM_PACKED;
EVTPM_SIZE(struct igvm_vp_context, 20);

struct igvm_required_memory {
    uint64_t gpa;
    uint32_t compatibility_mask;
    uint32_t number_of_bytes;
    uint32_t flags;
    uint32_t rsvd_14;
};
EVTPM_SIZE(struct igvm_required_memory, 24);

/* VP_COUNT, SRAT, MADT, MMIO_RANGES, MEMORY_MAP, COMMAND_LINE, ..., ENVIRONMENT_INFO */
struct igvm_parameter {
    uint32_t parameter_area_index;
    uint32_t byte_offset;
};
EVTPM_SIZE(struct igvm_parameter, 8);

struct igvm_error_range {
    uint64_t gpa;
    uint32_t compatibility_mask;
    uint32_t size_bytes;
};
EVTPM_SIZE(struct igvm_error_range, 16);

struct igvm_snp_sig {
    uint8_t r[72];
    uint8_t s[72];
};
EVTPM_SIZE(struct igvm_snp_sig, 144);

struct igvm_snp_key {
    uint32_t curve;
    uint32_t rsvd_4;
    uint8_t qx[72];
    uint8_t qy[72];
};
EVTPM_SIZE(struct igvm_snp_key, 152);

struct igvm_snp_id_block {
    uint32_t compatibility_mask;
    uint8_t author_key_enabled;
    uint8_t rsvd_05[3];
    uint8_t ld[48];
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint32_t version;
    uint32_t guest_svn;
    uint32_t id_key_algorithm;
    uint32_t author_key_algorithm;
    struct igvm_snp_sig id_key_signature;
    struct igvm_snp_key id_public_key;
    struct igvm_snp_sig author_key_signature;
    struct igvm_snp_key author_public_key;
};
EVTPM_SIZE(struct igvm_snp_id_block, 696);
EVTPM_OFFSET(struct igvm_snp_id_block, ld, 8);
EVTPM_OFFSET(struct igvm_snp_id_block, id_key_signature, 104);

/* Parameter contents */
#define IGVM_MEMORY_RAM 0u
#define IGVM_MEMORY_RESERVED 1u
struct igvm_memory_map_entry {
    uint64_t starting_gpa_page_number;
    uint64_t number_of_pages; /* 0 ends the map */
    uint16_t entry_type;
    uint16_t flags;
    uint32_t rsvd_14;
};
EVTPM_SIZE(struct igvm_memory_map_entry, 24);

struct igvm_memory_range {
    uint64_t starting_gpa_page_number;
    uint64_t number_of_pages;
};
EVTPM_SIZE(struct igvm_memory_range, 16);
#define IGVM_MMIO_RANGES 2u /* what MMIO_RANGES writes: as many of the above */

#define IGVM_ENVIRONMENT_MEMORY_IS_SHARED (1u << 0)

#endif
