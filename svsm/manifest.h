/* SPDX-License-Identifier: MIT */
/* Manifests of the attestation protocol (SVSM 58019 7). */
#ifndef SVSM_MANIFEST_H
#define SVSM_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evtpm/svsm.h"

/* Is @guid the vTPM service? */
bool manifest_is_vtpm(const struct evtpm_guid *guid);

/*
 * The manifest of all services: the vTPM with its manifest @ek, a marshalled
 * TPMT_PUBLIC. Returns its size, 0 when @room does not suffice.
 */
size_t manifest_services(uint8_t *to, size_t room, const uint8_t *ek,
                         size_t ek_size);

#endif
