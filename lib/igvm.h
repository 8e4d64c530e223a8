/* SPDX-License-Identifier: MIT */
/*
 * Reader of IGVM files. igvm_open() checks the whole file once: container, checksum, order,
 * lengths, reserved fields, masks, addresses, parameter areas, overlaps. What it accepts can be
 * iterated without further failure, and nothing is copied: file data stay in the caller's buffer.
 */
#ifndef EVTPM_LIB_IGVM_H
#define EVTPM_LIB_IGVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "evtpm/igvm.h"
#include "lib/error.h"

#define IGVM_PAGE_SIZE 4096u
#define IGVM_PLATFORM_MAX 32u
/* Parameter areas of one file, and the size of one: bounds what a loader must allocate. */
#define IGVM_AREA_MAX 64u
#define IGVM_AREA_SIZE_MAX 0x1000000u

struct igvm_file {
    const uint8_t *data; /* the caller's; must outlive the iteration */
    uint32_t size;
    uint32_t version;
    uint32_t headers_offset; /* variable headers: [headers_offset, headers_end) */
    uint32_t headers_end;
    uint32_t platform_count;
    struct igvm_supported_platform platform[IGVM_PLATFORM_MAX];
};

/* One variable header with its content copied out, and a view of its file data. */
struct igvm_header {
    uint32_t type;   /* IGVM_VHT_*, without IGVM_VHT_OPTIONAL */
    uint32_t offset; /* of the variable header in the file, for messages */
    uint32_t compatibility_mask; /* all ones for types that carry none */
    /* File data: NULL when file_offset is 0 (zero contents). */
    const uint8_t *data;
    uint32_t data_size;
    union {
        struct igvm_supported_platform platform;
        struct igvm_guest_policy policy;
        struct igvm_parameter_area area;
        struct igvm_page_data page; /* data_size: 4 KiB, or 2 MiB with the 2MB flag */
        struct igvm_parameter_insert insert;
        struct igvm_vp_context vp; /* data_size: up to 4 KiB, the rest is zero */
        struct igvm_required_memory required;
        struct igvm_parameter parameter; /* VP_COUNT, MEMORY_MAP, ... */
        struct igvm_error_range error_range;
        struct igvm_snp_id_block id_block;
        uint8_t raw[864];
    } u;
};

/*
 * Checks `size` bytes at `data` as one IGVM file (format 1 or 2, x64). Returns 0, or -1 with a
 * text that says offset, header and what is wrong. No memory is kept.
 */
int igvm_open(const void *data, size_t size, struct igvm_file *file,
              struct evtpm_error *err);

/* Compatibility mask bit of a platform (IGVM_PLATFORM_*); 0 when the file does not support it. */
uint32_t igvm_platform_mask(const struct igvm_file *file, uint8_t type);

struct igvm_iter {
    const struct igvm_file *file;
    uint32_t offset;
    uint32_t mask;
};

/* Starts over all headers, in file order, that apply to a platform in `mask` (~0u: all). */
void igvm_iter_init(struct igvm_iter *it, const struct igvm_file *file,
                    uint32_t mask);

/* The next header; false at the end. Optional headers of unknown type are passed over. */
bool igvm_next(struct igvm_iter *it, struct igvm_header *out);

/* Name as in the specification, e.g. "PAGE_DATA"; NULL for an unknown type. */
const char *igvm_type_name(uint32_t type);
const char *igvm_platform_name(uint8_t type);

/* CRC-32 (IEEE 802.3) of the concatenation; start with crc 0. */
uint32_t igvm_crc32(uint32_t crc, const void *data, size_t size);

/* Prints the file for people, runs of like pages merged into one line. */
void igvm_show(const struct igvm_file *file, FILE *out);

#endif
