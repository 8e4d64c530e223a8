/* SPDX-License-Identifier: MIT */
/* Address space of a CPL3 process: page tables, and its memory as the kernel
 * sees it. */
#ifndef SVSM_USER_SPACE_H
#define SVSM_USER_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USER_LOW 0x10000ull
#define USER_HIGH 0x8000000000ull /* top-level slot 0 */

#define USER_READ 1u
#define USER_WRITE 2u
#define USER_EXECUTE 4u

struct user_space {
    uint64_t *top;
};

/* -1: no memory. Kernel mappings are the kernel's own, without CPL3 access. */
int user_space_init(struct user_space *space);

/*
 * Pages for [va, va + size), zeroed, where none are; sets the protection of all
 * (USER_*; never write and execute). Addresses page aligned. -1: no memory, or
 * not in CPL3's half.
 */
int user_map(struct user_space *space, uint64_t va, uint64_t size,
             unsigned protection);
void user_unmap(struct user_space *space, uint64_t va, uint64_t size);

/*
 * Copies; -1 when CPL3 itself could not have done so. user_fill() ignores
 * write protection: for the loader.
 */
int user_read(struct user_space *space, void *to, uint64_t va, size_t size);
int user_write(struct user_space *space, uint64_t va, const void *from,
               size_t size);
int user_fill(struct user_space *space, uint64_t va, const void *from,
              size_t size);

#endif
