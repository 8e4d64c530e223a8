/* SPDX-License-Identifier: MIT */
/* ELF64 parser for static, non-relocatable x86-64 programs. Compiles on the
 * host too. */
#include "svsm/elf.h"

#include <string.h>

#define ET_EXEC 2
#define EM_X86_64 62
#define PT_LOAD 1
#define PF_X 1u
#define PF_W 2u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static const char *parse_segment(struct elf_image *image,
                                 const struct elf_phdr *ph, size_t size,
                                 uint64_t low, uint64_t high)
{
    if (image->count == ELF_SEGMENTS_MAX) {
        return "too many segments";
    }
    if (ph->filesz > ph->memsz || ph->offset > size ||
        ph->filesz > size - ph->offset) {
        return "segment exceeds the file";
    }
    if (ph->vaddr < low || ph->vaddr > high || ph->memsz > high - ph->vaddr) {
        return "segment outside the address space";
    }
    if ((ph->flags & PF_W) && (ph->flags & PF_X)) {
        return "segment both writable and executable";
    }
    image->segment[image->count++] = (struct elf_segment){
        .va = ph->vaddr,
        .memory_size = ph->memsz,
        .file_offset = ph->offset,
        .file_size = ph->filesz,
        .write = ph->flags & PF_W,
        .execute = ph->flags & PF_X,
    };
    if (ph->vaddr + ph->memsz > image->end) {
        image->end = ph->vaddr + ph->memsz;
    }
    return NULL;
}

static const char *check_header(const struct elf_header *h, size_t size)
{
    static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

    if (memcmp(h->ident, ident, sizeof(ident)) != 0 ||
        h->machine != EM_X86_64) {
        return "not ELF64 for x86-64";
    }
    if (h->type != ET_EXEC) {
        return "not a static executable";
    }
    if (h->phentsize != sizeof(struct elf_phdr) || h->phoff > size ||
        h->phnum > (size - h->phoff) / sizeof(struct elf_phdr)) {
        return "program headers exceed the file";
    }
    return NULL;
}

/* The segment that holds the headers says where they are in memory. */
static uint64_t headers_va(const struct elf_image *image, uint64_t phoff,
                           uint64_t size)
{
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *s = &image->segment[i];

        if (phoff >= s->file_offset && size <= s->file_size &&
            phoff - s->file_offset <= s->file_size - size) {
            return s->va + (phoff - s->file_offset);
        }
    }
    return 0;
}

const char *elf_parse(struct elf_image *image, const uint8_t *file, size_t size,
                      uint64_t low, uint64_t high)
{
    struct elf_header h;
    struct elf_phdr ph;
    const char *error;

    *image = (struct elf_image){ 0 };
    if (size < sizeof(h)) {
        return "shorter than an ELF header";
    }
    memcpy(&h, file, sizeof(h));
    error = check_header(&h, size);
    for (unsigned i = 0; i < h.phnum && !error; i++) {
        memcpy(&ph, file + h.phoff + i * sizeof(ph), sizeof(ph));
        if (ph.type == PT_LOAD && ph.memsz) {
            error = parse_segment(image, &ph, size, low, high);
        }
    }
    if (error) {
        return error;
    }
    if (image->count == 0) {
        return "no segment to load";
    }
    image->entry = h.entry;
    image->phnum = h.phnum;
    image->phentsize = h.phentsize;
    image->phdr_va = headers_va(image, h.phoff, h.phnum * sizeof(ph));
    return NULL;
}
