/* SPDX-License-Identifier: MIT */
/* Which guest physical addresses are the guest's: RAM by the IGVM memory map,
 * and the firmware. */
#ifndef SVSM_MEMMAP_H
#define SVSM_MEMMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evtpm/igvm.h"

#define MEMMAP_RANGES_MAX 34

struct memmap_range {
    uint64_t base;
    uint64_t end;
};

struct memmap {
    struct memmap_range range[MEMMAP_RANGES_MAX];
    unsigned count;
    struct memmap_range svsm;
};

/*
 * Reads the host's map: at most @n entries, ended by one of 0 pages. What is
 * not memory is left out. False: an address beyond the C-bit, or too many
 * ranges.
 */
bool memmap_init(struct memmap *map, const struct igvm_memory_map_entry *entry,
                 size_t n, uint64_t svsm_base, uint64_t svsm_size);

/* Adds a range that the map need not list (the firmware's image). */
bool memmap_add(struct memmap *map, uint64_t base, uint64_t size);

/* Does all of [gpa, gpa + size) belong to the guest? */
bool memmap_is_guest(const struct memmap *map, uint64_t gpa, uint64_t size);

/* Bytes in all ranges; for people. */
uint64_t memmap_total(const struct memmap *map);

#endif
