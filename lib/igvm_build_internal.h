/* SPDX-License-Identifier: MIT */
/* What the builder's files share. */
#ifndef EVTPM_LIB_IGVM_BUILD_INTERNAL_H
#define EVTPM_LIB_IGVM_BUILD_INTERNAL_H

#include "evtpm/svsm_boot.h"
#include "evtpm/vmsa.h"
#include "lib/igvm.h"
#include "lib/igvm_build.h"
#include "lib/igvm_write.h"

#define PAGE SNP_PAGE_SIZE
#define REGION_PAGES (SVSM_REGION_SIZE / PAGE)

/* How a page of the region is mapped; 0: not at all */
#define MAP_READ 1u
#define MAP_WRITE 2u
#define MAP_EXEC 4u
#define MAP_SHARED 8u

/* The program, copied to its linked addresses. */
struct elf_image {
    uint64_t base; /* page of the lowest PT_LOAD */
    uint64_t size; /* whole pages to the end of the highest one */
    uint64_t entry;
    uint8_t *bytes;
    uint8_t map[REGION_PAGES]; /* indexed from SVSM_BASE */
};

/* Loads a static x86-64 ELF file that is linked inside the region; writable code is refused. */
int elf_image_load(const struct evtpm_blob *file, struct elf_image *image,
                   struct evtpm_error *err);

/* Whether `file` can be started by the SVSM as its vTPM process: a static x86-64 ELF program. */
int elf_check_static(const struct evtpm_blob *file, struct evtpm_error *err);

/* Bytes that the page tables of the whole region take. */
uint64_t page_tables_size(void);

/*
 * Page tables at GPA `base` that map the region's pages as `map` says, virtual address = GPA, C-bit
 * at every level. Accessed and dirty bits are set, so that walks write nothing.
 */
void page_tables_fill(void *tables, uint64_t base,
                      const uint8_t map[REGION_PAGES]);

/* The boot vCPU's save area: svsm_boot.h, "Start state". */
void boot_vmsa_fill(struct vmsa *vmsa, uint64_t entry, uint64_t cr3,
                    uint64_t sev_features);

/* The ID block of the options, if there is one: its directive, and that it fits the finished file. */
int igvm_write_id(struct igvm_writer *writer, const struct evtpm_id *id,
                  struct evtpm_error *err);
int igvm_check_id(const struct igvm_build_options *options,
                  const struct igvm_file *file, struct evtpm_error *err);

/* A file without an SVSM, from checked options. */
int igvm_build_plain(const struct igvm_build_options *options,
                     struct evtpm_blob *out, struct evtpm_error *err);

#endif
