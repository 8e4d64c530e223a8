/* SPDX-License-Identifier: MIT */
/*
 * RDSEED, else RDRAND. Both can fail for a moment; for good means a broken
 * processor, and then there must be no TPM. A value of all zeros or ones, or
 * the same value twice running, is what known broken ones give.
 */
#include "svsm/random.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "svsm/cpu.h"
#include "svsm/cpuid.h"
#include "svsm/term.h"

#define TRIES 1000

static bool have_rdseed, have_rdrand;
static uint64_t last_value;

static bool rdseed(uint64_t *value)
{
    bool ok;

    asm volatile("rdseed %0" : "=r"(*value), "=@ccc"(ok));
    return ok;
}

static bool rdrand(uint64_t *value)
{
    bool ok;

    asm volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
    return ok;
}

static bool try_value(uint64_t *value)
{
    bool ok = (have_rdseed && rdseed(value)) || (have_rdrand && rdrand(value));

    return ok && *value != 0 && *value != UINT64_MAX;
}

static uint64_t random_value(void)
{
    uint64_t value, previous;

    for (unsigned i = 0; i < TRIES; i++) {
        if (try_value(&value)) {
            previous =
                __atomic_exchange_n(&last_value, value, __ATOMIC_RELAXED);
            if (value != previous) {
                return value;
            }
        }
        cpu_relax();
    }
    fatal(SVSM_TERM_ENTROPY, "the processor gives no random numbers");
}

void random_init(void)
{
    struct cpuid_regs leaf;

    have_rdrand = cpuid_get(1, 0, &leaf) && (leaf.ecx & 1u << 30);
    have_rdseed = cpuid_get(7, 0, &leaf) && (leaf.ebx & 1u << 18);
    if (!have_rdrand && !have_rdseed) {
        fatal(SVSM_TERM_ENTROPY, "neither RDSEED nor RDRAND");
    }
    random_value();
}

void random_bytes(void *to, size_t size)
{
    uint8_t *at = to;

    while (size) {
        uint64_t value = random_value();
        size_t n = size < sizeof(value) ? size : sizeof(value);

        memcpy(at, &value, n);
        at += n;
        size -= n;
    }
}
