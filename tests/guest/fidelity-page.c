/* SPDX-License-Identifier: MIT */
/* Fidelity tests: the rows' address space, and the target in each state and size. */
#include "tests/guest/fidelity.h"

#define TABLE_FLAGS (PTE_P | PTE_W | PTE_U | SNP_CBIT)
#define PTE_LARGE (1ull << 7)

const char *const fid_size_name[FID_SIZES] = {
    [MAP4_RMP4] = "4K in 4K",
    [MAP4_RMP2] = "4K in 2M",
    [MAP2_RMP4] = "2M in 4K",
    [MAP2_RMP2] = "2M in 2M",
};

static uint64_t *table[4], *code_leaves;
static uint8_t *code, *small, *whole, *broken;
static uint8_t *target; /* 4 KiB or 2 MiB, at VMPL0 */
static enum fid_size target_size;

/* A page that rows use, with all rights for all. */
static void *open_page(void)
{
    void *page = page_alloc();

    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        vmpl_grant(page, PAGE, vmpl, RMP_PERM_ALL);
    }
    return page;
}

void fid_make_tables(void)
{
    const uint64_t *boot_table = (uint64_t *)boot->page_table_base;

    for (unsigned int i = 0; i < 4; i++) {
        table[i] = open_page();
    }
    code_leaves = open_page();
    code = open_page();
    table[0][0] = (uint64_t)table[1] | TABLE_FLAGS;
    table[0][1] = boot_table[1];
    table[1][1] = (uint64_t)table[2] | TABLE_FLAGS;
    table[2][0] = (uint64_t)code_leaves | TABLE_FLAGS;
    table[2][1] = (uint64_t)table[3] | TABLE_FLAGS;
    code_leaves[0] = (uint64_t)code | TABLE_FLAGS;
    code_leaves[1] = (uint64_t)open_page() | TABLE_FLAGS;
    small = page_alloc();
    whole = large_raw();
    broken = large_raw();
}

uint8_t *fid_code(void)
{
    return code;
}

/* ---- the target ---- */

uint64_t *fid_table(unsigned int level)
{
    return table[level];
}

static bool rmp_is_large(enum fid_size size)
{
    return size == MAP4_RMP2 || size == MAP2_RMP2;
}

static bool map_is_large(enum fid_size size)
{
    return size == MAP2_RMP4 || size == MAP2_RMP2;
}

void *fid_alias(void)
{
    return target_size == MAP4_RMP4 ? target : target + FID_PAGE * PAGE;
}

volatile uint64_t *fid_leaf(void)
{
    return map_is_large(target_size) ? &table[2][1] : &table[3][FID_PAGE];
}

static uint32_t psc_large(uint64_t gpa, unsigned int op)
{
    struct ghcb_psc_hdr *header = (void *)(uint64_t)ghcb->shared_buffer;
    uint64_t *entry = (void *)(uint64_t)&ghcb->shared_buffer[8];

    ghcb_begin();
    *header = (struct ghcb_psc_hdr){ 0, 0, 0 };
    *entry = gpa | (uint64_t)op << GHCB_PSC_OP_SHIFT | GHCB_PSC_LARGE;
    GHCB_SET(sw_scratch, SVSM_GHCB_GPA + 0x800);
    ghcb_call(GHCB_NAE_PSC, 0, 0);
    return (uint32_t)(ghcb->sw_exit_info_1 | ghcb->sw_exit_info_2);
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        report(false, "a row's page can be prepared: %s", what);
        finish();
    }
}

/* Fresh from the host: private, not validated, no rights, the RMP entries' size as asked. */
static void renew(enum fid_size size)
{
    uint64_t gpa;

    target_size = size;
    target = size == MAP4_RMP4 ? small : size == MAP2_RMP4 ? broken : whole;
    gpa = (uint64_t)target;
    if (size == MAP4_RMP4) {
        must(psc(gpa, GHCB_PSC_SHARED) == 0 && psc(gpa, GHCB_PSC_PRIVATE) == 0,
             "4 KiB, to shared and back");
        return;
    }
    must(psc_large(gpa, GHCB_PSC_SHARED) == 0 &&
             psc_large(gpa, GHCB_PSC_PRIVATE) == 0,
         "2 MiB, to shared and back");
    if (size == MAP2_RMP4) {
        must(psc_large(gpa, GHCB_PSC_PSMASH) == 0, "PSMASH");
    }
}

static void validate(void)
{
    if (rmp_is_large(target_size)) {
        must(pvalidate(target, true, true).eax == SNP_OK, "PVALIDATE, 2 MiB");
    } else {
        must(pvalidate(fid_alias(), false, true).eax == SNP_OK,
             "PVALIDATE, 4 KiB");
    }
}

static void map_target(uint64_t flags)
{
    volatile uint64_t *leaf = fid_leaf();

    memset(table[3], 0, PAGE);
    table[2][1] = (uint64_t)table[3] | TABLE_FLAGS;
    if (map_is_large(target_size)) {
        *leaf = (uint64_t)target | flags | (flags & PTE_P ? PTE_LARGE : 0);
    } else {
        *leaf = (uint64_t)fid_alias() | flags;
    }
}

uint64_t fid_page(enum fid_state state, enum fid_size size)
{
    const uint64_t usual = PTE_P | PTE_W | PTE_U;
    const uint64_t flags[] = {
        [PAGE_VALID] = usual | SNP_CBIT,
        [PAGE_INVALID] = usual | SNP_CBIT,
        [PAGE_SHARED] = usual,
        [PAGE_SHARED_C1] = usual | SNP_CBIT,
        [PAGE_VALID_C0] = usual,
        [PAGE_VMSA] = usual | SNP_CBIT,
        [PAGE_ABSENT] = 0,
        [PAGE_READ_ONLY] = PTE_P | PTE_U | SNP_CBIT,
    };

    renew(size);
    switch (state) {
    case PAGE_INVALID:
        break;
    case PAGE_SHARED:
    case PAGE_SHARED_C1:
        must(psc((uint64_t)fid_alias(), GHCB_PSC_SHARED) == 0, "shared");
        break;
    default:
        validate();
        *(volatile uint8_t *)fid_alias() = 0xcc;
        break;
    }
    if (state == PAGE_VMSA) {
        must(rmpadjust(fid_alias(), false, rdx_of(1, 0) | RMPADJUST_VMSA)
                     .eax == SNP_OK,
             "VMSA bit");
    }
    map_target(flags[state]);
    return (uint64_t)fid_alias();
}

void fid_rights(unsigned int vmpl, unsigned int perms)
{
    bool large = rmp_is_large(target_size);
    const void *page = large ? target : fid_alias();

    must(rmpadjust(page, large, rdx_of(vmpl, perms)).eax == SNP_OK, "rights");
}
