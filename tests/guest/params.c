/* SPDX-License-Identifier: MIT */
/* Parameters that other SVSMs' files ask the loader for (IGVM 0x308-0x312): MADT, MMIO ranges, the rest. */
#include "tests/guest/params.h"

#include "tests/guest/guest.h"

#define HEADER_SIZE 36
#define MADT_FIRST 44 /* entries, behind the APIC address and the flags */
#define MADT_LOCAL_APIC 0
#define MADT_IO_APIC 1
#define CPU_MAX 16
#define FOUR_GIB_PAGE 0x100000ull

static const uint8_t *parameter(enum edit_parameter which)
{
    const uint8_t *page = page_map(page_window(),
                                   EDIT_PARAMETERS + which * (uint64_t)PAGE,
                                   PTE_PRIVATE_RW);

    return page + EDIT_PARAMETER_OFFSET;
}

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
           (uint32_t)at[3] << 24;
}

static bool is_zero(const uint8_t *at, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (at[i] != 0) {
            return false;
        }
    }
    return true;
}

struct madt {
    unsigned cpus, io_apics;
    uint32_t ids; /* APIC ids of CPUs that are there, one bit each */
    bool whole;
};

/* ACPI 5.2.12: entries of type and length, to the end of the table. */
static struct madt madt_walk(const uint8_t *table, uint32_t size)
{
    struct madt m = { .whole = true };
    uint32_t at = MADT_FIRST;

    while (at + 2 <= size && table[at + 1] >= 2 && at + table[at + 1] <= size) {
        const uint8_t *e = table + at;

        if (e[0] == MADT_LOCAL_APIC && (get32(e + 4) & 1)) {
            m.cpus++;
            m.ids |= e[3] < 32 ? 1u << e[3] : 0;
        } else if (e[0] == MADT_IO_APIC && get32(e + 4) == 0xfec00000) {
            m.io_apics++;
        }
        at += e[1];
    }
    m.whole = at == size;
    return m;
}

static void check_madt(void)
{
    const struct svsm_general_params *general = (void *)SVSM_GENERAL_PARAMS_GPA;
    const uint8_t *table = parameter(EDIT_MADT);
    uint32_t size = get32(table + 4);
    uint8_t sum = 0;
    struct madt m;

    report(is_zero(table - EDIT_PARAMETER_OFFSET, EDIT_PARAMETER_OFFSET),
           "what is before the offset stays zero");
    report(memcmp(table, "APIC", 4) == 0, "MADT: signature");
    report(size > MADT_FIRST && size < PAGE - EDIT_PARAMETER_OFFSET,
           "MADT: %u bytes", size);
    if (size >= PAGE - EDIT_PARAMETER_OFFSET) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        sum += table[i];
    }
    report(sum == 0, "MADT: checksum");
    report(is_zero(table + size, PAGE - EDIT_PARAMETER_OFFSET - size),
           "MADT: nothing behind it");
    report(get32(table + HEADER_SIZE) == 0xfee00000, "MADT: local APICs");
    m = madt_walk(table, size);
    report(m.whole, "MADT: its entries end where it ends");
    report(m.cpus == general->vp_count && m.cpus > 1, "MADT: %u CPUs", m.cpus);
    report(m.ids == (1u << m.cpus) - 1, "MADT: APIC ids %x", m.ids);
    report(m.io_apics == 1, "MADT: the I/O APIC");
}

static uint64_t low_ram_end(void)
{
    const struct igvm_memory_map_entry *map = (void *)SVSM_MEMORY_MAP_GPA;
    uint64_t end = 0;

    for (unsigned i = 0; i < 128 && map[i].number_of_pages; i++) {
        uint64_t last = map[i].starting_gpa_page_number +
                        map[i].number_of_pages;

        if (map[i].entry_type == IGVM_MEMORY_RAM && last <= FOUR_GIB_PAGE &&
            last > end) {
            end = last;
        }
    }
    return end;
}

static void check_mmio(void)
{
    const uint8_t *at = parameter(EDIT_MMIO_RANGES);
    const struct igvm_memory_range *range = (const void *)at;
    uint32_t used = IGVM_MMIO_RANGES * sizeof(*range);

    report(range[0].starting_gpa_page_number == low_ram_end(),
           "MMIO: the first range begins behind RAM");
    report(range[0].starting_gpa_page_number + range[0].number_of_pages ==
               FOUR_GIB_PAGE,
           "MMIO: and ends at 4 GiB");
    report(range[1].starting_gpa_page_number >= FOUR_GIB_PAGE &&
               range[1].number_of_pages > 0,
           "MMIO: the second one is above 4 GiB: %lx pages from %lx on",
           range[1].number_of_pages, range[1].starting_gpa_page_number);
    report(is_zero(at + used, PAGE - EDIT_PARAMETER_OFFSET - used),
           "MMIO: nothing behind them");
}

void guest_main(void)
{
    static const enum edit_parameter empty[] = {
        EDIT_COMMAND_LINE, EDIT_SRAT, EDIT_SLIT, EDIT_PPTT, EDIT_DEVICE_TREE,
    };

    check_madt();
    check_mmio();
    for (unsigned i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        report(is_zero(parameter(empty[i]) - EDIT_PARAMETER_OFFSET, PAGE),
               "parameter %u: none on this machine", empty[i]);
    }
}
