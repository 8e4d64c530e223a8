/*
 * IGVM loader: parameters that the file asks the machine for
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "e820_memory_layout.h"
#include "igvm-internal.h"

bool igvm_area_add(IgvmLoader *l, const struct igvm_header *h, Error **errp)
{
    IgvmArea *area = &l->area[l->area_count++];

    area->index = h->u.area.parameter_area_index;
    area->size = h->u.area.number_of_bytes;
    area->data = g_malloc0(area->size);
    if (h->data) {
        memcpy(area->data, h->data, MIN(h->data_size, area->size));
    }
    return true;
}

IgvmArea *igvm_area_find(IgvmLoader *l, uint32_t index)
{
    for (unsigned i = 0; i < l->area_count; i++) {
        if (l->area[i].index == index) {
            return &l->area[i];
        }
    }
    g_assert_not_reached();
}

void igvm_areas_free(IgvmLoader *l)
{
    for (unsigned i = 0; i < l->area_count; i++) {
        g_free(l->area[i].data);
    }
    l->area_count = 0;
}

static bool fill(IgvmLoader *l, const struct igvm_header *h, const void *data,
                 size_t size, Error **errp)
{
    const struct igvm_parameter *p = &h->u.parameter;
    IgvmArea *area = igvm_area_find(l, p->parameter_area_index);

    if (p->byte_offset > area->size || size > area->size - p->byte_offset) {
        error_setg(errp, "IGVM file '%s': %s at 0x%x: %zu bytes do not fit "
                   "into parameter area %u", l->filename,
                   igvm_type_name(h->type), h->offset, size, area->index);
        return false;
    }
    memcpy(area->data + p->byte_offset, data, size);
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    const struct igvm_memory_map_entry *x = a, *y = b;

    return x->starting_gpa_page_number < y->starting_gpa_page_number ? -1 :
           x->starting_gpa_page_number > y->starting_gpa_page_number;
}

static bool fill_memory_map(IgvmLoader *l, const struct igvm_header *h,
                            Error **errp)
{
    struct e820_entry *table;
    int count = e820_get_table(&table), n = 0;
    /* One more: an entry without pages ends the map. */
    g_autofree struct igvm_memory_map_entry *map =
        g_new0(struct igvm_memory_map_entry, count + 1);

    for (int i = 0; i < count; i++) {
        uint64_t start = le64_to_cpu(table[i].address);
        uint64_t size = le64_to_cpu(table[i].length);
        bool ram = le32_to_cpu(table[i].type) == E820_RAM;

        map[n].starting_gpa_page_number = start / IGVM_PAGE_SIZE;
        map[n].number_of_pages = size / IGVM_PAGE_SIZE;
        map[n].entry_type = ram ? IGVM_MEMORY_RAM : IGVM_MEMORY_RESERVED;
        if (map[n].number_of_pages) {
            n++;
        }
    }
    memset(&map[n], 0, sizeof(map[n]));
    qsort(map, n, sizeof(*map), compare_entries);
    return fill(l, h, map, (n + 1) * sizeof(*map), errp);
}

bool igvm_fill_parameter(IgvmLoader *l, const struct igvm_header *h,
                         Error **errp)
{
    const char *cmdline = l->machine->kernel_cmdline ?: "";
    uint32_t value;

    switch (h->type) {
    case IGVM_VHT_VP_COUNT:
        value = cpu_to_le32(l->machine->smp.cpus);
        return fill(l, h, &value, sizeof(value), errp);
    case IGVM_VHT_ENVIRONMENT_INFO:
        /* Memory that the file does not list starts private. */
        value = 0;
        return fill(l, h, &value, sizeof(value), errp);
    case IGVM_VHT_MEMORY_MAP:
        return fill_memory_map(l, h, errp);
    case IGVM_VHT_COMMAND_LINE:
        return fill(l, h, cmdline, strlen(cmdline) + 1, errp);
    case IGVM_VHT_SRAT:
    case IGVM_VHT_SLIT:
    case IGVM_VHT_PPTT:
    case IGVM_VHT_DEVICE_TREE:
        return true;           /* no such table: it stays empty */
    default:
        error_setg(errp, "IGVM file '%s': %s at 0x%x is not supported",
                   l->filename, igvm_type_name(h->type), h->offset);
        return false;
    }
}
