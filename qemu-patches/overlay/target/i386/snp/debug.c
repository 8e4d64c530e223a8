/*
 * SEV-SNP emulated by TCG: a debugger's view of a guest that permits one
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "internal.h"

bool snp_debug_allowed(void)
{
    return !snp_on() || snp_vm->debug_read;
}

static bool table_entry(hwaddr table, unsigned index, unsigned size,
                        uint64_t *entry)
{
    *entry = 0;
    return snp_private_read((table & PG_ADDRESS_MASK & ~SNP_PTE_CBIT) +
                            index * size, entry, size) &&
           (*entry & PG_PRESENT_MASK);
}

/* Long mode and PAE: @shift of the highest level's index. */
static bool walk_wide(CPUX86State *env, vaddr addr, unsigned shift,
                      hwaddr *gpa, bool *private)
{
    uint64_t entry = env->cr[3];
    uint64_t mask;

    for (;; shift -= 9) {
        if (!table_entry(entry, (addr >> shift) & 0x1ff, 8, &entry)) {
            return false;
        }
        if (shift == 12 || (shift <= 30 && (entry & PG_PSE_MASK))) {
            break;
        }
    }
    mask = MAKE_64BIT_MASK(0, shift);
    *gpa = (entry & PG_ADDRESS_MASK & ~SNP_PTE_CBIT & ~mask) | (addr & mask);
    *private = entry & SNP_PTE_CBIT;
    return true;
}

static bool walk_narrow(CPUX86State *env, vaddr addr, hwaddr *gpa)
{
    uint64_t entry;

    if (!table_entry(env->cr[3] & ~0xfffull, (addr >> 22) & 0x3ff, 4,
                     &entry)) {
        return false;
    }
    if ((entry & PG_PSE_MASK) && (env->cr[4] & CR4_PSE_MASK)) {
        *gpa = (entry & 0xffc00000) | (addr & 0x3fffff);
        return true;
    }
    if (!table_entry(entry, (addr >> 12) & 0x3ff, 4, &entry)) {
        return false;
    }
    *gpa = (entry & 0xfffff000) | (addr & 0xfff);
    return true;
}

static bool translate(CPUX86State *env, vaddr addr, hwaddr *gpa,
                      bool *private)
{
    *private = true;
    if (!(env->cr[0] & CR0_PG_MASK)) {
        *gpa = addr;
        return true;
    }
    if (env->hflags & HF_LMA_MASK) {
        return walk_wide(env, addr, env->cr[4] & CR4_LA57_MASK ? 48 : 39, gpa,
                         private);
    }
    if (env->cr[4] & CR4_PAE_MASK) {
        return walk_wide(env, (uint32_t)addr, 30, gpa, private);
    }
    return walk_narrow(env, (uint32_t)addr, gpa);
}

int snp_memory_rw_debug(CPUState *cs, vaddr addr, uint8_t *buf, size_t len,
                        bool is_write)
{
    CPUX86State *env = cpu_env(cs);

    if (!snp_debug_allowed()) {
        return -1;
    }
    while (len) {
        size_t part = MIN(len, TARGET_PAGE_SIZE - (addr & ~TARGET_PAGE_MASK));
        AddressSpace *as;
        hwaddr gpa;
        bool private;

        if (!translate(env, addr, &gpa, &private) ||
            (private && !snp_memory_covers(gpa, part))) {
            return -1;
        }
        as = private ? &snp_vm->private_as : &address_space_memory;
        if (address_space_rw(as, gpa, MEMTXATTRS_UNSPECIFIED, buf, part,
                             is_write) != MEMTX_OK) {
            return -1;
        }
        addr += part;
        buf += part;
        len -= part;
    }
    return 0;
}
