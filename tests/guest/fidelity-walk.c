/* SPDX-License-Identifier: MIT */
/*
 * Page walks: what a table page's state and rights do to an access through it, accessed and dirty bits,
 * and the two memories behind a guest-physical address.
 *
 * Left out: a walk that needs to set no bit through a table that its VMPL may only read. All walks count
 * as writes at the nested level (15.25.5); whether that holds for VMPL rights is not said.
 */
#include "tests/guest/fidelity.h"

#define TABLE_FLAGS (PTE_P | PTE_W | PTE_U | SNP_CBIT)
#define WALK_VA 0x10000000000ull /* a PML4 entry of its own */
#define ACCESSED (1ull << 5)
#define DIRTY (1ull << 6)
#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

enum { READ, WRITE, FETCH };
static const struct {
    const char *name;
    uint8_t code[4];
    unsigned int length;
} access[] = {
    [READ] = { "read", BYTES(0x8a, 0x07) },
    [WRITE] = { "write", BYTES(0x88, 0x07) },
    [FETCH] = { "fetch", BYTES(0xff, 0xe7) },
};

enum table_state { GOOD, NO_RIGHTS, EXECUTE_ONLY, READ_ONLY, WRITE_ONLY,
                   NOT_VALIDATED, IS_SHARED, CBIT_CLEAR, SHARED_CBIT_CLEAR };
enum end { END_DONE, END_VMPL, END_RMP, END_404 };

/* Through a table page in a state, at each level below the first, by each access. */
static const struct {
    const char *spec, *what;
    enum table_state state;
    unsigned int vmpls;
    enum end end;
} rows[] = {
    { "15.36.7", "all rights", GOOD, VMPL_ALL, END_DONE },
    { "15.34.5", "entry without C-bit: private all the same", CBIT_CLEAR,
      VMPL_ALL, END_DONE },
    { "15.36.7", "no rights", NO_RIGHTS, VMPL_LOWER, END_VMPL },
    { "15.36.7", "execute rights only", EXECUTE_ONLY, VMPL_LOWER, END_VMPL },
    { "15.36.7", "may read, A to be set", READ_ONLY, VMPL_LOWER, END_VMPL },
    { "15.36.7", "may write only", WRITE_ONLY, VMPL_LOWER, END_VMPL },
    { "15.36.10", "not validated", NOT_VALIDATED, VMPL_ALL, END_404 },
    { "15.36.10", "shared page", IS_SHARED, VMPL_LOWER, END_RMP },
    { "15.34.5", "shared page, entry without C-bit", SHARED_CBIT_CLEAR,
      VMPL_LOWER, END_RMP },
};

static uint64_t *walk[4]; /* [0] is the rows' first table; then one for each level */
static uint8_t *leaf_page;

static void grant_all(const void *page)
{
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        vmpl_grant(page, PAGE, vmpl, RMP_PERM_ALL);
    }
}

static void make_walk(void)
{
    walk[0] = fid_table(0);
    for (unsigned int i = 1; i < 4; i++) {
        walk[i] = page_alloc();
        grant_all(walk[i]);
    }
    leaf_page = page_alloc();
    grant_all(leaf_page);
}

/* Index 2 of the first table, 0 of the others */
static uint64_t *entry_of(unsigned int level)
{
    return &walk[level][level == 0 ? 2 : 0];
}

/* As new: the table is private, valid, free for all, its entry has nothing set. */
static void restore(unsigned int level)
{
    psc((uint64_t)walk[level], GHCB_PSC_SHARED);
    psc((uint64_t)walk[level], GHCB_PSC_PRIVATE);
    pvalidate(walk[level], false, true);
    memset(walk[level], 0, PAGE);
    grant_all(walk[level]);
}

static void link_tables(void)
{
    for (unsigned int level = 0; level < 3; level++) {
        *entry_of(level) = (uint64_t)walk[level + 1] | TABLE_FLAGS;
    }
    *entry_of(3) = (uint64_t)leaf_page | TABLE_FLAGS;
    leaf_page[0] = 0xcc;
}

static void set_rights(unsigned int level, unsigned int perms)
{
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        vmpl_grant(walk[level], PAGE, vmpl, perms);
    }
}

static void set_state(unsigned int level, enum table_state state)
{
    switch (state) {
    case GOOD:
        break;
    case NO_RIGHTS:
        set_rights(level, 0);
        break;
    case EXECUTE_ONLY:
        set_rights(level, RMP_PERM_EXEC_USER | RMP_PERM_EXEC_SUPER);
        break;
    case READ_ONLY:
        set_rights(level, RMP_PERM_READ);
        break;
    case WRITE_ONLY:
        set_rights(level, RMP_PERM_WRITE);
        break;
    case NOT_VALIDATED:
        pvalidate(walk[level], false, false);
        break;
    case IS_SHARED:
        psc((uint64_t)walk[level], GHCB_PSC_SHARED);
        break;
    case CBIT_CLEAR:
        *entry_of(level - 1) &= ~SNP_CBIT;
        break;
    case SHARED_CBIT_CLEAR:
        *entry_of(level - 1) &= ~SNP_CBIT;
        psc((uint64_t)walk[level], GHCB_PSC_SHARED);
        break;
    }
}

static struct fid_outcome go(unsigned int vmpl, unsigned int cpl,
                             unsigned int kind, uint64_t address)
{
    struct fid_run run = { vmpl, cpl, MODE_64, access[kind].code,
                           access[kind].length, .rdi = address };
    struct fid_outcome out;

    fid_go(&run, &out);
    return out;
}

static bool is_done(const struct fid_outcome *out, unsigned int kind,
                    uint64_t address)
{
    return out->kind == DONE &&
           out->rip ==
               (kind == FETCH ? address : FID_CODE + access[kind].length) + 1;
}

/* 15.36.10: fault of the walk, EXITINFO2 the entry that it was after */
static bool is_walk_npf(const struct fid_outcome *out, unsigned int level,
                        uint64_t also)
{
    const uint64_t mask = NPF_RMP | NPF_VMPL | NPF_TABLE | NPF_FINAL;

    return out->kind == NPF &&
           (out->info_1 & mask) == (NPF_RMP | NPF_TABLE | also) &&
           out->info_2 == (uint64_t)entry_of(level);
}

static void check_walk(unsigned int row, unsigned int level,
                       unsigned int vmpl, unsigned int cpl,
                       unsigned int kind)
{
    struct fid_outcome out;
    bool good = false;

    restore(level);
    link_tables();
    set_state(level, rows[row].state);
    out = go(vmpl, cpl, kind, WALK_VA);
    switch (rows[row].end) {
    case END_DONE:
        good = is_done(&out, kind, WALK_VA);
        break;
    case END_VMPL:
        good = is_walk_npf(&out, level, NPF_VMPL);
        break;
    case END_RMP:
        good = is_walk_npf(&out, level, 0);
        break;
    case END_404:
        good = out.kind == TRAP && out.vector == SNP_VECTOR_VC &&
               out.error == SVM_EXIT_PAGE_NOT_VALIDATED;
        break;
    }
    report(good, "%s by a table of level %u: %s, VMPL%u, CPL%u [%s]",
           access[kind].name, 4 - level, rows[row].what, vmpl, cpl,
           rows[row].spec);
    if (!good) {
        fid_explain(&out);
    }
    restore(level);
}

static void check_walks(void)
{
    for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        for (unsigned int level = 1; level < 4; level++) {
            for (unsigned int i = 0; i < SNP_VMPL_COUNT * 2 * 3; i++) {
                unsigned int vmpl = i / 6, cpl = i % 2 * 3, kind = i / 2 % 3;

                if (rows[row].vmpls & VMPL(vmpl)) {
                    check_walk(row, level, vmpl, cpl, kind);
                }
            }
        }
    }
}

/* ---- 5.4.2: A in each entry used, D in the leaf of a write; and for nothing that did not happen ---- */

static void check_bits(unsigned int vmpl, unsigned int cpl,
                       unsigned int kind)
{
    struct fid_outcome out;
    bool accessed = true, dirty;

    link_tables();
    out = go(vmpl, cpl, kind, WALK_VA);
    for (unsigned int level = 0; level < 4; level++) {
        accessed = accessed && (*entry_of(level) & ACCESSED);
    }
    dirty = *entry_of(3) & DIRTY;
    report(is_done(&out, kind, WALK_VA) && accessed && dirty == (kind == WRITE),
           "%s, VMPL%u, CPL%u: sets A%s [5.4.2]", access[kind].name, vmpl, cpl,
           kind == WRITE ? " and D" : ", not D");
}

/* The entry's page is read-only for the VMPL by the tables: #PF, no D. */
static void check_no_dirty(unsigned int vmpl)
{
    struct fid_outcome out;

    link_tables();
    *entry_of(3) &= ~PTE_W;
    out = go(vmpl, 3, WRITE, WALK_VA);
    report(out.kind == TRAP && out.vector == TRAP_PF && out.error == 7 &&
               !(*entry_of(3) & DIRTY),
           "write to a read-only mapping, VMPL%u: #PF, no D [5.4.2]", vmpl);
}

static void check_accessed_dirty(void)
{
    for (unsigned int level = 1; level < 4; level++) {
        restore(level);
    }
    for (unsigned int vmpl = 0; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int kind = READ; kind <= FETCH; kind++) {
            check_bits(vmpl, 0, kind);
            check_bits(vmpl, 3, kind);
        }
        check_no_dirty(vmpl);
    }
}

/* ---- aliases: 15.34.5, 15.36.10 ---- */

static bool reads(unsigned int vmpl, uint64_t va, uint8_t value)
{
    struct fid_outcome out = go(vmpl, 0, READ, va);

    return is_done(&out, READ, va) && (uint8_t)out.rax == value;
}

static bool writes(unsigned int vmpl, uint64_t va, uint8_t value)
{
    struct fid_run run = { vmpl, 0, MODE_64, access[WRITE].code,
                           access[WRITE].length, .rax = value, .rdi = va };
    struct fid_outcome out;

    fid_go(&run, &out);
    return is_done(&out, WRITE, va);
}

/* Two mappings of one page, by C-bit alike, show the same memory to all VMPLs. */
static void check_same(enum fid_state state, enum fid_size size,
                       unsigned int vmpl)
{
    const char *what = state == PAGE_SHARED ? "shared" : "private";
    uint64_t gpa = fid_page(state, size);

    if (state == PAGE_VALID) {
        fid_rights(vmpl ? vmpl : 1, RMP_PERM_ALL);
    }
    link_tables();
    *entry_of(3) = gpa | PTE_P | PTE_W | PTE_U |
                   (state == PAGE_VALID ? SNP_CBIT : 0);
    report(writes(vmpl, FID_ADDRESS, 0x5a) && reads(vmpl, WALK_VA, 0x5a) &&
               writes(vmpl, WALK_VA, 0xa5) && reads(vmpl, FID_ADDRESS, 0xa5),
           "two mappings of a %s page, VMPL%u, %s: one memory [15.34.5]", what,
           vmpl, fid_size_name[size]);
    report(writes(vmpl, FID_ADDRESS, 0x3c) && reads(0, WALK_VA, 0x3c),
           "what VMPL%u writes to a %s page, VMPL0 reads [15.34.5]", vmpl,
           what);
}

/* A private view of a shared page: never its contents; the shared view is as it was. */
static void check_private_view(unsigned int vmpl, enum fid_size size)
{
    uint64_t gpa = fid_page(PAGE_SHARED, size);
    struct fid_outcome out;
    bool wrote;

    link_tables();
    *entry_of(3) = gpa | TABLE_FLAGS;
    wrote = writes(0, FID_ADDRESS, 0x77);
    out = go(vmpl, 0, READ, WALK_VA);
    report(wrote && out.kind == NPF && (out.info_1 & NPF_RMP) &&
               reads(0, FID_ADDRESS, 0x77),
           "C-bit set in an alias of a shared page, VMPL%u, %s: NPF, contents "
           "kept [15.36.10]", vmpl, fid_size_name[size]);
}

/* A shared view of a private page: the host resolves it or not; what is private does not show. */
static void check_shared_view(unsigned int vmpl, enum fid_size size)
{
    uint64_t gpa = fid_page(PAGE_VALID, size);
    struct fid_outcome out;

    fid_rights(vmpl ? vmpl : 1, RMP_PERM_ALL);
    link_tables();
    *entry_of(3) = gpa | PTE_P | PTE_W | PTE_U;
    writes(0, FID_ADDRESS, 0x99);
    out = go(vmpl, 0, READ, WALK_VA);
    report(out.kind != LOST && (out.kind != DONE || (uint8_t)out.rax != 0x99),
           "no C-bit in an alias of a private page, VMPL%u, %s: its contents "
           "do not show [15.34.5]", vmpl, fid_size_name[size]);
}

static void check_aliases(void)
{
    for (unsigned int vmpl = 0; vmpl < SNP_VMPL_COUNT; vmpl++) {
        check_same(PAGE_VALID, MAP4_RMP4, vmpl);
        check_same(PAGE_VALID, MAP2_RMP2, vmpl);
        check_same(PAGE_SHARED, MAP4_RMP4, vmpl);
        check_same(PAGE_SHARED, MAP2_RMP4, vmpl);
        check_shared_view(vmpl, MAP4_RMP4);
        check_shared_view(vmpl, MAP2_RMP2);
        if (vmpl > 0) {
            check_private_view(vmpl, MAP4_RMP4);
            check_private_view(vmpl, MAP2_RMP4);
        }
    }
}

/* ---- the IDT: read as data are (15.34.5), with the rights that data need (15.36.7) ---- */

static const struct {
    const char *what;
    enum fid_state state;
    unsigned int perms;
    bool works;
} idt_rows[] = {
    { "private, all rights", PAGE_VALID, RMP_PERM_ALL, true },
    { "private, may read", PAGE_VALID, RMP_PERM_READ, true },
    { "private, may not read", PAGE_VALID,
      RMP_PERM_ALL & ~RMP_PERM_READ, false },
    { "shared, mapped without C-bit", PAGE_SHARED, 0, true },
    { "shared, mapped with C-bit", PAGE_SHARED_C1, 0, false },
};

static void check_idt_row(unsigned int row, unsigned int vmpl,
                          unsigned int cpl)
{
    static const uint8_t int3[] = { 0xcc };
    static uint8_t *window;
    enum fid_state state = idt_rows[row].state;
    uint64_t gpa = fid_page(state, MAP4_RMP4);
    struct fid_run run = { vmpl, cpl, MODE_64, int3, 1, .idt = FID_ADDRESS };
    struct fid_outcome out;
    bool good;

    if (!window) {
        window = page_window();
    }
    page_map(window, gpa,
             state == PAGE_VALID ? PTE_PRIVATE_RW : PTE_SHARED_RW);
    memcpy(window, fid_idt(), 32 * 16);
    if (state == PAGE_VALID) {
        fid_rights(vmpl, idt_rows[row].perms);
    }
    fid_go(&run, &out);
    good = idt_rows[row].works
               ? out.kind == DONE && out.rip == FID_CODE + 1
               : out.kind == NPF && (out.info_1 & NPF_RMP) &&
                     out.info_2 / PAGE == gpa / PAGE && out.rip == FID_CODE;
    report(good, "INT3 by an IDT that is %s, VMPL%u, CPL%u: %s [15.34.5]",
           idt_rows[row].what, vmpl, cpl,
           idt_rows[row].works ? "handled" : "NPF");
    if (!good) {
        fid_explain(&out);
    }
}

static void check_idt(void)
{
    for (unsigned int row = 0; row < sizeof(idt_rows) / sizeof(idt_rows[0]);
         row++) {
        for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
            check_idt_row(row, vmpl, 0);
            check_idt_row(row, vmpl, 3);
        }
    }
}

void guest_main(void)
{
    fid_init();
    make_walk();
    check_walks();
    check_accessed_dirty();
    check_aliases();
    check_idt();
}
