/* SPDX-License-Identifier: MIT */
/* The SEV metadata that OVMF carries behind its GUIDed table at the end of the image. */
#ifndef EVTPM_LIB_OVMF_METADATA_H
#define EVTPM_LIB_OVMF_METADATA_H

#include "evtpm/svsm_boot.h"
#include "lib/error.h"

struct ovmf_metadata {
    uint32_t count;
    struct svsm_fw_range range[SVSM_FW_RANGE_MAX];
    uint32_t ap_reset;    /* where launched APs start; 0: not told */
    uint32_t hashes_base; /* place of the kernel hashes table; 0: none */
    uint32_t hashes_size;
};

/*
 * Reads the metadata sections of a firmware image that ends at 4 GiB. Fails with a text when the
 * table is missing or malformed, when a section is not whole pages below the image, or when two
 * sections overlap.
 */
int ovmf_metadata_parse(const void *image, size_t size,
                        struct ovmf_metadata *out, struct evtpm_error *err);

#endif
