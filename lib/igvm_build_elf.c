/* SPDX-License-Identifier: MIT */
/* Builder: the ELF files it takes in. */
#include "lib/igvm_build_internal.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PHDR_MAX 64

static int read_header(const struct evtpm_blob *file, Elf64_Ehdr *eh,
                       struct evtpm_error *err)
{
    if (file->size < sizeof(*eh)) {
        return evtpm_fail(err, "not an ELF file");
    }
    memcpy(eh, file->data, sizeof(*eh));
    if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0) {
        return evtpm_fail(err, "not an ELF file");
    }
    if (eh->e_ident[EI_CLASS] != ELFCLASS64 ||
        eh->e_ident[EI_DATA] != ELFDATA2LSB || eh->e_machine != EM_X86_64) {
        return evtpm_fail(err, "not an ELF file for x86-64");
    }
    if (eh->e_phnum == 0 || eh->e_phnum > PHDR_MAX ||
        eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phoff > file->size ||
        eh->e_phnum * sizeof(Elf64_Phdr) > file->size - eh->e_phoff) {
        return evtpm_fail(err, "the ELF program headers do not fit the file");
    }
    return 0;
}

static void read_phdr(const struct evtpm_blob *file, const Elf64_Ehdr *eh,
                      unsigned int i, Elf64_Phdr *ph)
{
    memcpy(ph, file->data + eh->e_phoff + i * sizeof(*ph), sizeof(*ph));
}

static int check_load(const struct evtpm_blob *file, const Elf64_Phdr *ph,
                      struct evtpm_error *err)
{
    const uint64_t end = SVSM_BASE + SVSM_REGION_SIZE;

    if (ph->p_filesz > ph->p_memsz || ph->p_offset > file->size ||
        ph->p_filesz > file->size - ph->p_offset) {
        return evtpm_fail(err, "ELF segment at 0x%" PRIx64
                          " does not fit the file", ph->p_vaddr);
    }
    if (ph->p_vaddr < SVSM_IMAGE_GPA || ph->p_vaddr >= end ||
        ph->p_memsz > end - ph->p_vaddr) {
        return evtpm_fail(err, "ELF segment at 0x%" PRIx64
                          " is not linked into 0x%llx..0x%" PRIx64,
                          ph->p_vaddr, SVSM_IMAGE_GPA, end);
    }
    if ((ph->p_flags & PF_W) && (ph->p_flags & PF_X)) {
        return evtpm_fail(err, "ELF segment at 0x%" PRIx64
                          " is writable and executable", ph->p_vaddr);
    }
    return 0;
}

static uint8_t map_of(uint32_t p_flags)
{
    return (uint8_t)(MAP_READ | (p_flags & PF_W ? MAP_WRITE : 0) |
                     (p_flags & PF_X ? MAP_EXEC : 0));
}

/* Marks the segment's pages; a page belongs to one segment. */
static int map_segment(struct elf_image *image, const Elf64_Phdr *ph,
                       struct evtpm_error *err)
{
    uint64_t first = (ph->p_vaddr - SVSM_BASE) / PAGE;
    uint64_t last = (ph->p_vaddr + ph->p_memsz - 1 - SVSM_BASE) / PAGE;

    for (uint64_t i = first; i <= last; i++) {
        if (image->map[i] != 0) {
            return evtpm_fail(err, "two ELF segments share the page 0x%" PRIx64,
                              (uint64_t)(SVSM_BASE + i * PAGE));
        }
        image->map[i] = map_of(ph->p_flags);
    }
    return 0;
}

static int map_all(const struct evtpm_blob *file, const Elf64_Ehdr *eh,
                   struct elf_image *image, struct evtpm_error *err)
{
    uint64_t low = UINT64_MAX, high = 0;

    for (unsigned int i = 0; i < eh->e_phnum; i++) {
        Elf64_Phdr ph;

        read_phdr(file, eh, i, &ph);
        if (ph.p_type == PT_INTERP || ph.p_type == PT_DYNAMIC) {
            return evtpm_fail(err, "the ELF file is not static");
        }
        if (ph.p_type != PT_LOAD || ph.p_memsz == 0) {
            continue;
        }
        if (check_load(file, &ph, err) < 0 ||
            map_segment(image, &ph, err) < 0) {
            return -1;
        }
        low = ph.p_vaddr < low ? ph.p_vaddr : low;
        if (ph.p_vaddr + ph.p_memsz > high) {
            high = ph.p_vaddr + ph.p_memsz;
        }
    }
    if (high == 0) {
        return evtpm_fail(err, "the ELF file has nothing to load");
    }
    image->base = low & ~(uint64_t)(PAGE - 1);
    image->size = ((high + PAGE - 1) & ~(uint64_t)(PAGE - 1)) - image->base;
    return 0;
}

int elf_image_load(const struct evtpm_blob *file, struct elf_image *image,
                   struct evtpm_error *err)
{
    Elf64_Ehdr eh;

    memset(image, 0, sizeof(*image));
    if (read_header(file, &eh, err) < 0) {
        return -1;
    }
    if (eh.e_type != ET_EXEC) {
        return evtpm_fail(err, "the ELF file has no fixed addresses");
    }
    if (map_all(file, &eh, image, err) < 0) {
        return -1;
    }
    image->entry = eh.e_entry;
    if (eh.e_entry < image->base || eh.e_entry - image->base >= image->size ||
        !(image->map[(eh.e_entry - SVSM_BASE) / PAGE] & MAP_EXEC)) {
        return evtpm_fail(err, "the ELF entry 0x%" PRIx64 " is not code",
                          (uint64_t)eh.e_entry);
    }
    image->bytes = calloc(1, image->size);
    if (!image->bytes) {
        return evtpm_fail(err, "out of memory");
    }
    for (unsigned int i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph;

        read_phdr(file, &eh, i, &ph);
        if (ph.p_type == PT_LOAD && ph.p_filesz != 0) {
            memcpy(image->bytes + (ph.p_vaddr - image->base),
                   file->data + ph.p_offset, ph.p_filesz);
        }
    }
    return 0;
}

int elf_check_static(const struct evtpm_blob *file, struct evtpm_error *err)
{
    Elf64_Ehdr eh;

    if (read_header(file, &eh, err) < 0) {
        return -1;
    }
    for (unsigned int i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph;

        read_phdr(file, &eh, i, &ph);
        if (ph.p_type == PT_INTERP) {
            return evtpm_fail(err, "the ELF file is not static");
        }
    }
    return 0;
}
