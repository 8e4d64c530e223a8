/* SPDX-License-Identifier: MIT */
/* Private and shared memory: two different things behind one guest-physical address. */
#include "tests/guest/guest.h"

static void check_alias(void)
{
    volatile uint64_t *page = page_alloc();
    volatile uint64_t *alias = page_map(page_window(), (uint64_t)page,
                                        PTE_PRIVATE_RW);

    page[0] = 0x1234;
    alias[1] = 0x5678;
    report(alias[0] == 0x1234 && page[1] == 0x5678,
           "two private mappings show the same memory");
}

static void read_byte(void *va)
{
    (void)*(volatile uint8_t *)va;
}

static void check_conversion(void)
{
    volatile uint64_t *page = page_alloc();
    bool kept = false;

    page[0] = 0xdeadbeefdeadbeef;
    page_share((void *)page);
    report(page[0] == 0, "private contents do not show in the shared page");
    page[0] = 0x5a5a5a5a5a5a5a5a;
    report(psc((uint64_t)page, GHCB_PSC_PRIVATE) == 0, "back to private");
    page_map((void *)page, (uint64_t)page, PTE_PRIVATE_RW);
    report_vc(read_byte, (void *)page, SVM_EXIT_PAGE_NOT_VALIDATED,
              "a converted page is not validated");
    report(pvalidate(page, false, true).eax == SNP_OK, "it can be validated");
    for (unsigned int i = 0; i < PAGE / 8; i++) {
        kept = kept || page[i] == 0xdeadbeefdeadbeef ||
               page[i] == 0x5a5a5a5a5a5a5a5a;
    }
    report(!kept, "neither the private nor the shared contents are left");
}

/*
 * A shared access to a private page: as KVM's hosts do, the page is made shared at once. What the
 * guest had there is gone, and the host has not seen it.
 */
static void check_implicit(void)
{
    volatile uint64_t *page = page_alloc();
    volatile uint64_t *alias = page_map(page_window(), (uint64_t)page,
                                        PTE_SHARED_RW);

    page[0] = 0xfeedfacefeedface;
    report(alias[0] != 0xfeedfacefeedface,
           "a shared access to a private page does not see its contents");
    alias[0] = 5;
    report(alias[0] == 5, "the page is shared now");
    report(psc((uint64_t)page, GHCB_PSC_PRIVATE) == 0, "back to private");
    report_vc(read_byte, (void *)page, SVM_EXIT_PAGE_NOT_VALIDATED,
              "the conversion has undone its validation");
    report(pvalidate(page, false, true).eax == SNP_OK &&
               page[0] != 0xfeedfacefeedface && page[0] != 5,
           "and dropped both contents");
}

/* RAM of the machine, not of the region that the IGVM file adds. */
static void check_machine_ram(void)
{
    volatile uint64_t *low = page_map(page_window(), 0x100000, PTE_PRIVATE_RW);
    volatile uint64_t *bios = page_map(page_window(), 0xc0000, PTE_PRIVATE_RW);

    report_vc(read_byte, (void *)low, SVM_EXIT_PAGE_NOT_VALIDATED,
              "machine RAM is private and not validated");
    report(pvalidate(low, false, true).eax == SNP_OK &&
               pvalidate(bios, false, true).eax == SNP_OK,
           "it can be validated, the hole below 1 MiB too");
    low[0] = 77;
    bios[0] = 78;
    report(low[0] == 77 && bios[0] == 78, "and holds what is written");
}

static int add_one(int x)
{
    return x + 1;
}

/* Fetches are private whatever the C-bit says: data there are the shared page's. */
static void check_fetch(void)
{
    uint8_t *page = page_alloc(), *window = page_window();
    int (*fn)(int) = (int (*)(int))(uint64_t)window;

    memcpy(page, (void *)(uint64_t)add_one, 64);
    page_map(window, (uint64_t)page, PTE_P | SNP_CBIT);
    report(fn(41) == 42, "code runs from a private page");
    page_map(window, (uint64_t)page, PTE_P);
    report(fn(41) == 42, "and from a mapping without C-bit, fetched private");
}

/* Code that changes under another mapping is run as it is now. */
static void check_self_modification(void)
{
    uint8_t *page = page_alloc(), *window = page_window();
    int (*fn)(void) = (int (*)(void))(uint64_t)window;
    bool good = true;

    page[0] = 0xb8; /* mov $n, %eax; ret */
    page[5] = 0xc3;
    page_map(window, (uint64_t)page, PTE_P | SNP_CBIT);
    for (uint8_t i = 1; i < 4; i++) {
        *(volatile uint8_t *)(page + 1) = i;
        good = good && fn() == i;
    }
    report(good, "code changed through another mapping is seen");
}

/* A table entry's C-bit is no address bit; a table without it is read private all the same. */
static void check_table_cbit(void)
{
    volatile uint64_t *page = page_alloc();
    volatile uint64_t *table = (uint64_t *)(boot->page_table_base + 2 * PAGE);
    uint64_t old = table[0], cr3;

    page[0] = 99;
    table[0] = old & ~SNP_CBIT;
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
    report(page[0] == 99, "a table entry without C-bit leads to the same table");
    table[0] = old;
    __asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

void guest_main(void)
{
    check_alias();
    check_conversion();
    check_implicit();
    check_machine_ram();
    check_fetch();
    check_self_modification();
    check_table_cbit();
}
