/* SPDX-License-Identifier: MIT */
/* What firmware measures of an EFI program: its digest without signature; and what it is made of,
 * which the stub of a unified kernel image measures. */
#ifndef EVTPM_LIB_PE_DIGEST_H
#define EVTPM_LIB_PE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * SHA-256 of a PE image as Authenticode has it (Windows Authenticode PE signature format, "Calculating
 * the PE image hash"): without checksum, signature and the entry that names it, sections in the order of
 * the file. A Linux kernel with EFI stub (bzImage) is such an image. Returns 0 or -1.
 */
int evtpm_pe_digest(const void *image, size_t size, uint8_t digest[32],
                    struct evtpm_error *err);

#define EVTPM_PE_SECTIONS_MAX 96

struct evtpm_pe_section {
    char name[9];
    const uint8_t *data; /* in the image */
    size_t size;         /* in memory: without what the file is padded with */
};

/* The sections that have data, in the order of their headers. Returns 0 or -1. */
int evtpm_pe_sections(const void *image, size_t size,
                      struct evtpm_pe_section out[EVTPM_PE_SECTIONS_MAX],
                      size_t *count, struct evtpm_error *err);

#endif
