/* SPDX-License-Identifier: MIT */
/* From an ELF file to the first instruction of a Linux process (System V ABI: initial stack). */
#include "svsm/process.h"

#include <string.h>

#include "evtpm/snp.h"
#include "svsm/console.h"
#include "svsm/heap.h"
#include "svsm/cpuid.h"
#include "svsm/elf.h"
#include "svsm/random.h"
#include "svsm/syscall.h"

#define MMAP_BASE 0x1000000000ull
#define STACK_TOP 0x7ffffff000ull

#define AT_NULL 0
#define AT_PHDR 3
#define AT_PHENT 4
#define AT_PHNUM 5
#define AT_PAGESZ 6
#define AT_ENTRY 9
#define AT_UID 11
#define AT_EUID 12
#define AT_GID 13
#define AT_EGID 14
#define AT_HWCAP 16
#define AT_CLKTCK 17
#define AT_SECURE 23
#define AT_RANDOM 25

static uint64_t page_down(uint64_t va)
{
    return va & ~(uint64_t)(SNP_PAGE_SIZE - 1);
}

static uint64_t page_up(uint64_t va)
{
    return page_down(va + SNP_PAGE_SIZE - 1);
}

static int load_segment(struct user_space *space, const uint8_t *file,
                        const struct elf_segment *s)
{
    uint64_t start = page_down(s->va);
    unsigned protection = USER_READ | (s->write ? USER_WRITE : 0) |
                          (s->execute ? USER_EXECUTE : 0);

    if (user_map(space, start, page_up(s->va + s->memory_size) - start,
                 protection) != 0) {
        return -1;
    }
    return user_fill(space, s->va, file + s->file_offset, s->file_size);
}

/* Strings and random bytes at the top, below them argc, argv, envp, auxv. */
static int build_stack(struct process *process, const struct elf_image *image)
{
    static const char name[16] = "evtpm-vtpm";
    uint64_t name_va = STACK_TOP - sizeof(name), random_va = name_va - 16;
    uint8_t random[16];
    struct cpuid_regs leaf1;

    cpuid_get(1, 0, &leaf1);
    random_bytes(random, sizeof(random));
    const uint64_t words[] = {
        1, name_va, 0, 0, /* argc, argv, no environment */
        AT_PHDR, image->phdr_va, AT_PHENT, image->phentsize,
        AT_PHNUM, image->phnum, AT_PAGESZ, SNP_PAGE_SIZE,
        AT_ENTRY, image->entry, AT_UID, 0, AT_EUID, 0, AT_GID, 0, AT_EGID, 0,
        AT_HWCAP, leaf1.edx, AT_CLKTCK, 100, AT_SECURE, 0,
        AT_RANDOM, random_va, AT_NULL, 0,
    };

    process->frame.rsp = (random_va - sizeof(words)) & ~15ull;
    if (user_map(&process->space, STACK_TOP - PROCESS_STACK_SIZE,
                 PROCESS_STACK_SIZE, USER_READ | USER_WRITE) != 0 ||
        user_write(&process->space, name_va, name, sizeof(name)) != 0 ||
        user_write(&process->space, random_va, random, sizeof(random)) != 0 ||
        user_write(&process->space, process->frame.rsp, words,
                   sizeof(words)) != 0) {
        return -1;
    }
    return 0;
}

/* Default control words of the ABI: FCW 37f, MXCSR 1f80; registers empty. */
static void fpu_reset(uint8_t *area)
{
    const uint16_t fcw = 0x37f;
    const uint32_t mxcsr = 0x1f80;

    memset(area, 0, 512);
    memcpy(area, &fcw, sizeof(fcw));
    memcpy(area + 24, &mxcsr, sizeof(mxcsr));
}

int process_load(struct process *process, const uint8_t *file, size_t size)
{
    struct elf_image image;
    const char *error = elf_parse(&image, file, size, USER_LOW, MMAP_BASE);

    memset(process, 0, sizeof(*process));
    if (error) {
        console_printf("vTPM program: %s\n", error);
        return -1;
    }
    if (user_space_init(&process->space) != 0) {
        goto no_memory;
    }
    for (unsigned i = 0; i < image.count; i++) {
        if (load_segment(&process->space, file, &image.segment[i]) != 0) {
            goto no_memory;
        }
    }
    if (build_stack(process, &image) != 0) {
        goto no_memory;
    }
    fpu_reset(process->fpu);
    process->frame.rip = image.entry;
    process->frame.cs = SEL_USER_CODE;
    process->frame.ss = SEL_USER_DATA;
    process->frame.rflags = 2;
    process->brk_start = process->brk_end = page_up(image.end);
    process->mmap_next = MMAP_BASE;
    return 0;

no_memory:
    console_printf("vTPM program: out of memory, %lu pages free\n",
                   pages_free());
    return -1;
}
