/* SPDX-License-Identifier: MIT */
/* What the kernel asks of the host (GHCB 56421). Every answer is hostile until
 * checked. */
#ifndef SVSM_GHCB_H
#define SVSM_GHCB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evtpm/ghcb.h"
#include "svsm/percpu.h"

/* Protocol version and features; fatal() when the host lacks what SNP needs. */
void ghcb_negotiate(void);

/* GHCB_HV_FT_* as the host stated them. */
uint64_t ghcb_features(void);

/*
 * Makes the page at @gpa, mapped shared at @ghcb, the GHCB of @cpu. With
 * @convert it still is private and changes state first.
 */
void ghcb_install(struct percpu *cpu, struct ghcb *ghcb, uint64_t gpa,
                  bool convert);

/* Ends the VM; through the MSR, so it works without a GHCB. */
void ghcb_terminate(unsigned set, unsigned code) __attribute__((noreturn));

void ghcb_io_out8(uint16_t port, uint8_t value);
uint8_t ghcb_io_in8(uint16_t port); /* ff when the host refuses */

/*
 * Makes pages private or shared (GHCB_PSC_*); fatal() when the host refuses.
 * Whole large pages are asked for as such where @gpa and @size allow.
 */
void ghcb_page_state(uint64_t gpa, uint64_t size, unsigned op);

/* AP creation 5.7: 0, or -1 when the host refuses. */
int ghcb_ap_creation(unsigned request, unsigned vmpl, uint32_t apic_id,
                     uint64_t vmsa_gpa, uint64_t sev_features);

/* Runs @vmpl of this vCPU until it comes back; -1 when the host refuses. */
int ghcb_run_vmpl(unsigned vmpl);

/* Up to @max APIC ids of the VM's vCPUs by way of @buffer, one shared page. */
int ghcb_apic_ids(uint32_t *ids, uint32_t max, const void *buffer,
                  uint64_t buffer_gpa);

struct ghcb_request_result {
    uint32_t firmware;
    uint32_t vmm;
    uint64_t cert_pages; /* what the host asks for with GHCB_VMM_TOO_SMALL */
};
#define GHCB_VMM_TOO_SMALL 1u
#define GHCB_VMM_BUSY 2u

/*
 * (Extended, when @cert_pages is not 0) guest request with shared pages.
 * -1 when the host did not carry it out at all.
 */
int ghcb_guest_request(uint64_t request_gpa, uint64_t response_gpa,
                       uint64_t cert_gpa, uint64_t cert_pages,
                       struct ghcb_request_result *result);

#endif
