/* SPDX-License-Identifier: MIT */
/* The guest's memory. The host's word for it is harmless: a page that is not
 * there fails to validate, and the SVSM's own region is taken out whatever the
 * map says. Compiles on the host too. */
#include "svsm/memmap.h"

#include "evtpm/snp.h"

#define GPA_LIMIT SNP_CBIT

bool memmap_add(struct memmap *map, uint64_t base, uint64_t size)
{
    if (base > GPA_LIMIT || size > GPA_LIMIT - base ||
        map->count == MEMMAP_RANGES_MAX) {
        return false;
    }
    map->range[map->count++] = (struct memmap_range){ base, base + size };
    return true;
}

bool memmap_init(struct memmap *map, const struct igvm_memory_map_entry *entry,
                 size_t n, uint64_t svsm_base, uint64_t svsm_size)
{
    *map = (struct memmap){ .svsm = { svsm_base, svsm_base + svsm_size } };
    for (size_t i = 0; i < n && entry[i].number_of_pages != 0; i++) {
        uint64_t page = entry[i].starting_gpa_page_number;
        uint64_t pages = entry[i].number_of_pages;

        if (entry[i].entry_type != IGVM_MEMORY_RAM) {
            continue;
        }
        if (page > GPA_LIMIT / SNP_PAGE_SIZE ||
            pages > GPA_LIMIT / SNP_PAGE_SIZE ||
            !memmap_add(map, page * SNP_PAGE_SIZE, pages * SNP_PAGE_SIZE)) {
            return false;
        }
    }
    return true;
}

/* Adjacent entries count as one: walk from range to range. */
bool memmap_is_guest(const struct memmap *map, uint64_t gpa, uint64_t size)
{
    uint64_t end = gpa + size;
    bool moved = true;

    if (end < gpa || size == 0 ||
        (gpa < map->svsm.end && end > map->svsm.base)) {
        return false;
    }
    while (gpa < end && moved) {
        moved = false;
        for (unsigned i = 0; i < map->count; i++) {
            const struct memmap_range *r = &map->range[i];

            if (gpa >= r->base && gpa < r->end) {
                gpa = r->end;
                moved = true;
            }
        }
    }
    return gpa >= end;
}

uint64_t memmap_total(const struct memmap *map)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < map->count; i++) {
        total += map->range[i].end - map->range[i].base;
    }
    return total;
}
