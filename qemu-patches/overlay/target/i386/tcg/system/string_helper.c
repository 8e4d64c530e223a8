/*
 * REP MOVS and REP STOS in bulk
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Translated code moves one element after the other.  These helpers run first
 * and take as many elements as they can at once, page by page, from and to
 * plain RAM.  They leave at least one element, and everything that is not as
 * simple, to the translated code, whose faults are then precise.  True: what is
 * left is as simple, but it is the turn of interrupts.
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "cpu.h"
#include "exec/helper-proto.h"
#include "exec/exec-all.h"
#include "exec/cpu_ldst.h"
#include "tcg/tcg.h"
#include "tcg/helper-tcg.h"

/* Below this a call costs more than it saves. */
#define BULK_MIN 32

/* How many bytes one call may take: interrupts wait for that long. */
#define BULK_MAX (64 * KiB)

static size_t bytes_in_page(vaddr addr)
{
    return -(addr | TARGET_PAGE_MASK);
}

/* Where @size bytes at @addr, in one page, are in the host; NULL: not RAM. */
static void *ram_at(CPUX86State *env, vaddr addr, size_t size,
                    MMUAccessType access, int mmu_idx, uintptr_t ra)
{
    void *host;
    int flags = probe_access_flags(env, addr, size, access, mmu_idx, true,
                                   &host, ra);

    return flags ? NULL : host;
}

/* Is it the turn of interrupts? */
static bool enough(CPUX86State *env, size_t done)
{
    return done >= BULK_MAX || cpu_loop_exit_requested(env_cpu(env));
}

/* Whole elements of 1 << @shift bytes that may be taken, in bytes. */
static size_t bulk_size(CPUX86State *env, int shift)
{
    return (size_t)MIN(env->regs[R_ECX] - 1, BULK_MAX) << shift;
}

/*
 * The part of a bulk that stays within the pages of @a and @b: 0 where their
 * first element crosses one, which is then moved alone.
 */
static size_t bulk_in_pages(size_t size, int shift, vaddr a, vaddr b)
{
    size_t in_pages = MIN(bytes_in_page(a), bytes_in_page(b));

    return MIN(size, in_pages) & -((size_t)1 << shift);
}

static uint64_t load(CPUX86State *env, vaddr addr, int shift, int mmu_idx,
                     uintptr_t ra)
{
    switch (shift) {
    case MO_8:
        return cpu_ldub_mmuidx_ra(env, addr, mmu_idx, ra);
    case MO_16:
        return cpu_lduw_le_mmuidx_ra(env, addr, mmu_idx, ra);
    case MO_32:
        return cpu_ldl_le_mmuidx_ra(env, addr, mmu_idx, ra);
    default:
        return cpu_ldq_le_mmuidx_ra(env, addr, mmu_idx, ra);
    }
}

static void store(CPUX86State *env, vaddr addr, uint64_t value, int shift,
                  int mmu_idx, uintptr_t ra)
{
    switch (shift) {
    case MO_8:
        cpu_stb_mmuidx_ra(env, addr, value, mmu_idx, ra);
        break;
    case MO_16:
        cpu_stw_le_mmuidx_ra(env, addr, value, mmu_idx, ra);
        break;
    case MO_32:
        cpu_stl_le_mmuidx_ra(env, addr, value, mmu_idx, ra);
        break;
    default:
        cpu_stq_le_mmuidx_ra(env, addr, value, mmu_idx, ra);
        break;
    }
}

static void fill(uint8_t *to, uint64_t value, int shift, size_t size)
{
    uint64_t pattern = dup_const(shift, value);

    if (pattern == dup_const(MO_8, value)) {
        memset(to, value, size);
        return;
    }
    for (; size >= 8; to += 8, size -= 8) {
        stq_le_p(to, pattern);
    }
    memcpy(to, &(uint64_t){ cpu_to_le64(pattern) }, size);
}

uint32_t helper_rep_stos_bulk(CPUX86State *env, uint32_t shift,
                              uint32_t mmu_idx)
{
    uintptr_t ra = GETPC();
    size_t done = 0, size;
    uint8_t *to;

    if (env->df != 1 || env->regs[R_ECX] << shift < BULK_MIN) {
        return false;
    }
    while ((size = bulk_size(env, shift)) != 0) {
        if (enough(env, done)) {
            return true;
        }
        size = bulk_in_pages(size, shift, env->regs[R_EDI], env->regs[R_EDI]);
        if (size) {
            to = ram_at(env, env->regs[R_EDI], size, MMU_DATA_STORE, mmu_idx,
                        ra);
            if (!to) {
                return false;
            }
            fill(to, env->regs[R_EAX], shift, size);
        } else {
            size = 1 << shift;
            store(env, env->regs[R_EDI], env->regs[R_EAX], shift, mmu_idx, ra);
        }
        env->regs[R_EDI] += size;
        env->regs[R_ECX] -= size >> shift;
        done += size;
    }
    return false;
}

uint32_t helper_rep_movs_bulk(CPUX86State *env, uint32_t shift,
                              uint32_t mmu_idx)
{
    uintptr_t ra = GETPC();
    size_t done = 0, size;
    uint8_t *from, *to;

    if (env->df != 1 || env->regs[R_ECX] << shift < BULK_MIN) {
        return false;
    }
    while ((size = bulk_size(env, shift)) != 0) {
        if (enough(env, done)) {
            return true;
        }
        size = bulk_in_pages(size, shift, env->regs[R_ESI], env->regs[R_EDI]);
        if (size) {
            from = ram_at(env, env->regs[R_ESI], size, MMU_DATA_LOAD, mmu_idx,
                          ra);
            to = from ? ram_at(env, env->regs[R_EDI], size, MMU_DATA_STORE,
                               mmu_idx, ra) : NULL;
            /* What is written and then read again is not a plain copy. */
            if (!to || (to > from && to < from + size)) {
                return false;
            }
            memmove(to, from, size);
        } else {
            size = 1 << shift;
            store(env, env->regs[R_EDI],
                  load(env, env->regs[R_ESI], shift, mmu_idx, ra), shift,
                  mmu_idx, ra);
        }
        env->regs[R_ESI] += size;
        env->regs[R_EDI] += size;
        env->regs[R_ECX] -= size >> shift;
        done += size;
    }
    return false;
}
