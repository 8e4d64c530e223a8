/* SPDX-License-Identifier: MIT */
/* A small OVMF image: as much of one as launching it takes. */
#ifndef EVTPM_TESTS_OVMF_SAMPLE_H
#define EVTPM_TESTS_OVMF_SAMPLE_H

#include "lib/plain_launch.h"

#define OVMF_SAMPLE_PAGES 3

/*
 * The facts of sev-snp-measure's ovmf_AmdSev_suffix.bin, and of its published
 * --snp-ovmf-hash; without an image.
 */
void ovmf_sample_firmware(struct plain_firmware *fw);

/* A file with an image that has this metadata; its path. */
char *ovmf_sample_file(void);
/* Removes it and frees the path. */
void ovmf_sample_remove(char *path);

#endif
