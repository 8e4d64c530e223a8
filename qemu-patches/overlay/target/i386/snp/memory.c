/*
 * SEV-SNP emulated by TCG: private memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Private pages have RAM of their own, which only the CPUs' third address
 * space maps. Devices, the monitor and every other host-side user go through
 * the system address space, so they reach shared pages and nothing else.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/cputlb.h"
#include "exec/exec-all.h"
#include "exec/ramblock.h"
#include "qapi/error.h"
#include "qemu/madvise.h"
#include "qemu/rcu.h"
#include "internal.h"
#include "evtpm/ghcb.h"
#include "trace/trace-target_i386.h"

SnpVm *snp_vm;

void snp_vm_create(uint64_t policy, bool debug_read)
{
    SnpVm *vm = g_new0(SnpVm, 1);

    vm->policy = policy;
    vm->debug_read = debug_read;
    vm->locked = true;
    vm->rmp = rmp_new();
    memory_region_init(&vm->private_root, NULL, "snp-private", UINT64_MAX);
    address_space_init(&vm->private_as, &vm->private_root, "snp-private");
    snp_vm = vm;
    snp_vcpu_init_once();
}

/*
 * As good as encrypted: kept out of core dumps and of swap, never merged. What
 * a process may lock is limited, often to less than a guest has: "info snp"
 * tells whether it could be.
 */
static bool keep_inside(void *host, uint64_t size)
{
    qemu_madvise(host, size, QEMU_MADV_DONTDUMP);
    qemu_madvise(host, size, QEMU_MADV_UNMERGEABLE);
    /* Conversions drop single pages. */
    qemu_madvise(host, size, QEMU_MADV_NOHUGEPAGE);
#ifdef MLOCK_ONFAULT
    return mlock2(host, size, MLOCK_ONFAULT) == 0;
#else
    return false;
#endif
}

bool snp_memory_add(hwaddr gpa, uint64_t size, Error **errp)
{
    g_autofree char *name = g_strdup_printf("snp-private@%" PRIx64,
                                            (uint64_t)gpa);
    MemoryRegion *mr;

    if (gpa + size > SNP_PTE_CBIT || !rmp_add(snp_vm->rmp, gpa, size)) {
        error_setg(errp, "private memory 0x%" PRIx64 "+0x%" PRIx64
                   " is misaligned or overlaps other private memory",
                   (uint64_t)gpa, size);
        return false;
    }
    mr = g_new0(MemoryRegion, 1);
    if (!memory_region_init_ram_flags_nomigrate(mr, NULL, name, size, 0,
                                                errp)) {
        g_free(mr);
        return false;
    }
    snp_vm->locked &= keep_inside(memory_region_get_ram_ptr(mr), size);
    memory_region_add_subregion(&snp_vm->private_root, gpa, mr);
    trace_snp_memory_add(gpa, size);
    return true;
}

bool snp_memory_covers(hwaddr gpa, uint64_t size)
{
    return rmp_covers(snp_vm->rmp, gpa, size);
}

bool snp_private_read(hwaddr gpa, void *buf, size_t len)
{
    return snp_memory_covers(gpa, len) &&
           address_space_read(&snp_vm->private_as, gpa,
                              MEMTXATTRS_UNSPECIFIED, buf, len) == MEMTX_OK;
}

bool snp_private_write(hwaddr gpa, const void *buf, size_t len)
{
    return snp_memory_covers(gpa, len) &&
           address_space_write(&snp_vm->private_as, gpa,
                               MEMTXATTRS_UNSPECIFIED, buf, len) == MEMTX_OK;
}

bool snp_launch_page(hwaddr gpa, const void *page, Error **errp)
{
    static const uint8_t zeros[RMP_PAGE_SIZE];

    if ((gpa & (RMP_PAGE_SIZE - 1)) ||
        !snp_private_write(gpa, page ? page : zeros, RMP_PAGE_SIZE) ||
        !rmp_launch(snp_vm->rmp, gpa)) {
        error_setg(errp, "launch page 0x%" PRIx64 " is misaligned or outside "
                   "private memory", (uint64_t)gpa);
        return false;
    }
    return true;
}

/* Give pages back, whether they are locked or not; or else clear them. */
static void drop(MemoryRegion *mr, hwaddr offset, uint64_t size)
{
    uint8_t *host = memory_region_get_ram_ptr(mr);

#ifdef MADV_DONTNEED_LOCKED
    if (madvise(host + offset, size, MADV_DONTNEED_LOCKED) == 0) {
        return;
    }
#endif
    if (snp_vm->locked ||
        ram_block_discard_range(mr->ram_block, offset, size) < 0) {
        memset(host + offset, 0, size);
    }
}

/* Drop the private contents of [gpa, gpa + size), and code made from them. */
static void discard(hwaddr gpa, uint64_t size)
{
    MemoryRegion *mr;
    hwaddr offset, len = size;
    ram_addr_t ram;

    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(&snp_vm->private_as, gpa, &offset, &len,
                                 true, MEMTXATTRS_UNSPECIFIED);
    if (!memory_region_is_ram(mr) || len < size) {
        return;
    }
    ram = memory_region_get_ram_addr(mr) + offset;
    drop(mr, offset, size);
    tb_invalidate_phys_range(ram, ram + size - 1);
}

void snp_memory_reset(void)
{
    MemoryRegion *mr;

    QTAILQ_FOREACH(mr, &snp_vm->private_root.subregions, subregions_link) {
        discard(mr->addr, memory_region_size(mr));
    }
    rmp_reset(snp_vm->rmp);
}

static bool convert(hwaddr gpa, bool private, bool large, bool *flush)
{
    bool changed;

    if (!rmp_convert(snp_vm->rmp, gpa, large, private, &changed, flush)) {
        return false;
    }
    trace_snp_psc(gpa, private ? "private" : "shared", large, changed);
    if (changed) {
        qatomic_inc(&snp_vm->page_state_changes);
        if (!private) {
            discard(gpa, large ? RMP_LARGE_SIZE : RMP_PAGE_SIZE);
        }
    }
    return true;
}

int snp_page_state_change(hwaddr gpa, unsigned op, bool large, bool *flush)
{
    bool ok;

    switch (op) {
    case GHCB_PSC_PRIVATE:
    case GHCB_PSC_SHARED:
        ok = convert(gpa, op == GHCB_PSC_PRIVATE, large, flush);
        break;
    case GHCB_PSC_PSMASH:
        ok = rmp_smash(snp_vm->rmp, gpa);
        break;
    case GHCB_PSC_UNSMASH:
        ok = rmp_unsmash(snp_vm->rmp, gpa);
        break;
    default:
        ok = false;
        break;
    }
    return ok ? 0 : 2;
}

bool snp_convert_implicitly(CPUState *cs, hwaddr gpa)
{
    bool flush = false;

    if (!convert(gpa & TARGET_PAGE_MASK, false, false, &flush)) {
        return false;
    }
    if (flush) {
        snp_flush(cs);
    }
    return true;
}

static void flush_work(CPUState *cs, run_on_cpu_data data)
{
    tlb_flush(cs);
}

void snp_flush(CPUState *cs)
{
    rmp_flushed(snp_vm->rmp);
    if (cs && qemu_cpu_is_self(cs)) {
        tlb_flush_all_cpus_synced(cs);
    } else {
        CPU_FOREACH(cs) {
            async_run_on_cpu(cs, flush_work, RUN_ON_CPU_NULL);
        }
    }
}

bool snp_page_is_shared(hwaddr gpa)
{
    uint64_t entry = rmp_entry(snp_vm->rmp, gpa);
    hwaddr offset, len = 1;

    if (entry & RMP_ASSIGNED) {
        return false;
    }
    RCU_READ_LOCK_GUARD();
    return memory_region_is_ram(
        address_space_translate(&address_space_memory, gpa, &offset, &len,
                                true, MEMTXATTRS_UNSPECIFIED));
}
