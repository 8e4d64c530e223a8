/* SPDX-License-Identifier: MIT */
/* The AMD-SP as VMPL0 reaches it: guest messages under VMPCK0, carried by the
 * host. */
#ifndef SVSM_AMDSP_H
#define SVSM_AMDSP_H

#include <stddef.h>
#include <stdint.h>

#include "evtpm/report.h"

#define AMDSP_CERTS_MAX 0x4000u

/* Takes VMPCK0 from the secrets page; needs the GHCB. */
void amdsp_init(void);

/*
 * A report with @data as its report data. With @certs (AMDSP_CERTS_MAX bytes)
 * also the host's certificate table, its size in @certs_size, 0 for none.
 * -1 when host or firmware did not deliver.
 */
int amdsp_report(const uint8_t data[64], struct snp_attestation_report *report,
                 uint8_t *certs, size_t *certs_size);

#endif
