/* SPDX-License-Identifier: MIT */
/* Pages of the SVSM region: 4K, zeroed, addressed by their GPA (= kernel
 * address). */
#ifndef SVSM_HEAP_H
#define SVSM_HEAP_H

#include <stdint.h>

/* Pages at the start of the heap that stay unvalidated: to be shared with the
 * host. */
#define HEAP_SHARED_PAGES 32
/* Kept for the kernel: the vTPM process cannot take the last ones. */
#define HEAP_KERNEL_RESERVE 64

/* Validates the heap. @size excludes nothing: shared pages are split off here.
 */
void heap_init(uint64_t base, uint64_t size);

/* A zeroed page, or 0 when none is left. */
void *page_alloc(void);

/* A zeroed page that is not 2M aligned, as a VMSA must be; fatal() if none. */
void *page_alloc_vmsa(void);

/* As page_alloc(), but fatal() when none is left: for boot. */
void *page_alloc_boot(void);

void page_free(void *page);
uint64_t pages_free(void);

/*
 * @count contiguous pages of the shared ones: made shared with the host and
 * mapped so. Returns the kernel address, the GPA in @gpa. For boot, not undone.
 */
void *shared_alloc(unsigned count, uint64_t *gpa);

#endif
