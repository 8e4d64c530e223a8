/* SPDX-License-Identifier: MIT */
/* Ticket locks and a reader-writer lock. Interrupts are always off at VMPL0, so
 * none is masked. */
#ifndef SVSM_SPINLOCK_H
#define SVSM_SPINLOCK_H

#include <stdint.h>

#include "svsm/cpu.h"

struct spinlock {
    uint32_t next;
    uint32_t owner;
};

static inline void spin_lock(struct spinlock *lock)
{
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&lock->owner, __ATOMIC_ACQUIRE) != ticket) {
        cpu_relax();
    }
}

static inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->owner, lock->owner + 1, __ATOMIC_RELEASE);
}

/* Writers hold the gate, so a stream of readers cannot starve them. */
struct rwlock {
    struct spinlock gate;
    uint32_t readers;
};

static inline void read_lock(struct rwlock *lock)
{
    spin_lock(&lock->gate);
    __atomic_fetch_add(&lock->readers, 1, __ATOMIC_ACQUIRE);
    spin_unlock(&lock->gate);
}

static inline void read_unlock(struct rwlock *lock)
{
    __atomic_fetch_sub(&lock->readers, 1, __ATOMIC_RELEASE);
}

static inline void write_lock(struct rwlock *lock)
{
    spin_lock(&lock->gate);
    while (__atomic_load_n(&lock->readers, __ATOMIC_ACQUIRE) != 0) {
        cpu_relax();
    }
}

static inline void write_unlock(struct rwlock *lock)
{
    spin_unlock(&lock->gate);
}

#endif
