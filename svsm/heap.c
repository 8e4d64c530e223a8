/* SPDX-License-Identifier: MIT */
/* Page allocator: one bit a page. A page is zeroed when it is freed and when it
 * is given out: the first so that nothing of the vTPM lingers, the second
 * because validation leaves contents alone. */
#include "svsm/heap.h"

#include <stdbool.h>
#include <string.h>

#include "evtpm/ghcb.h"
#include "evtpm/snp.h"
#include "evtpm/svsm_boot.h"
#include "svsm/ghcb.h"
#include "svsm/kva.h"
#include "svsm/rmp.h"
#include "svsm/spinlock.h"
#include "svsm/term.h"

#define HEAP_PAGES_MAX (SVSM_REGION_SIZE / SNP_PAGE_SIZE)

/* Guards everything below */
static struct spinlock heap_lock;
static uint64_t shared_next, shared_end;
static uint64_t heap_base, heap_pages, heap_used, heap_hint;
static uint64_t bitmap[HEAP_PAGES_MAX / 64];

void heap_init(uint64_t base, uint64_t size)
{
    uint64_t shared = HEAP_SHARED_PAGES * (uint64_t)SNP_PAGE_SIZE;

    shared_next = base;
    shared_end = base + shared;
    heap_base = shared_end;
    heap_pages = (size - shared) / SNP_PAGE_SIZE;
    rmp_validate_own(heap_base, heap_pages * SNP_PAGE_SIZE);
}

static bool page_taken(uint64_t i)
{
    return bitmap[i / 64] >> (i % 64) & 1;
}

/* First free page from the hint on; @skip_aligned leaves out 2M aligned ones.
 */
static void *page_take(bool skip_aligned)
{
    void *page = NULL;

    spin_lock(&heap_lock);
    for (uint64_t n = 0; n < heap_pages; n++) {
        uint64_t i = (heap_hint + n) % heap_pages;
        uint64_t at = heap_base + i * SNP_PAGE_SIZE;

        if (!page_taken(i) &&
            !(skip_aligned && at % SNP_LARGE_PAGE_SIZE == 0)) {
            bitmap[i / 64] |= 1ull << (i % 64);
            heap_hint = i + 1;
            heap_used++;
            page = (void *)at;
            break;
        }
    }
    spin_unlock(&heap_lock);
    if (page) {
        memset(page, 0, SNP_PAGE_SIZE);
    }
    return page;
}

void *page_alloc(void)
{
    return page_take(false);
}

void *page_alloc_boot(void)
{
    void *page = page_take(false);

    if (!page) {
        fatal(SVSM_TERM_NO_MEMORY, "heap of %lu pages is used up", heap_pages);
    }
    return page;
}

void *page_alloc_vmsa(void)
{
    void *page = page_take(true);

    if (!page) {
        fatal(SVSM_TERM_NO_MEMORY, "no page for a VMSA");
    }
    return page;
}

void page_free(void *page)
{
    uint64_t i = ((uint64_t)page - heap_base) / SNP_PAGE_SIZE;

    svsm_assert(i < heap_pages && page_taken(i));
    memset(page, 0, SNP_PAGE_SIZE);
    spin_lock(&heap_lock);
    bitmap[i / 64] &= ~(1ull << (i % 64));
    heap_used--;
    heap_hint = i < heap_hint ? i : heap_hint;
    spin_unlock(&heap_lock);
}

uint64_t pages_free(void)
{
    return heap_pages - heap_used;
}

void *shared_alloc(unsigned count, uint64_t *gpa)
{
    uint64_t size = count * (uint64_t)SNP_PAGE_SIZE;

    spin_lock(&heap_lock);
    *gpa = shared_next;
    shared_next += size;
    spin_unlock(&heap_lock);
    if (*gpa + size > shared_end) {
        fatal(SVSM_TERM_NO_MEMORY, "no page left to share with the host");
    }
    ghcb_page_state(*gpa, size, GHCB_PSC_SHARED);
    return kva_map_shared(*gpa, count);
}
