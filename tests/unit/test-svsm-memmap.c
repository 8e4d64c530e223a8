/* SPDX-License-Identifier: MIT */
/* Guest physical addresses: which are the guest's. */
#include <glib.h>

#include "evtpm/snp.h"
#include "svsm/memmap.h"

#define SVSM 0x8000000000ull
#define SVSM_SIZE 0x2000000ull
#define GIB 0x40000000ull

static const struct igvm_memory_map_entry host_map[] = {
    { 0x0, 0x80000, IGVM_MEMORY_RAM, 0, 0 },            /* 0 .. 2G */
    { 0xb0000, 0x10000, IGVM_MEMORY_RESERVED, 0, 0 },   /* MMCONFIG */
    { 0x100000, 0x40000, IGVM_MEMORY_RAM, 0, 0 },       /* 4G .. 5G */
    { 0x140000, 0x40000, IGVM_MEMORY_RAM, 0, 0 },       /* 5G .. 6G */
    { 0x7ffff00, 0x10000, IGVM_MEMORY_RAM, 0, 0 },      /* lies over the SVSM */
    { 0, 0, 0, 0, 0 },
    { 0x200000, 0x1000, IGVM_MEMORY_RAM, 0, 0 },        /* behind the end */
};

static void test_ranges(void)
{
    static const struct {
        guint64 gpa, size;
        gboolean guest;
    } rows[] = {
        { 0, 4096, TRUE },
        { 2 * GIB - 4096, 4096, TRUE },
        { 2 * GIB - 4096, 8192, FALSE },
        { 2 * GIB, 4096, FALSE },
        { 0xb0000000, 4096, FALSE },
        { 4 * GIB, 2 * GIB, TRUE }, /* across two entries */
        { 5 * GIB - 4096, 8192, TRUE },
        { 6 * GIB - 4096, 8192, FALSE },
        { 8 * GIB, 4096, FALSE },
        { SVSM - 4096, 4096, TRUE },
        { SVSM - 4096, 8192, FALSE },
        { SVSM, 4096, FALSE },
        { SVSM + SVSM_SIZE - 4096, 4096, FALSE },
        { SVSM + SVSM_SIZE, 4096, TRUE },
        { 0xffc00000, 0x400000, TRUE }, /* firmware */
        { 0xffbff000, 0x2000, FALSE },
        { 0, 0, FALSE },
        { UINT64_MAX - 4095, 4096, FALSE },
        { UINT64_MAX - 4095, 8192, FALSE },
        { SNP_CBIT, 4096, FALSE },
    };
    struct memmap map;

    g_assert_true(memmap_init(&map, host_map, G_N_ELEMENTS(host_map), SVSM,
                              SVSM_SIZE));
    g_assert_true(memmap_add(&map, 0xffc00000, 0x400000));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_message("%" G_GINT64_MODIFIER "x+%" G_GINT64_MODIFIER "x",
                       rows[i].gpa, rows[i].size);
        g_assert_cmpint(memmap_is_guest(&map, rows[i].gpa, rows[i].size), ==,
                        rows[i].guest);
    }
}

static void test_hostile(void)
{
    const struct igvm_memory_map_entry beyond[] = {
        { SNP_CBIT / 4096, 1, IGVM_MEMORY_RAM, 0, 0 },
    };
    const struct igvm_memory_map_entry wraps[] = {
        { 1, UINT64_MAX / 4096, IGVM_MEMORY_RAM, 0, 0 },
    };
    struct igvm_memory_map_entry many[MEMMAP_RANGES_MAX + 1];
    struct memmap map;

    g_assert_false(memmap_init(&map, beyond, 1, SVSM, SVSM_SIZE));
    g_assert_false(memmap_init(&map, wraps, 1, SVSM, SVSM_SIZE));
    for (gsize i = 0; i < G_N_ELEMENTS(many); i++) {
        many[i] = (struct igvm_memory_map_entry){ i * 2, 1, 0, 0, 0 };
    }
    g_assert_true(
        memmap_init(&map, many, MEMMAP_RANGES_MAX, SVSM, SVSM_SIZE));
    g_assert_false(
        memmap_init(&map, many, MEMMAP_RANGES_MAX + 1, SVSM, SVSM_SIZE));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/memmap/ranges", test_ranges);
    g_test_add_func("/svsm/memmap/hostile", test_hostile);
    return g_test_run();
}
