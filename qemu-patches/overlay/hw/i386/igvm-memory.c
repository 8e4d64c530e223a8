/*
 * IGVM loader: memory that the file needs
 *
 * A file may name addresses outside the machine's RAM: firmware below 4 GiB,
 * an SVSM high above everything. RAM is added there, one region per run of
 * adjacent ranges, and not listed in e820: it is no RAM for the guest's OS.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/i386/x86.h"
#include "igvm-internal.h"

/* All added RAM together; a file that asks for more is refused. */
#define IGVM_ADDED_MAX (4 * GiB)

typedef struct IgvmRange {
    uint64_t start, end;
} IgvmRange;

static bool header_range(IgvmLoader *l, const struct igvm_header *h,
                         IgvmRange *r)
{
    uint64_t size;

    switch (h->type) {
    case IGVM_VHT_REQUIRED_MEMORY:
        r->start = h->u.required.gpa;
        size = h->u.required.number_of_bytes;
        break;
    case IGVM_VHT_PAGE_DATA:
        r->start = h->u.page.gpa;
        size = h->u.page.flags & IGVM_PAGE_DATA_2MB ? 2 * MiB : IGVM_PAGE_SIZE;
        break;
    case IGVM_VHT_PARAMETER_INSERT:
        r->start = h->u.insert.gpa;
        size = igvm_area_find(l, h->u.insert.parameter_area_index)->size;
        break;
    default:
        return false;
    }
    r->end = r->start + size;
    return size != 0;
}

static gint compare_ranges(gconstpointer a, gconstpointer b)
{
    const IgvmRange *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

/* All ranges of the file, sorted, touching ones merged. */
static GArray *collect_ranges(IgvmLoader *l, Error **errp)
{
    GArray *ranges = g_array_new(false, false, sizeof(IgvmRange));
    struct igvm_header h;
    struct igvm_iter it;
    IgvmRange r;
    guint n = 0;

    igvm_iter_init(&it, &l->file, l->mask);
    while (igvm_next(&it, &h)) {
        if (h.type == IGVM_VHT_PARAMETER_AREA) {
            igvm_area_add(l, &h, errp);
        }
        if (header_range(l, &h, &r)) {
            g_array_append_val(ranges, r);
        }
    }
    igvm_areas_free(l);
    g_array_sort(ranges, compare_ranges);

    for (guint i = 0; i < ranges->len; i++) {
        IgvmRange *this = &g_array_index(ranges, IgvmRange, i);
        IgvmRange *last = n ? &g_array_index(ranges, IgvmRange, n - 1) : NULL;

        if (last && this->start <= last->end) {
            last->end = MAX(last->end, this->end);
        } else {
            g_array_index(ranges, IgvmRange, n++) = *this;
        }
    }
    g_array_set_size(ranges, n);
    return ranges;
}

static bool add_ram(IgvmLoader *l, const IgvmRange *r, Error **errp)
{
    MemoryRegion *system_memory = get_system_memory();
    uint64_t size = r->end - r->start;
    g_autofree char *name = g_strdup_printf("igvm.%" PRIx64, r->start);
    MemoryRegionSection section;
    MemoryRegion *ram;

    section = memory_region_find(system_memory, r->start, size);
    if (section.mr) {
        error_setg(errp, "IGVM file '%s': memory at 0x%" PRIx64 "-0x%" PRIx64
                   " overlaps '%s'", l->filename, r->start, r->end - 1,
                   memory_region_name(section.mr));
        memory_region_unref(section.mr);
        return false;
    }
    ram = g_new0(MemoryRegion, 1);
    if (!memory_region_init_ram(ram, NULL, name, size, errp)) {
        g_free(ram);
        return false;
    }
    memory_region_add_subregion(system_memory, r->start, ram);
    return !l->cgs || !l->klass->set_guest_state(r->start, NULL, size,
                                                 CGS_PAGE_TYPE_REQUIRED_MEMORY,
                                                 0, errp);
}

/*
 * Split @r by the machine's RAM: what lies inside is there already (the holes
 * below 1 MiB are seen by the host only), the rest is added.
 */
static bool prepare_range(IgvmLoader *l, IgvmRange r, uint64_t *added,
                          Error **errp)
{
    X86MachineState *x86ms = X86_MACHINE(l->machine);
    const IgvmRange ram[] = {
        { 0, x86ms->below_4g_mem_size },
        { x86ms->above_4g_mem_start,
          x86ms->above_4g_mem_start + x86ms->above_4g_mem_size },
    };

    for (size_t i = 0; i < ARRAY_SIZE(ram); i++) {
        if (ram[i].start == ram[i].end || r.end <= ram[i].start ||
            r.start >= ram[i].end) {
            continue;
        }
        if (r.start >= ram[i].start && r.end <= ram[i].end) {
            return true;
        }
        error_setg(errp, "IGVM file '%s' needs memory at 0x%" PRIx64 "-0x%"
                   PRIx64 ", of which the machine's RAM (0x%" PRIx64 "-0x%"
                   PRIx64 ") covers a part: give it more with -m", l->filename,
                   r.start, r.end - 1, ram[i].start, ram[i].end - 1);
        return false;
    }

    *added += r.end - r.start;
    if (*added > IGVM_ADDED_MAX) {
        error_setg(errp, "IGVM file '%s' needs more than %" PRIu64
                   " MiB outside the machine's RAM", l->filename,
                   (uint64_t)(IGVM_ADDED_MAX / MiB));
        return false;
    }
    return add_ram(l, &r, errp);
}

bool igvm_prepare_memory(IgvmLoader *l, Error **errp)
{
    g_autoptr(GArray) ranges = collect_ranges(l, errp);
    uint64_t added = 0;

    for (guint i = 0; i < ranges->len; i++) {
        if (!prepare_range(l, g_array_index(ranges, IgvmRange, i), &added,
                           errp)) {
            return false;
        }
    }
    return true;
}
