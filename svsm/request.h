/* SPDX-License-Identifier: MIT */
/* Calls of the guest: RAX, RCX, RDX, R8, R9 in and out (SVSM 58019). */
#ifndef SVSM_REQUEST_H
#define SVSM_REQUEST_H

#include <stdint.h>

#include "svsm/percpu.h"

struct svsm_request {
    uint32_t protocol;
    uint32_t call;
    uint64_t rcx, rdx, r8, r9;
};

/* Runs the guest and serves its calls, on this vCPU, for good. */
void request_loop(void) __attribute__((noreturn));

/* The protocols; each returns the result code for RAX. */
uint64_t core_protocol(struct percpu *cpu, struct svsm_request *request);
uint64_t attest_protocol(struct svsm_request *request);
uint64_t vtpm_protocol(struct svsm_request *request);

/* QUERY_PROTOCOL: RCX for @query (protocol << 32 | version). */
uint64_t request_query_protocol(uint64_t query);

#endif
