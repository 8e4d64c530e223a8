/* SPDX-License-Identifier: MIT */
/* One IGVM file with every header the loader knows, and the tools to damage it. */
#ifndef EVTPM_TESTS_IGVM_SAMPLE_H
#define EVTPM_TESTS_IGVM_SAMPLE_H

#include "lib/blob.h"

#define SAMPLE_SNP 1u
#define SAMPLE_NATIVE 2u
#define SAMPLE_NORMAL_GPA 0x100000u
#define SAMPLE_ZERO_GPA 0x101000u
#define SAMPLE_UNMEASURED_GPA 0x102000u
#define SAMPLE_SECRETS_GPA 0x103000u
#define SAMPLE_CPUID_GPA 0x104000u
#define SAMPLE_SHARED_GPA 0x105000u
#define SAMPLE_AREA_GPA 0x110000u /* two pages */
#define SAMPLE_LARGE_GPA 0x400000u

/* The page at SAMPLE_NORMAL_GPA: byte i is i * 7 + 3. */
void igvm_sample_page(uint8_t page[4096]);

/* Builds the file; ends the program when that fails. */
void igvm_sample(struct evtpm_blob *file);

/* Offset of the content of the first header of a type; 0: the file itself (fixed header). */
size_t igvm_sample_find(const struct evtpm_blob *file, uint32_t type);

/* Makes the checksum right again. */
void igvm_sample_checksum(struct evtpm_blob *file);

#endif
