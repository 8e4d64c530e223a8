/* SPDX-License-Identifier: MIT */
/*
 * Fidelity tests: rows of (instruction, VMPL, CPL, mode, page state, size) and what the specification
 * says comes of them. fidelity.c brings the page into its state at VMPL0, puts a few bytes of code
 * into a page of their own, enters them at the row's VMPL, CPL and mode with the row's registers, and
 * tells how they ended. The code ends with INT3 unless something else ends it before.
 *
 * The guest runs with reflect-npf=on: a #VMEXIT(NPF) of VMPL1 to 3 comes back to VMPL0.
 */
#ifndef EVTPM_TESTS_FIDELITY_H
#define EVTPM_TESTS_FIDELITY_H

#include "tests/guest/guest.h"

/* Virtual addresses in the tables that rows run on, above which VMPL0's region is mapped, too */
#define FID_CODE 0x40000000ull   /* 4 KiB, private, all rights, user */
#define FID_STACK 0x40001000ull  /* 4 KiB, the same */
#define FID_TARGET 0x40200000ull /* 2 MiB: what the row is about */
#define FID_PAGE 5               /* the 4 KiB page of the target that rows use */
#define FID_ADDRESS (FID_TARGET + FID_PAGE * PAGE)
#define FID_NOWHERE 0x40400000ull /* mapped by no entry */
#define FID_LOW 0x10000ull        /* code and stack outside long mode; linear = GPA */
#define FID_LOW_TARGET 0x13000ull /* the page that rows outside long mode use */

/* Sets of each, for rows that are generated over several */
#define VMPL(n) (1u << (n))
#define VMPL_ALL 0xfu
#define VMPL_LOWER 0xeu
#define CPL0 (1u << 0)
#define CPL3 (1u << 3)
#define MODE_64 (1u << 0)
#define MODE_COMPAT (1u << 1) /* 32-bit code in long mode */
/* CPL0, not at VMPL0: */
#define MODE_FLAT (1u << 2)  /* 32-bit protected mode, paging off */
#define MODE_REAL (1u << 3)
#define MODE_PAGED (1u << 4) /* 32-bit entries */
#define MODE_PAE (1u << 5)

/* Sizes of the guest's mapping and of the RMP entries */
enum fid_size { MAP4_RMP4, MAP4_RMP2, MAP2_RMP4, MAP2_RMP2, FID_SIZES };

enum fid_state {
    PAGE_VALID,     /* private, validated, mapped with C-bit */
    PAGE_INVALID,   /* private, not validated */
    PAGE_SHARED,    /* shared, mapped without C-bit */
    PAGE_SHARED_C1, /* shared, mapped with C-bit */
    PAGE_VALID_C0,  /* private, validated, mapped without C-bit */
    PAGE_VMSA,      /* as PAGE_VALID, with the VMSA bit */
    PAGE_ABSENT,    /* as PAGE_VALID, but no mapping */
    PAGE_READ_ONLY, /* as PAGE_VALID, mapped read-only */
};

enum fid_kind { DONE, TRAP, NPF, LOST };

struct fid_run {
    unsigned int vmpl, cpl, mode;
    const uint8_t *code;
    unsigned int length;
    uint64_t rax, rcx, rdx, rdi;
    uint64_t rflags;   /* beside bit 1 */
    uint64_t features; /* SEV_FEATURES beside SNPActive; not at VMPL0 */
    uint64_t idt;      /* another address of the IDT; long mode, not at VMPL0 */
};

struct fid_outcome {
    enum fid_kind kind;
    uint64_t vector, error;  /* TRAP */
    uint64_t info_1, info_2; /* NPF */
    uint64_t rip, cr2, rax, rcx, rdx, rflags;
};

extern const char *const fid_size_name[FID_SIZES];

/* ---- the target, and where the rows run (fidelity-page.c) ---- */
void fid_make_tables(void);
uint8_t *fid_code(void); /* the page behind FID_CODE */
/* The target as a row wants it, no rights at VMPL1 to 3; returns the GPA behind FID_ADDRESS. */
uint64_t fid_page(enum fid_state state, enum fid_size size);
/* Rights of one VMPL on the target (all of it where its RMP entry is large). */
void fid_rights(unsigned int vmpl, unsigned int perms);
/* The target's leaf entry, and its page at VMPL0. */
volatile uint64_t *fid_leaf(void);
void *fid_alias(void);
/* Table pages of the rows' address space, from the top: 0 to 3; 3 has the target's 4 KiB leaves. */
uint64_t *fid_table(unsigned int level);
/* FID_LOW_TARGET, private and full of INT3, or shared; `cbit`: PAE maps it with C-bit. Its GPA at VMPL0. */
uint8_t *fid_low_page(bool shared, bool cbit);

/* ---- rows (fidelity.c) ---- */
void fid_init(void);
const void *fid_idt(void); /* at most a page */
void fid_go(const struct fid_run *run, struct fid_outcome *out);
/* What came, as a line of commentary. */
void fid_explain(const struct fid_outcome *out);
const char *fid_mode_name(unsigned int mode);

#endif
