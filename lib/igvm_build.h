/* SPDX-License-Identifier: MIT */
/*
 * Builder: one ELF program that starts at VMPL0 (the SVSM, or a test guest), with an optional vTPM
 * program and firmware, becomes one IGVM file laid out as include/evtpm/svsm_boot.h says. Or stock
 * firmware alone, for a plain SNP guest.
 */
#ifndef EVTPM_LIB_IGVM_BUILD_H
#define EVTPM_LIB_IGVM_BUILD_H

#include <stdbool.h>

#include "evtpm/snp.h"
#include "lib/blob.h"
#include "lib/error.h"
#include "lib/kernel_hashes.h"

/* The largest file the builder makes. */
#define IGVM_BUILD_MAX 0x1000000u

struct evtpm_id; /* lib/id_block.h */

/* Paths; zero values mean the default. */
struct igvm_build_options {
    const char *svsm;     /* ELF64, static, linked at SVSM_IMAGE_GPA */
    const char *vtpm;     /* ELF64; NULL: none */
    const char *firmware; /* OVMF image with SEV metadata; NULL: none */
    uint64_t policy;      /* guest policy; 0: SNP_POLICY_DEFAULT */
    uint64_t sev_features; /* of VMPL0; 0: SNP_ACTIVE alone */
    uint32_t guest_vmpl;   /* 0: 2 */
    bool no_svsm; /* the firmware starts at VMPL0; neither svsm nor vtpm */
    struct kernel_files kernel; /* hashes of these for the firmware */
    const struct evtpm_id *id; /* the owner's ID block for this very file; NULL: none */
};

/* Builds in memory; the blob is replaced. The same inputs give the same bytes. */
int igvm_build(const struct igvm_build_options *options,
               struct evtpm_blob *out, struct evtpm_error *err);

/* Builds, reads the result back with igvm_open() and writes it to `path` at once. */
int igvm_build_file(const struct igvm_build_options *options, const char *path,
                    struct evtpm_error *err);

#endif
