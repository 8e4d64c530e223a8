/* SPDX-License-Identifier: MIT */
/* Test firmware under the SVSM: calls, verdicts. All memory below 4 GiB is private at its address. */
#ifndef EVTPM_TESTS_SVSM_FW_H
#define EVTPM_TESTS_SVSM_FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evtpm/ghcb.h"
#include "evtpm/report.h"
#include "evtpm/snp.h"
#include "evtpm/svsm.h"
#include "evtpm/svsm_boot.h"
#include "evtpm/vmsa.h"

#define PAGE SNP_PAGE_SIZE

/* Where things are: svsm-fw-start.S */
#define FW_SECRETS 0x80d000ull
#define FW_CPUID 0x80e000ull
#define FW_CAA 0x80f000ull
#define FW_GHCB 0x809000ull
/* RAM that nobody validated, of 64 MiB */
#define FW_RAW 0x1000000ull
#define FW_RAM_END 0x4000000ull

struct call {
    uint64_t rax, rcx, rdx, r8, r9;
};

/* To the SVSM and back without telling it why: registers in and out. False: the host refused. */
bool svsm_switch(struct call *c);
/* One SVSM call by the calling area at `caa`; true if it was served. Results in *c. */
bool svsm_call_at(uint64_t caa, struct call *c);
/* One by the current calling area: RAX, ~0 if it was not served. */
uint64_t svsm_call_once(struct call *c);
/* The same, repeated for as long as the SVSM is busy or not done. */
uint64_t svsm_call(struct call *c);
/* RAX of a call with RCX alone. */
uint64_t svsm(uint32_t protocol, uint32_t call, uint64_t rcx);
/* PVALIDATE of one page by the SVSM: RAX. @flags: SVSM_PVALIDATE_* and size. */
uint64_t svsm_pvalidate(uint64_t gpa, uint64_t flags);
/* Fresh validated page, zeroed by the SVSM. */
uint8_t *fw_page(void);
extern uint64_t fw_caa;
/* SEV_FEATURES of this vCPU, as its VMSA has them. */
uint64_t fw_features(void);

void report(bool ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* RAX of what was done must be `want`. */
void expect(uint64_t got, uint64_t want, const char *what);
uint64_t ghcb_exit(uint64_t code, uint64_t info_1, uint64_t info_2,
                   uint64_t rax);
void fw_init(void);
void fw_finish(void) __attribute__((noreturn));

/* The test itself; returning ends the firmware with the sum of its verdicts. */
void fw_tests(void);

#endif
