/* SPDX-License-Identifier: MIT */
/* What the loader needs to know of a static ELF64 program. */
#ifndef SVSM_ELF_H
#define SVSM_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16

struct elf_segment {
    uint64_t va;
    uint64_t memory_size;
    uint64_t file_offset;
    uint64_t file_size;
    bool write;
    bool execute;
};

struct elf_image {
    uint64_t entry;
    uint64_t phdr_va; /* where the program headers are in memory; 0: nowhere */
    uint64_t phnum;
    uint64_t phentsize;
    uint64_t end; /* of the highest segment */
    unsigned count;
    struct elf_segment segment[ELF_SEGMENTS_MAX];
};

/*
 * Parses @size bytes at @file. All segments lie in [low, high) and in the file,
 * none is both writable and executable. Returns 0 or what is wrong.
 */
const char *elf_parse(struct elf_image *image, const uint8_t *file, size_t size,
                      uint64_t low, uint64_t high);

#endif
