/* SPDX-License-Identifier: MIT */
/*
 * The kernel hashes table: SHA-256 of command line, initrd and kernel, measured at launch, by which
 * OVMF's AmdSev build judges what the host gives it by -kernel.
 */
#ifndef EVTPM_LIB_KERNEL_HASHES_H
#define EVTPM_LIB_KERNEL_HASHES_H

#include "evtpm/snp.h"
#include "lib/error.h"
#include "lib/ovmf_metadata.h"

/* What QEMU gets as -kernel, -initrd, -append; `kernel` NULL: no hashes. */
struct kernel_files {
    const char *kernel;
    const char *initrd; /* NULL: none, hashed as empty */
    const char *append; /* NULL: the empty command line */
};

/*
 * The page that OVMF reads the table from: zeros, and the table where the firmware's own table says.
 * Fails when the firmware has no place for it or a file cannot be read.
 */
int kernel_hashes_page(const struct kernel_files *files,
                       const struct ovmf_metadata *meta,
                       uint8_t page[SNP_PAGE_SIZE], struct evtpm_error *err);

#endif
