/* SPDX-License-Identifier: MIT */
/*
 * SNP launch digest, as the AMD-SP accumulates it (SNP firmware ABI, PAGE_INFO): the loader calls
 * launch_digest_page() for each page it launches; igvm_launch_digest() repeats the same offline.
 */
#ifndef EVTPM_LIB_LAUNCH_DIGEST_H
#define EVTPM_LIB_LAUNCH_DIGEST_H

#include "evtpm/snp.h"
#include "lib/error.h"
#include "lib/igvm.h"

struct launch_digest {
    uint8_t ld[SNP_LAUNCH_DIGEST_SIZE];
};

void launch_digest_init(struct launch_digest *digest);

/*
 * One 4 KiB step. `page_type` is SNP_PAGE_TYPE_*; `page` its 4096 bytes, NULL for zeros. The bytes
 * count for NORMAL and VMSA pages only: all other types are measured with empty contents.
 */
int launch_digest_page(struct launch_digest *digest, uint8_t page_type,
                       uint64_t gpa, const void *page,
                       struct evtpm_error *err);

/*
 * The digest that launching `file` on `platform` (IGVM_PLATFORM_SEV_SNP) gives: PAGE_DATA and
 * PARAMETER_INSERT in file order (a 2 MiB page in 512 steps; a parameter area page by page, as
 * UNMEASURED; shared pages not at all), then the VP contexts by vCPU index, as KVM does it.
 */
int igvm_launch_digest(const struct igvm_file *file, uint8_t platform,
                       struct launch_digest *digest, struct evtpm_error *err);

#endif
