/* SPDX-License-Identifier: MIT */
/*
 * Data and instruction accesses: each VMPL, CPL, set of rights, size of mapping and of RMP entry, and
 * each state of the page.
 */
#include "tests/guest/fidelity.h"

#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })

enum { READ, WRITE, MODIFY, FETCH };
static const struct {
    const char *name;
    uint8_t code[4];
    unsigned int length;
} access[] = {
    [READ] = { "read", BYTES(0x8a, 0x07) },
    [WRITE] = { "write", BYTES(0x88, 0x07) },
    [MODIFY] = { "read-modify-write", BYTES(0xf0, 0xfe, 0x07) },
    [FETCH] = { "fetch", BYTES(0xff, 0xe7) },
};

/* APM vol. 2 15.36.7: which right an access needs */
static unsigned int need_of(unsigned int kind, unsigned int cpl)
{
    switch (kind) {
    case READ:
        return RMP_PERM_READ;
    case WRITE:
        return RMP_PERM_WRITE;
    case MODIFY:
        return RMP_PERM_READ | RMP_PERM_WRITE;
    default:
        return cpl == 3 ? RMP_PERM_EXEC_USER : RMP_PERM_EXEC_SUPER;
    }
}

static struct fid_outcome go(unsigned int vmpl, unsigned int cpl,
                             unsigned int mode, unsigned int kind)
{
    struct fid_run run = { vmpl, cpl, mode, access[kind].code,
                           access[kind].length, .rdi = FID_ADDRESS };
    struct fid_outcome out;

    fid_go(&run, &out);
    return out;
}

static bool is_done(const struct fid_outcome *out, unsigned int kind)
{
    /* A fetch finds the page's INT3. */
    uint64_t rip = kind == FETCH ? FID_ADDRESS : FID_CODE + access[kind].length;

    return out->kind == DONE && out->rip == rip + 1;
}

static bool is_at_access(const struct fid_outcome *out, unsigned int kind)
{
    return out->rip == (kind == FETCH ? FID_ADDRESS : FID_CODE);
}

/* EXITINFO1 and 2 (15.25.6, 15.36.10); `also` beside RMP, in the final address. */
static bool is_npf(const struct fid_outcome *out, unsigned int kind,
                   uint64_t also, uint64_t gpa)
{
    uint64_t mask = NPF_RMP | NPF_VMPL | NPF_FINAL | NPF_TABLE | NPF_SIZEM |
                    NPF_FETCH | NPF_WRITE;
    uint64_t want = NPF_RMP | NPF_FINAL | also;

    if (kind == WRITE) {
        want |= NPF_WRITE;
    } else if (kind == FETCH) {
        want |= NPF_FETCH;
    } else if (kind == MODIFY) {
        mask &= ~NPF_WRITE; /* which half faults is left open */
    }
    return out->kind == NPF && (out->info_1 & mask) == want &&
           out->info_2 / PAGE == gpa / PAGE && is_at_access(out, kind);
}

/* ---- rights ---- */

static void check_right(unsigned int vmpl, unsigned int cpl,
                        unsigned int kind, unsigned int perms,
                        enum fid_size size, uint64_t gpa)
{
    unsigned int need = need_of(kind, cpl);
    bool allowed = (perms & need) == need;
    struct fid_outcome out = go(vmpl, cpl, MODE_64, kind);
    bool good = allowed ? is_done(&out, kind)
                        : is_npf(&out, kind, NPF_VMPL, gpa);

    report(good, "%s, VMPL%u, CPL%u, rights %c%c%c%c, %s: %s [15.36.7]",
           access[kind].name, vmpl, cpl, perms & RMP_PERM_READ ? 'r' : '-',
           perms & RMP_PERM_WRITE ? 'w' : '-',
           perms & RMP_PERM_EXEC_USER ? 'u' : '-',
           perms & RMP_PERM_EXEC_SUPER ? 's' : '-', fid_size_name[size],
           allowed ? "done" : "NPF");
    if (!good) {
        fid_explain(&out);
    }
}

/* All rights of the other levels, and none of theirs count. */
static void check_rights(enum fid_size size, unsigned int vmpl,
                         unsigned int perms)
{
    uint64_t gpa = fid_page(PAGE_VALID, size);

    for (unsigned int other = 1; other < SNP_VMPL_COUNT; other++) {
        fid_rights(other, other == vmpl ? perms : RMP_PERM_ALL & ~perms);
    }
    for (unsigned int cpl = 0; cpl <= 3; cpl += 3) {
        for (unsigned int kind = READ; kind <= FETCH; kind++) {
            check_right(vmpl, cpl, kind, perms, size, gpa);
            *(volatile uint8_t *)fid_alias() = 0xcc;
        }
    }
}

static void check_all_rights(void)
{
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int perms = 0; perms <= RMP_PERM_ALL; perms++) {
            check_rights(MAP4_RMP4, vmpl, perms);
        }
    }
    for (enum fid_size size = MAP4_RMP2; size < FID_SIZES; size++) {
        check_rights(size, 2, 0);
        check_rights(size, 2, RMP_PERM_READ);
        check_rights(size, 1, RMP_PERM_READ | RMP_PERM_EXEC_USER);
        check_rights(size, 3, RMP_PERM_READ | RMP_PERM_WRITE |
                                  RMP_PERM_EXEC_SUPER);
    }
}

/* VMPL0 has all rights, whatever the others have. */
static void check_vmpl0(void)
{
    for (enum fid_size size = 0; size < FID_SIZES; size++) {
        for (unsigned int cpl = 0; cpl <= 3; cpl += 3) {
            for (unsigned int kind = READ; kind <= FETCH; kind++) {
                struct fid_outcome out;

                fid_page(PAGE_VALID, size);
                out = go(0, cpl, MODE_64, kind);
                report(is_done(&out, kind), "%s, VMPL0, CPL%u, %s: done "
                       "[15.36.7]", access[kind].name, cpl,
                       fid_size_name[size]);
                if (!is_done(&out, kind)) {
                    fid_explain(&out);
                }
            }
        }
    }
}

/* ---- states ---- */

enum { END_DONE, END_404, END_RMP, END_VMPL, END_PF };
static const char *const end_name[] = {
    [END_DONE] = "done", [END_404] = "#VC 404", [END_RMP] = "NPF",
    [END_VMPL] = "NPF", [END_PF] = "#PF",
};

/*
 * Rights are all, for all. Left out, as the specification or hosts leave them open: a shared mapping of
 * an assigned page (the host converts it or ends the VM), writes at VMPL1 to 3 to a page with the VMSA
 * bit. At VMPL0 an NPF ends the VM: end-* guests.
 */
static const struct {
    const char *spec, *what;
    enum fid_state state;
    unsigned int vmpls, kinds;
    int end;
} states[] = {
    { "15.36.10", "private, not validated", PAGE_INVALID, VMPL_ALL, 0xf,
      END_404 },
    { "15.34.5", "shared, data without C-bit", PAGE_SHARED, VMPL_ALL,
      1 << READ | 1 << WRITE | 1 << MODIFY, END_DONE },
    { "15.34.5", "shared, fetch without C-bit (private all the same)",
      PAGE_SHARED, VMPL_LOWER, 1 << FETCH, END_RMP },
    { "15.36.10", "shared, with C-bit", PAGE_SHARED_C1, VMPL_LOWER, 0xf,
      END_RMP },
    { "15.34.5", "private, fetch without C-bit", PAGE_VALID_C0, VMPL_ALL,
      1 << FETCH, END_DONE },
    { "15.36.10", "VMSA page, read", PAGE_VMSA, VMPL_ALL, 1 << READ,
      END_DONE },
    { "15.36.10", "VMSA page, write by VMPL0", PAGE_VMSA, VMPL(0),
      1 << WRITE | 1 << MODIFY, END_DONE },
    { "5.3", "not mapped", PAGE_ABSENT, VMPL_ALL,
      1 << READ | 1 << WRITE | 1 << FETCH, END_PF },
    { "5.6", "mapped read-only", PAGE_READ_ONLY, VMPL_ALL,
      1 << WRITE | 1 << MODIFY, END_PF },
};

static uint64_t pf_error(enum fid_state state, unsigned int cpl,
                         unsigned int kind)
{
    /* EFER.NXE is set. */
    return (state == PAGE_READ_ONLY ? 1u : 0) |
           (kind == WRITE || kind == MODIFY ? 2u : 0) |
           (cpl == 3 ? 4u : 0) | (kind == FETCH ? 16u : 0);
}

static bool is_trap(const struct fid_outcome *out, unsigned int kind,
                    uint64_t vector, uint64_t error)
{
    return out->kind == TRAP && out->vector == vector &&
           out->error == error && is_at_access(out, kind);
}

/* All rights for all, where there is something to have rights on. */
static void grant_all(enum fid_state state)
{
    if (state == PAGE_INVALID || state == PAGE_SHARED ||
        state == PAGE_SHARED_C1) {
        return;
    }
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        if (state == PAGE_VMSA) {
            rmpadjust(fid_alias(), false,
                      rdx_of(vmpl, RMP_PERM_ALL) | RMPADJUST_VMSA);
        } else {
            fid_rights(vmpl, RMP_PERM_ALL);
        }
    }
}

static void check_state(unsigned int row, enum fid_size size,
                        unsigned int vmpl, unsigned int cpl,
                        unsigned int mode, unsigned int kind)
{
    uint64_t gpa = fid_page(states[row].state, size);
    struct fid_outcome out;
    bool good = false;

    grant_all(states[row].state);
    out = go(vmpl, cpl, mode, kind);
    switch (states[row].end) {
    case END_DONE:
        good = is_done(&out, kind);
        break;
    case END_404:
        good = is_trap(&out, kind, SNP_VECTOR_VC, SVM_EXIT_PAGE_NOT_VALIDATED);
        break;
    case END_RMP:
        good = is_npf(&out, kind, 0, gpa);
        break;
    case END_PF:
        good = is_trap(&out, kind, TRAP_PF,
                       pf_error(states[row].state, cpl, kind)) &&
               out.cr2 == FID_ADDRESS;
        break;
    }
    report(good, "%s: %s, VMPL%u, CPL%u, %s, %s: %s [%s]", states[row].what,
           access[kind].name, vmpl, cpl, fid_mode_name(mode),
           fid_size_name[size], end_name[states[row].end], states[row].spec);
    if (!good) {
        fid_explain(&out);
    }
}

static bool size_fits(enum fid_state state, enum fid_size size)
{
    switch (state) {
    case PAGE_SHARED:
    case PAGE_SHARED_C1:
    case PAGE_VMSA: /* 4 KiB only */
        return size == MAP4_RMP4 || size == MAP2_RMP4;
    default:
        return true;
    }
}

static void check_row(unsigned int row, enum fid_size size,
                      unsigned int vmpl)
{
    for (unsigned int kind = READ; kind <= FETCH; kind++) {
        if (!(states[row].kinds & 1u << kind)) {
            continue;
        }
        for (unsigned int cpl = 0; cpl <= 3; cpl += 3) {
            check_state(row, size, vmpl, cpl, MODE_64, kind);
            if (size == MAP4_RMP4) {
                check_state(row, size, vmpl, cpl, MODE_COMPAT, kind);
            }
        }
    }
}

static void check_states(void)
{
    for (unsigned int row = 0; row < sizeof(states) / sizeof(states[0]);
         row++) {
        for (enum fid_size size = 0; size < FID_SIZES; size++) {
            for (unsigned int vmpl = 0; vmpl < SNP_VMPL_COUNT; vmpl++) {
                if ((states[row].vmpls & VMPL(vmpl)) &&
                    size_fits(states[row].state, size)) {
                    check_row(row, size, vmpl);
                }
            }
        }
    }
}

/* ---- accesses of two pages, the second one not validated ---- */

static const struct {
    const char *what;
    uint8_t code[4];
    unsigned int length;
    uint64_t rdi, rcx, rcx_after;
} crossing[] = {
    { "read", BYTES(0x66, 0x8b, 0x07), FID_ADDRESS + PAGE - 1, 0, 0 },
    { "write", BYTES(0x66, 0x89, 0x07), FID_ADDRESS + PAGE - 1, 0, 0 },
    { "REP STOS", BYTES(0xf3, 0xaa), FID_ADDRESS + PAGE - 16, 32, 16 },
};

/* 15.36.10: restartable; a plain write has not begun, a string instruction has got so far. */
static void check_crossing(unsigned int row, unsigned int vmpl,
                           unsigned int cpl, unsigned int mode)
{
    struct fid_run run = { vmpl, cpl, mode, crossing[row].code,
                           crossing[row].length, .rax = 0x5a5a,
                           .rcx = crossing[row].rcx,
                           .rdi = crossing[row].rdi };
    uint64_t begun = crossing[row].rcx ? 0x5a : 0xcc;
    volatile uint8_t *last;
    struct fid_outcome out;

    fid_page(PAGE_VALID, MAP2_RMP4);
    if (vmpl > 0) {
        fid_rights(vmpl, RMP_PERM_ALL);
    }
    last = (uint8_t *)fid_alias() + PAGE - 1;
    *last = 0xcc;
    fid_go(&run, &out);
    report(is_trap(&out, READ, SNP_VECTOR_VC, SVM_EXIT_PAGE_NOT_VALIDATED) &&
               out.rcx == crossing[row].rcx_after && *last == begun,
           "%s into a page that is not validated, VMPL%u, CPL%u, %s: #VC 404 "
           "[15.36.10]", crossing[row].what, vmpl, cpl, fid_mode_name(mode));
    if (out.kind != TRAP) {
        fid_explain(&out);
    }
}

static void check_crossings(void)
{
    for (unsigned int i = 0; i < 3 * SNP_VMPL_COUNT * 2 * 2; i++) {
        check_crossing(i % 3, i / 3 % SNP_VMPL_COUNT, i / 12 % 2 * 3,
                       i / 24 ? MODE_COMPAT : MODE_64);
    }
}

void guest_main(void)
{
    fid_init();
    check_vmpl0();
    check_all_rights();
    check_states();
    check_crossings();
}
