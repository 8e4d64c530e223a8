/* SPDX-License-Identifier: MIT */
/* The kernel reaches a process's pages through its own mapping of the heap,
 * never through the process's addresses: no fault is possible, and SMAP stays
 * on. */
#include "svsm/user_space.h"

#include <string.h>

#include "evtpm/snp.h"
#include "svsm/cpu.h"
#include "svsm/heap.h"
#include "svsm/kva.h"

#define LEVELS 4
#define SVSM_SLOT 1 /* SVSM_BASE */
#define PTE_USER_TABLE                                                         \
    (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | SNP_CBIT)

int user_space_init(struct user_space *space)
{
    const uint64_t *kernel = (uint64_t *)(read_cr3() & PTE_ADDRESS_MASK);

    space->top = page_alloc();
    if (!space->top) {
        return -1;
    }
    space->top[SVSM_SLOT] = kernel[SVSM_SLOT];
    space->top[KVA_SLOT] = kernel[KVA_SLOT];
    return 0;
}

/* The last-level entry of @va; with @create tables are added. 0: none. */
static uint64_t *walk(struct user_space *space, uint64_t va, bool create)
{
    uint64_t *table = space->top;

    for (unsigned level = LEVELS - 1; level > 0; level--) {
        uint64_t *entry = &table[va >> (12 + 9 * level) & 511];

        if (!(*entry & PTE_PRESENT)) {
            void *page = create ? page_alloc() : NULL;

            if (!page) {
                return NULL;
            }
            *entry = (uint64_t)page | PTE_USER_TABLE;
        }
        table = (uint64_t *)(*entry & PTE_ADDRESS_MASK);
    }
    return &table[va >> 12 & 511];
}

static bool range_ok(uint64_t va, uint64_t size)
{
    return va >= USER_LOW && va < USER_HIGH && size <= USER_HIGH - va;
}

static uint64_t protection_bits(unsigned protection)
{
    /* PROT_NONE keeps the page, out of CPL3's reach */
    return PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | SNP_CBIT |
           (protection ? PTE_USER : 0) |
           (protection & USER_WRITE ? PTE_WRITE : 0) |
           (protection & USER_EXECUTE ? 0 : PTE_NX);
}

static int map_page(struct user_space *space, uint64_t va, uint64_t bits)
{
    uint64_t *entry;
    void *page;

    if (pages_free() < HEAP_KERNEL_RESERVE) {
        return -1;
    }
    entry = walk(space, va, true);
    if (!entry) {
        return -1;
    }
    if (*entry & PTE_PRESENT) {
        *entry = (*entry & PTE_ADDRESS_MASK) | bits;
    } else {
        page = page_alloc();
        if (!page) {
            return -1;
        }
        *entry = (uint64_t)page | bits;
    }
    invlpg(va);
    return 0;
}

int user_map(struct user_space *space, uint64_t va, uint64_t size,
             unsigned protection)
{
    uint64_t bits = protection_bits(protection);

    if (!range_ok(va, size) || va % SNP_PAGE_SIZE ||
        ((protection & USER_WRITE) && (protection & USER_EXECUTE))) {
        return -1;
    }
    for (uint64_t at = 0; at < size; at += SNP_PAGE_SIZE) {
        if (map_page(space, va + at, bits) != 0) {
            return -1;
        }
    }
    return 0;
}

void user_unmap(struct user_space *space, uint64_t va, uint64_t size)
{
    if (!range_ok(va, size)) {
        return;
    }
    for (uint64_t at = 0; at < size; at += SNP_PAGE_SIZE) {
        uint64_t *entry = walk(space, va + at, false);

        if (entry && (*entry & PTE_PRESENT)) {
            void *page = (void *)(*entry & PTE_ADDRESS_MASK);

            *entry = 0;
            invlpg(va + at);
            page_free(page);
        }
    }
}

static uint8_t *find_page(struct user_space *space, uint64_t va, uint64_t bits)
{
    const uint64_t *entry;

    if (!range_ok(va, 1)) {
        return NULL;
    }
    entry = walk(space, va, false);
    if (!entry || (*entry & bits) != bits) {
        return NULL;
    }
    return (uint8_t *)(*entry & PTE_ADDRESS_MASK);
}

/* Direction by @to_user; @bits: what the entry of each page must have. */
static int copy(struct user_space *space, uint64_t va, uint8_t *buffer,
                size_t size, bool to_user, uint64_t bits)
{
    while (size) {
        size_t offset = va % SNP_PAGE_SIZE;
        size_t n = SNP_PAGE_SIZE - offset;
        uint8_t *page = find_page(space, va, bits);

        if (!page) {
            return -1;
        }
        n = n < size ? n : size;
        if (to_user) {
            memcpy(page + offset, buffer, n);
        } else {
            memcpy(buffer, page + offset, n);
        }
        va += n;
        buffer += n;
        size -= n;
    }
    return 0;
}

int user_read(struct user_space *space, void *to, uint64_t va, size_t size)
{
    return copy(space, va, to, size, false, PTE_PRESENT | PTE_USER);
}

int user_write(struct user_space *space, uint64_t va, const void *from,
               size_t size)
{
    return copy(space, va, (uint8_t *)from, size, true,
                PTE_PRESENT | PTE_USER | PTE_WRITE);
}

int user_fill(struct user_space *space, uint64_t va, const void *from,
              size_t size)
{
    return copy(space, va, (uint8_t *)from, size, true, PTE_PRESENT);
}
