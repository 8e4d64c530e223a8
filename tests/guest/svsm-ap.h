/* SPDX-License-Identifier: MIT */
/* Test firmware: further vCPUs at the guest's VMPL. They use the GHCB MSR protocol alone. */
#ifndef EVTPM_TESTS_SVSM_AP_H
#define EVTPM_TESTS_SVSM_AP_H

#include "tests/guest/svsm-fw.h"

#define AP_RUNS_MAX 8

/* A vCPU; index and APIC id are the same number, 0 is the first one. */
struct ap {
    uint32_t id;
    uint64_t caa;
    struct vmsa *vmsa;         /* that it runs from, NULL before it starts */
    uint8_t *stack_top;
    uint8_t *pages;            /* the test's, validated */
    volatile uint64_t started; /* times */
    volatile uint64_t done, errors;
};

/* Calling area and stack for the vCPU @id. */
void ap_init(struct ap *ap, uint32_t id);

/*
 * Starts it at fn(ap) from the free page @vmsa, wherever it is now: CREATE_VCPU, then AP creation,
 * as Linux does. Returns whether both went well.
 */
bool ap_start(struct ap *ap, struct vmsa *vmsa, void (*fn)(struct ap *));

/* Waits until *value is at least @least: false if it takes very long. */
bool ap_wait(const volatile uint64_t *value, uint64_t least);

/* Ends an AP's function: halted, or in AP reset hold (GHCB MSR protocol). */
void ap_halt(void) __attribute__((noreturn));
void ap_reset_hold(void) __attribute__((noreturn));

/* RAX of a call with RCX alone, by the vCPU's own calling area. */
uint64_t ap_svsm(const struct ap *ap, uint32_t protocol, uint32_t call,
                 uint64_t rcx);

#endif
