/* SPDX-License-Identifier: MIT */
/* Test guests: memory of the region above the image, and its page tables. */
#include "tests/guest/guest.h"

static uint64_t next_page, next_large;

void *memset(void *to, int value, size_t size)
{
    void *start = to;

    __asm__ volatile("rep stosb"
                     : "+D"(to), "+c"(size)
                     : "a"(value)
                     : "memory");
    return start;
}

void *memcpy(void *to, const void *from, size_t size)
{
    void *start = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i]) {
            return x[i] - y[i];
        }
    }
    return 0;
}

void *page_raw(void)
{
    if (next_page == 0) {
        next_page = boot->heap_base;
    }
    if (next_page % SNP_LARGE_PAGE_SIZE == 0) {
        next_page += PAGE; /* no VMSA may lie there */
    }
    next_page += PAGE;
    return (void *)(next_page - PAGE);
}

void *page_alloc(void)
{
    void *page = page_raw();

    if (pvalidate(page, false, true).eax != SNP_OK) {
        report(false, "a heap page can be validated");
        finish();
    }
    return memset(page, 0, PAGE);
}

void *large_raw(void)
{
    if (next_large == 0) {
        next_large = boot->heap_base + boot->heap_size;
    }
    next_large -= SNP_LARGE_PAGE_SIZE;
    return (void *)next_large;
}

volatile uint64_t *page_pte(const volatile void *va)
{
    uint64_t index = ((uint64_t)va - SVSM_BASE) / PAGE;

    return (uint64_t *)(boot->page_table_base + 3 * PAGE) + index;
}

void *page_map(void *va, uint64_t gpa, uint64_t flags)
{
    *page_pte(va) = gpa | flags;
    invlpg(va);
    return va;
}

void *page_window(void)
{
    return page_map(page_raw(), 0, 0);
}

void user_allow(void)
{
    volatile uint64_t *table = (uint64_t *)boot->page_table_base;

    for (unsigned int i = 0; i < 3 * 512; i++) {
        if (table[i] != 0) {
            table[i] |= PTE_U;
        }
    }
}
