/* SPDX-License-Identifier: MIT */
/* The guest's memory as the kernel may touch it: copied once, through this
 * vCPU's window. */
#ifndef SVSM_GUEST_MEM_H
#define SVSM_GUEST_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svsm/memmap.h"

extern struct memmap guest_map;
extern unsigned guest_vmpl;

/* Is [gpa, gpa + size) the guest's, and no VMSA page? */
bool guest_range_ok(uint64_t gpa, uint64_t size);

/*
 * Copies from or to guest physical memory, across pages. -1 when the range is
 * not the guest's or a page of it is not validated; some of it may then have
 * been copied.
 */
int guest_read(void *to, uint64_t gpa, size_t size);
int guest_write(uint64_t gpa, const void *from, size_t size);

/* guest_write() for one who holds vcpu_lock. */
int guest_write_locked(uint64_t gpa, const void *from, size_t size);

/*
 * RMP work on one page of the guest, 4K or @large; SNP_OK or SNP_FAIL_*.
 * grant: all permissions for the guest's VMPL. revoke: none for it and below.
 */
uint32_t guest_page_grant(uint64_t gpa, bool large);
uint32_t guest_page_revoke(uint64_t gpa, bool large);

/* The window for @gpa: 4K or 2M. */
void *guest_window(uint64_t gpa, bool large);

int guest_copy(void *to, const void *from, size_t size);
int guest_zero(void *to, size_t size);

#endif
