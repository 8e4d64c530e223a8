/*
 * IGVM loader: parameters that the file asks the machine for
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "qom/object.h"
#include "hw/acpi/aml-build.h"
#include "hw/acpi/bios-linker-loader.h"
#include "hw/i386/pc.h"
#include "acpi-build.h"
#include "acpi-common.h"
#include "e820_memory_layout.h"
#include "igvm-internal.h"

/* Of an ACPI table's checksum (ACPI 5.2.6) */
#define ACPI_CHECKSUM_OFFSET 9

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

/*
 * The table that firmware gets by fw_cfg. There the firmware's linker computes
 * the checksum; here the table is whole.
 */
static bool fill_madt(IgvmLoader *l, const struct igvm_header *h, Error **errp)
{
    X86MachineState *x86ms = X86_MACHINE(l->machine);
    BIOSLinker *linker = bios_linker_loader_init();
    g_autoptr(GArray) table = g_array_new(false, true, 1);
    uint8_t sum = 0;

    bios_linker_loader_alloc(linker, ACPI_BUILD_TABLE_FILE, table, 64, false);
    acpi_build_madt(table, linker, x86ms, x86ms->oem_id, x86ms->oem_table_id);
    bios_linker_loader_cleanup(linker);
    for (guint i = 0; i < table->len; i++) {
        sum += g_array_index(table, uint8_t, i);
    }
    g_array_index(table, uint8_t, ACPI_CHECKSUM_OFFSET) -= sum;
    return fill(l, h, table->data, table->len, errp);
}

static uint64_t host_property(Object *host, const char *name)
{
    return host ? object_property_get_uint(host, name, NULL) : 0;
}

/*
 * Two ranges: from the end of low RAM to 4 GiB, and the PCI hole above high
 * RAM. What else is in the first one (firmware, memory that the file adds) is
 * known to the file's maker.
 */
static bool fill_mmio_ranges(IgvmLoader *l, const struct igvm_header *h,
                             Error **errp)
{
    X86MachineState *x86ms = X86_MACHINE(l->machine);
    Object *host = acpi_get_i386_pci_host();
    uint64_t start = host_property(host, PCI_HOST_PROP_PCI_HOLE64_START);
    uint64_t end = host_property(host, PCI_HOST_PROP_PCI_HOLE64_END);
    struct igvm_memory_range range[IGVM_MMIO_RANGES] = {
        { x86ms->below_4g_mem_size / IGVM_PAGE_SIZE,
          (4 * GiB - x86ms->below_4g_mem_size) / IGVM_PAGE_SIZE },
        { start / IGVM_PAGE_SIZE, (end - start) / IGVM_PAGE_SIZE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(range); i++) {
        cpu_to_le64s(&range[i].starting_gpa_page_number);
        cpu_to_le64s(&range[i].number_of_pages);
    }
    return fill(l, h, range, sizeof(range), errp);
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
    case IGVM_VHT_MADT:
        return fill_madt(l, h, errp);
    case IGVM_VHT_MMIO_RANGES:
        return fill_mmio_ranges(l, h, errp);
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
