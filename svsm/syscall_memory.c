/* SPDX-License-Identifier: MIT */
/* brk, mmap, mprotect, munmap: anonymous private memory, given at once, never
 * writable and executable. */
#include "svsm/syscall_memory.h"

#include "evtpm/snp.h"

#define PROT_MASK 7u
#define MAP_PRIVATE 0x02u
#define MAP_FIXED 0x10u
#define MAP_ANONYMOUS 0x20u
#define MAP_LIMIT 0x7f00000000ull /* below the stack */
#define SIZE_MAX_ONE 0x40000000ull

static uint64_t page_up(uint64_t va)
{
    return (va + SNP_PAGE_SIZE - 1) & ~(uint64_t)(SNP_PAGE_SIZE - 1);
}

/* The program break never moves below its start, nor into the mappings. */
int64_t memory_brk(struct process *process, uint64_t end)
{
    uint64_t old = page_up(process->brk_end), new = page_up(end);

    if (end < process->brk_start || end - process->brk_start > SIZE_MAX_ONE) {
        return (int64_t)process->brk_end;
    }
    if (new > old) {
        if (user_map(&process->space, old, new - old, USER_READ | USER_WRITE) !=
            0) {
            user_unmap(&process->space, old, new - old);
            return (int64_t)process->brk_end;
        }
    } else {
        user_unmap(&process->space, new, old - new);
    }
    process->brk_end = end;
    return (int64_t)end;
}

/* Addresses are not used twice: there are 448 GiB of them. */
int64_t memory_map(struct process *process, uint64_t va, uint64_t size,
                   uint64_t prot, uint64_t flags)
{
    uint64_t pages = page_up(size);

    if (!(flags & MAP_ANONYMOUS) || !(flags & MAP_PRIVATE) ||
        (flags & MAP_FIXED) || size == 0 || (prot & ~PROT_MASK)) {
        return -SVSM_EINVAL;
    }
    (void)va; /* a hint */
    va = process->mmap_next;
    if (size > SIZE_MAX_ONE || va + pages > MAP_LIMIT) {
        return -SVSM_ENOMEM;
    }
    /* A reservation gets its pages from mprotect() */
    if (prot && user_map(&process->space, va, pages, (unsigned)prot) != 0) {
        user_unmap(&process->space, va, pages);
        return -SVSM_ENOMEM;
    }
    process->mmap_next = va + pages;
    return (int64_t)va;
}

int64_t memory_protect(struct process *process, uint64_t va, uint64_t size,
                       uint64_t prot)
{
    if (va % SNP_PAGE_SIZE || (prot & ~PROT_MASK) || size > SIZE_MAX_ONE) {
        return -SVSM_EINVAL;
    }
    return user_map(&process->space, va, page_up(size), (unsigned)prot) == 0
               ? 0
               : -SVSM_ENOMEM;
}

int64_t memory_unmap(struct process *process, uint64_t va, uint64_t size)
{
    if (va % SNP_PAGE_SIZE || size == 0 || size > SIZE_MAX_ONE) {
        return -SVSM_EINVAL;
    }
    user_unmap(&process->space, va, page_up(size));
    return 0;
}
