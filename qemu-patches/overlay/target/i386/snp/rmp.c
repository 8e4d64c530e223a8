/*
 * The reverse map table: state of every 4 KiB page of private memory
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A 2 MiB entry is 512 equal small ones that carry RMP_LARGE: the check of an
 * access then needs one look-up whatever the size, and a page that is asked
 * for in 4 KiB splits it silently, as a host's PSMASH does.
 */
#include "rmp.h"

#include <string.h>

#define LARGE_PAGES (RMP_LARGE_SIZE / RMP_PAGE_SIZE)

typedef struct RmpRange {
    uint64_t gpa, pages;
    uint64_t *entry;
} RmpRange;

struct SnpRmp {
    GMutex lock;
    uint64_t epoch;
    unsigned ranges;
    RmpRange range[64];
};

SnpRmp *rmp_new(void)
{
    SnpRmp *rmp = g_new0(SnpRmp, 1);

    g_mutex_init(&rmp->lock);
    rmp->epoch = 1;
    return rmp;
}

void rmp_free(SnpRmp *rmp)
{
    if (!rmp) {
        return;
    }
    for (unsigned i = 0; i < rmp->ranges; i++) {
        g_free(rmp->range[i].entry);
    }
    g_mutex_clear(&rmp->lock);
    g_free(rmp);
}

static const RmpRange *find_range(const SnpRmp *rmp, uint64_t gpa)
{
    for (unsigned i = 0; i < rmp->ranges; i++) {
        const RmpRange *r = &rmp->range[i];

        if (gpa >= r->gpa && gpa - r->gpa < r->pages * RMP_PAGE_SIZE) {
            return r;
        }
    }
    return NULL;
}

static uint64_t *find(const SnpRmp *rmp, uint64_t gpa)
{
    const RmpRange *r = find_range(rmp, gpa);

    return r ? &r->entry[(gpa - r->gpa) / RMP_PAGE_SIZE] : NULL;
}

/* The 512 entries of a large page, if it lies within one range. */
static uint64_t *find_large(const SnpRmp *rmp, uint64_t gpa)
{
    const RmpRange *r = find_range(rmp, gpa);
    uint64_t index;

    if (!r || (gpa & (RMP_LARGE_SIZE - 1))) {
        return NULL;
    }
    index = (gpa - r->gpa) / RMP_PAGE_SIZE;
    return r->pages - index >= LARGE_PAGES ? &r->entry[index] : NULL;
}

/* As before any launch: assigned, not validated, in pages as large as can be. */
static void fill_range(const RmpRange *r)
{
    uint64_t size = r->pages * RMP_PAGE_SIZE;

    for (uint64_t i = 0; i < r->pages; i++) {
        uint64_t base = (r->gpa + i * RMP_PAGE_SIZE) & ~(RMP_LARGE_SIZE - 1);

        r->entry[i] = RMP_COVERED | RMP_ASSIGNED;
        if (base >= r->gpa && r->gpa + size - base >= RMP_LARGE_SIZE) {
            r->entry[i] |= RMP_LARGE;
        }
    }
}

bool rmp_add(SnpRmp *rmp, uint64_t gpa, uint64_t size)
{
    RmpRange *r;

    if (!size || ((gpa | size) & (RMP_PAGE_SIZE - 1)) || gpa + size < gpa ||
        rmp->ranges == G_N_ELEMENTS(rmp->range)) {
        return false;
    }
    for (unsigned i = 0; i < rmp->ranges; i++) {
        r = &rmp->range[i];
        if (gpa < r->gpa + r->pages * RMP_PAGE_SIZE && r->gpa < gpa + size) {
            return false;
        }
    }
    r = &rmp->range[rmp->ranges];
    r->gpa = gpa;
    r->pages = size / RMP_PAGE_SIZE;
    r->entry = g_new(uint64_t, r->pages);
    fill_range(r);
    rmp->ranges++;
    return true;
}

void rmp_reset(SnpRmp *rmp)
{
    g_mutex_lock(&rmp->lock);
    for (unsigned i = 0; i < rmp->ranges; i++) {
        fill_range(&rmp->range[i]);
    }
    __atomic_add_fetch(&rmp->epoch, 1, __ATOMIC_SEQ_CST);
    g_mutex_unlock(&rmp->lock);
}

bool rmp_covers(const SnpRmp *rmp, uint64_t gpa, uint64_t size)
{
    if (gpa + size < gpa) {
        return false;
    }
    while (size) {
        const RmpRange *r = find_range(rmp, gpa);
        uint64_t here;

        if (!r) {
            return false;
        }
        here = r->gpa + r->pages * RMP_PAGE_SIZE - gpa;
        if (here >= size) {
            return true;
        }
        gpa += here;
        size -= here;
    }
    return true;
}

uint64_t rmp_entry(const SnpRmp *rmp, uint64_t gpa)
{
    const uint64_t *entry = find(rmp, gpa);

    return entry ? __atomic_load_n(entry, __ATOMIC_SEQ_CST) : 0;
}

/* Atomic, because rmp_access() stamps entries without the lock. */
static uint64_t change(uint64_t *entry, uint64_t clear, uint64_t set)
{
    uint64_t old = __atomic_load_n(entry, __ATOMIC_RELAXED);

    while (!__atomic_compare_exchange_n(entry, &old, (old & ~clear) | set,
                                        false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_RELAXED)) {
        /* old was reloaded */
    }
    return old;
}

/* An entry under the lock: only its stamp can change meanwhile. */
static uint64_t get(const uint64_t *entry)
{
    return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static bool cached(const SnpRmp *rmp, uint64_t entry)
{
    return entry >> RMP_EPOCH_SHIFT == (uint32_t)get(&rmp->epoch);
}

/* Make the large page of @gpa, if it is one, 512 small ones. */
static void split(SnpRmp *rmp, uint64_t gpa)
{
    uint64_t *entry = find_large(rmp, gpa & ~(RMP_LARGE_SIZE - 1));

    for (unsigned i = 0; entry && i < LARGE_PAGES; i++) {
        change(&entry[i], RMP_LARGE, 0);
    }
}

bool rmp_launch(SnpRmp *rmp, uint64_t gpa)
{
    uint64_t *entry = find(rmp, gpa);

    if (!entry) {
        return false;
    }
    g_mutex_lock(&rmp->lock);
    split(rmp, gpa);
    change(entry, RMP_PERMS_MASK | RMP_VMSA,
           RMP_ASSIGNED | RMP_VALIDATED);
    g_mutex_unlock(&rmp->lock);
    return true;
}

static unsigned rights_of(uint64_t entry, unsigned vmpl)
{
    unsigned rights = rmp_perms(entry, vmpl);

    /* Its owner edits a VMSA at VMPL0; nobody else ever writes one. */
    return vmpl && (entry & RMP_VMSA) ? rights & ~RMP_PERM_WRITE : rights;
}

RmpFault rmp_access(SnpRmp *rmp, uint64_t gpa, unsigned vmpl, unsigned need,
                    unsigned *rights)
{
    uint64_t *entry = find(rmp, gpa);
    uint64_t old, stamped;

    if (!entry) {
        return RMP_FAULT_NOT_COVERED;
    }
    old = __atomic_load_n(entry, __ATOMIC_SEQ_CST);
    do {
        uint64_t epoch = __atomic_load_n(&rmp->epoch, __ATOMIC_SEQ_CST);

        if (!(old & RMP_ASSIGNED)) {
            return RMP_FAULT_NOT_ASSIGNED;
        }
        if (!(old & RMP_VALIDATED)) {
            return RMP_FAULT_NOT_VALIDATED;
        }
        *rights = rights_of(old, vmpl);
        if (need & ~*rights) {
            return RMP_FAULT_PERMISSION;
        }
        stamped = (uint32_t)old | epoch << RMP_EPOCH_SHIFT;
    } while (old != stamped &&
             !__atomic_compare_exchange_n(entry, &old, stamped, false,
                                          __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    return RMP_FAULT_NONE;
}

static void convert_one(SnpRmp *rmp, uint64_t *entry, bool private,
                        bool *changed, bool *flush)
{
    uint64_t old = get(entry);

    if (!!(old & RMP_ASSIGNED) == private) {
        return;
    }
    *changed = true;
    old = change(entry, RMP_ASSIGNED | RMP_VALIDATED | RMP_VMSA |
                 RMP_PERMS_MASK | RMP_LARGE, private ? RMP_ASSIGNED : 0);
    *flush |= !private && cached(rmp, old);
}

bool rmp_convert(SnpRmp *rmp, uint64_t gpa, bool large, bool private,
                 bool *changed, bool *flush)
{
    uint64_t *entry = large ? find_large(rmp, gpa) : find(rmp, gpa);
    unsigned pages = large ? LARGE_PAGES : 1;
    unsigned was_shared = 0;
    bool ok = false;

    *changed = false;
    if (!entry) {
        return false;
    }
    g_mutex_lock(&rmp->lock);
    for (unsigned i = 0; i < pages; i++) {
        if (get(&entry[i]) & RMP_VMSA_RUNNING) {
            goto out;
        }
        was_shared += !(get(&entry[i]) & RMP_ASSIGNED);
    }
    /* A 4 KiB change of a large entry splits it, unless it changes nothing. */
    if (!large && !!(get(entry) & RMP_ASSIGNED) != private) {
        split(rmp, gpa);
    }
    for (unsigned i = 0; i < pages; i++) {
        convert_one(rmp, &entry[i], private, changed, flush);
    }
    for (unsigned i = 0; private && was_shared == LARGE_PAGES && i < pages;
         i++) {
        change(&entry[i], 0, RMP_LARGE);
    }
    ok = true;
out:
    g_mutex_unlock(&rmp->lock);
    return ok;
}

bool rmp_smash(SnpRmp *rmp, uint64_t gpa)
{
    uint64_t *entry = find_large(rmp, gpa);
    bool ok;

    if (!entry) {
        return false;
    }
    g_mutex_lock(&rmp->lock);
    ok = get(entry) & RMP_LARGE;
    split(rmp, gpa);
    g_mutex_unlock(&rmp->lock);
    return ok;
}

bool rmp_unsmash(SnpRmp *rmp, uint64_t gpa)
{
    const uint64_t state = RMP_ASSIGNED | RMP_VALIDATED | RMP_VMSA |
                           RMP_VMSA_RUNNING | RMP_PERMS_MASK;
    uint64_t *entry = find_large(rmp, gpa);
    bool ok;

    if (!entry) {
        return false;
    }
    g_mutex_lock(&rmp->lock);
    ok = (get(entry) & RMP_ASSIGNED) && !(get(entry) & RMP_VMSA);
    for (unsigned i = 1; ok && i < LARGE_PAGES; i++) {
        ok = !((get(&entry[i]) ^ get(entry)) & state);
    }
    for (unsigned i = 0; ok && i < LARGE_PAGES; i++) {
        change(&entry[i], 0, RMP_LARGE);
    }
    g_mutex_unlock(&rmp->lock);
    return ok;
}

/*
 * What PVALIDATE and RMPADJUST have in common: the entries that they change,
 * in *pages; NULL if res says why not. Takes the lock unless NULL.
 */
static uint64_t *lock_target(SnpRmp *rmp, uint64_t gpa, bool large,
                             unsigned *pages, RmpResult *res)
{
    uint64_t *entry;

    memset(res, 0, sizeof(*res));
    if (large && (gpa & (RMP_LARGE_SIZE - 1))) {
        res->eax = SNP_FAIL_INPUT;
        return NULL;
    }
    entry = find(rmp, gpa);
    if (!entry) {
        res->fault = RMP_FAULT_NOT_COVERED;
        return NULL;
    }
    g_mutex_lock(&rmp->lock);
    if (!(get(entry) & RMP_ASSIGNED)) {
        res->fault = RMP_FAULT_NOT_ASSIGNED;
    } else if (large && !(get(entry) & RMP_LARGE)) {
        res->eax = SNP_FAIL_SIZEMISMATCH;
    } else {
        *pages = large ? LARGE_PAGES : 1;
        return entry;
    }
    g_mutex_unlock(&rmp->lock);
    return NULL;
}

void rmp_pvalidate(SnpRmp *rmp, uint64_t gpa, bool large, bool validate,
                   RmpResult *res)
{
    unsigned pages;
    uint64_t *entry = lock_target(rmp, gpa, large, &pages, res);

    if (!entry) {
        return;
    }
    if (get(entry) & RMP_VMSA_RUNNING) {
        res->fault = RMP_FAULT_VMSA_RUNNING;
    } else if (!!(get(entry) & RMP_VALIDATED) == validate) {
        res->unchanged = true;
    } else {
        if (!large) {
            split(rmp, gpa);
        }
        for (unsigned i = 0; i < pages; i++) {
            uint64_t old = change(&entry[i], RMP_VALIDATED,
                                  validate ? RMP_VALIDATED : 0);

            res->flush |= !validate && cached(rmp, old);
        }
    }
    g_mutex_unlock(&rmp->lock);
}

static void adjust_entries(SnpRmp *rmp, uint64_t *entry, unsigned pages,
                           unsigned vmpl, uint64_t rdx, RmpResult *res)
{
    unsigned target = rdx & 0xff;
    unsigned perms = (rdx >> RMPADJUST_PERM_SHIFT) & RMP_PERM_ALL;
    uint64_t clear = (uint64_t)RMP_PERM_ALL << RMP_PERM_SHIFT(target);
    uint64_t set = (uint64_t)perms << RMP_PERM_SHIFT(target);

    if (vmpl == 0) {
        clear |= RMP_VMSA;
        set |= rdx & RMPADJUST_VMSA ? RMP_VMSA : 0;
    }
    for (unsigned i = 0; i < pages; i++) {
        uint64_t old = change(&entry[i], clear, set);
        bool tighter = (rmp_perms(old, target) & ~perms) ||
                       (set & ~old & RMP_VMSA);

        res->flush |= tighter && cached(rmp, old);
    }
}

void rmp_adjust(SnpRmp *rmp, uint64_t gpa, bool large, unsigned vmpl,
                uint64_t rdx, RmpResult *res)
{
    unsigned target = rdx & 0xff;
    unsigned perms = (rdx >> RMPADJUST_PERM_SHIFT) & RMP_PERM_ALL;
    unsigned pages;
    uint64_t *entry;

    memset(res, 0, sizeof(*res));
    if (target >= SNP_VMPL_COUNT ||
        (vmpl == 0 && large && (rdx & RMPADJUST_VMSA))) {
        res->eax = SNP_FAIL_INPUT;
        return;
    }
    if (target <= vmpl) {
        res->eax = SNP_FAIL_PERMISSION;
        return;
    }
    entry = lock_target(rmp, gpa, large, &pages, res);
    if (!entry) {
        return;
    }
    if (!(get(entry) & RMP_VALIDATED)) {
        res->fault = RMP_FAULT_NOT_VALIDATED;
    } else if (perms & ~rmp_perms(get(entry), vmpl)) {
        res->eax = SNP_FAIL_PERMISSION;
    } else if (vmpl == 0 && (get(entry) & RMP_VMSA_RUNNING) &&
               !(rdx & RMPADJUST_VMSA)) {
        res->eax = RMP_FAIL_INUSE;
    } else {
        if (!large) {
            split(rmp, gpa);
        }
        adjust_entries(rmp, entry, pages, vmpl, rdx, res);
    }
    g_mutex_unlock(&rmp->lock);
}

void rmp_query(SnpRmp *rmp, uint64_t gpa, unsigned vmpl, unsigned target,
               RmpResult *res)
{
    uint64_t entry = rmp_entry(rmp, gpa);

    memset(res, 0, sizeof(*res));
    if (target >= SNP_VMPL_COUNT) {
        res->eax = SNP_FAIL_INPUT;
    } else if (target < vmpl) {
        res->eax = SNP_FAIL_PERMISSION;
    } else if (!entry) {
        res->fault = RMP_FAULT_NOT_COVERED;
    } else if (!(entry & RMP_ASSIGNED)) {
        res->fault = RMP_FAULT_NOT_ASSIGNED;
    } else if (!(entry & RMP_VALIDATED)) {
        res->fault = RMP_FAULT_NOT_VALIDATED;
    } else {
        res->perms = rmp_perms(entry, target);
        res->vmsa = entry & RMP_VMSA;
        res->large = entry & RMP_LARGE;
    }
}

bool rmp_vmsa_enter(SnpRmp *rmp, uint64_t gpa)
{
    const uint64_t need = RMP_ASSIGNED | RMP_VALIDATED | RMP_VMSA;
    uint64_t *entry = find(rmp, gpa);
    bool ok;

    if (!entry || (gpa & (RMP_PAGE_SIZE - 1))) {
        return false;
    }
    g_mutex_lock(&rmp->lock);
    ok = (get(entry) & (need | RMP_VMSA_RUNNING | RMP_LARGE)) == need;
    if (ok) {
        change(entry, 0, RMP_VMSA_RUNNING);
    }
    g_mutex_unlock(&rmp->lock);
    return ok;
}

void rmp_vmsa_leave(SnpRmp *rmp, uint64_t gpa)
{
    uint64_t *entry = find(rmp, gpa);

    if (entry) {
        change(entry, RMP_VMSA_RUNNING, 0);
    }
}

void rmp_flushed(SnpRmp *rmp)
{
    __atomic_add_fetch(&rmp->epoch, 1, __ATOMIC_SEQ_CST);
}

void rmp_count(SnpRmp *rmp, RmpCounts *counts)
{
    memset(counts, 0, sizeof(*counts));
    for (unsigned i = 0; i < rmp->ranges; i++) {
        const RmpRange *r = &rmp->range[i];

        counts->pages += r->pages;
        for (uint64_t n = 0; n < r->pages; n++) {
            uint64_t entry = __atomic_load_n(&r->entry[n], __ATOMIC_RELAXED);

            counts->assigned += !!(entry & RMP_ASSIGNED);
            counts->validated += !!(entry & RMP_VALIDATED);
            counts->vmsa += !!(entry & RMP_VMSA);
            counts->large += !!(entry & RMP_LARGE);
        }
    }
}
