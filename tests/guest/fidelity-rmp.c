/* SPDX-License-Identifier: MIT */
/* PVALIDATE, RMPADJUST, RMPQUERY (APM vol. 3): each VMPL, CPL, mode, page state and size. */
#include "tests/guest/fidelity.h"

enum insn { PVALIDATE, RMPADJUST, RMPQUERY };
static const struct {
    const char *name;
    uint8_t code[4];
} insn[] = {
    [PVALIDATE] = { "PVALIDATE", { 0xf2, 0x0f, 0x01, 0xff } },
    [RMPADJUST] = { "RMPADJUST", { 0xf3, 0x0f, 0x01, 0xfe } },
    [RMPQUERY] = { "RMPQUERY", { 0xf3, 0x0f, 0x01, 0xfd } },
};

/* What comes of it; REFUSED: an error or an exception, the specification's text decides no further. */
enum end { RESULT, GP, PF, UD, VC404, EXIT_NPF, REFUSED };
static const char *const end_name[] = {
    [RESULT] = "result", [GP] = "#GP(0)", [PF] = "#PF", [UD] = "#UD",
    [VC404] = "#VC 404", [EXIT_NPF] = "NPF", [REFUSED] = "refused",
};

#define NON_CANONICAL 0x0000900000000000ull
#define ANY_CF 2

static bool is_end(const struct fid_outcome *out, enum end end)
{
    bool trap = out->kind == TRAP && out->rip == FID_CODE;

    switch (end) {
    case RESULT:
        return out->kind == DONE && out->rip == FID_CODE + 5;
    case GP:
        return trap && out->vector == TRAP_GP && out->error == 0;
    case PF:
        return trap && out->vector == TRAP_PF && out->error == 0;
    case UD:
        return trap && out->vector == TRAP_UD;
    case VC404:
        return trap && out->vector == SNP_VECTOR_VC &&
               out->error == SVM_EXIT_PAGE_NOT_VALIDATED;
    case EXIT_NPF:
        return out->kind == NPF && out->rip == FID_CODE &&
               (out->info_1 & (NPF_RMP | NPF_VMPL)) == NPF_RMP;
    default:
        return out->kind == TRAP || (uint32_t)out->rax != SNP_OK;
    }
}

static struct fid_outcome go(enum insn which, unsigned int vmpl,
                             unsigned int cpl, unsigned int mode,
                             uint64_t rax, uint64_t rcx, uint64_t rdx)
{
    struct fid_run run = { vmpl, cpl, mode, insn[which].code, 4,
                           .rax = rax, .rcx = rcx, .rdx = rdx };
    struct fid_outcome out;

    fid_go(&run, &out);
    return out;
}

static void read_byte(void *va)
{
    (void)*(volatile uint8_t *)va;
}

static bool is_validated(void)
{
    return !trap_catch(read_byte, fid_alias());
}

/* Flags follow EAX; CF is PVALIDATE's own. */
static bool flags_fit(const struct fid_outcome *out)
{
    return !!(out->rflags & 1 << 6) == ((uint32_t)out->rax == 0) &&
           !(out->rflags & (1 << 11 | 1 << 7 | 1 << 4));
}

/* ---- PVALIDATE ---- */

static const struct {
    const char *what;
    enum fid_state state;
    enum fid_size size;
    unsigned int vmpls, cpls, modes;
    uint64_t address;
    bool large, validate;
    enum end end;
    uint32_t eax;
    unsigned int carry;
} rows[] = {
    { "validate", PAGE_INVALID, MAP4_RMP4, VMPL(0), CPL0,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, true, RESULT, SNP_OK, 0 },
    { "validate what is valid", PAGE_VALID, MAP4_RMP4, VMPL(0), CPL0,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, true, RESULT, SNP_OK, 1 },
    { "rescind", PAGE_VALID, MAP4_RMP4, VMPL(0), CPL0, MODE_64 | MODE_COMPAT,
      FID_ADDRESS, false, false, RESULT, SNP_OK, 0 },
    { "rescind what is not valid", PAGE_INVALID, MAP4_RMP4, VMPL(0), CPL0,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, false, RESULT, SNP_OK, 1 },
    { "an address inside the page", PAGE_INVALID, MAP4_RMP4, VMPL(0), CPL0,
      MODE_64, FID_ADDRESS + 0x123, false, true, RESULT, SNP_OK, 0 },
    { "by a read-only mapping: checked as a read", PAGE_READ_ONLY, MAP4_RMP4,
      VMPL(0), CPL0, MODE_64, FID_ADDRESS, false, false, RESULT, SNP_OK, 0 },
    { "4 KiB, mapped by a 2 MiB leaf", PAGE_INVALID, MAP2_RMP4, VMPL(0), CPL0,
      MODE_64, FID_ADDRESS, false, true, RESULT, SNP_OK, 0 },
    { "2 MiB", PAGE_INVALID, MAP2_RMP2, VMPL(0), CPL0, MODE_64 | MODE_COMPAT,
      FID_TARGET, true, true, RESULT, SNP_OK, 0 },
    { "2 MiB that is valid", PAGE_VALID, MAP2_RMP2, VMPL(0), CPL0, MODE_64,
      FID_TARGET, true, true, RESULT, SNP_OK, 1 },
    { "rescind 2 MiB", PAGE_VALID, MAP2_RMP2, VMPL(0), CPL0, MODE_64,
      FID_TARGET, true, false, RESULT, SNP_OK, 0 },
    { "rescind 2 MiB that is not valid", PAGE_INVALID, MAP2_RMP2, VMPL(0),
      CPL0, MODE_64, FID_TARGET, true, false, RESULT, SNP_OK, 1 },
    { "2 MiB of 4 KiB entries", PAGE_INVALID, MAP2_RMP4, VMPL(0), CPL0,
      MODE_64 | MODE_COMPAT, FID_TARGET, true, true, RESULT,
      SNP_FAIL_SIZEMISMATCH, ANY_CF },
    { "rescind 2 MiB of 4 KiB entries", PAGE_VALID, MAP2_RMP4, VMPL(0), CPL0,
      MODE_64, FID_TARGET, true, false, RESULT, SNP_FAIL_SIZEMISMATCH,
      ANY_CF },
    /* #VMEXIT(NPF) with SIZEM: the host splits the entry, the instruction restarts. */
    { "4 KiB of a 2 MiB entry", PAGE_INVALID, MAP2_RMP2, VMPL(0), CPL0,
      MODE_64, FID_ADDRESS, false, true, RESULT, SNP_OK, 0 },
    { "rescind 4 KiB of a 2 MiB entry", PAGE_VALID, MAP4_RMP2, VMPL(0), CPL0,
      MODE_64, FID_ADDRESS, false, false, RESULT, SNP_OK, 0 },
    { "4 KiB of a valid 2 MiB entry", PAGE_VALID, MAP2_RMP2, VMPL(0), CPL0,
      MODE_64, FID_ADDRESS, false, true, RESULT, SNP_OK, 1 },
    { "2 MiB, not aligned", PAGE_INVALID, MAP2_RMP2, VMPL(0), CPL0, MODE_64,
      FID_ADDRESS, true, true, RESULT, SNP_FAIL_INPUT, ANY_CF },
    { "not mapped", PAGE_ABSENT, MAP4_RMP4, VMPL(0), CPL0,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, false, PF, 0, ANY_CF },
    { "not canonical", PAGE_INVALID, MAP4_RMP4, VMPL(0), CPL0, MODE_64,
      NON_CANONICAL, false, true, GP, 0, ANY_CF },
    { "at CPL3", PAGE_INVALID, MAP4_RMP4, VMPL_ALL, CPL3,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, true, GP, 0, ANY_CF },
    { "at CPL3, rescind", PAGE_VALID, MAP4_RMP4, VMPL_ALL, CPL3, MODE_64,
      FID_ADDRESS, false, false, GP, 0, ANY_CF },
    /* Only VMPL0 may; by which event the others learn it is disputed. */
    { "not by VMPL0", PAGE_INVALID, MAP4_RMP4, VMPL_LOWER, CPL0,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, true, REFUSED, 0, ANY_CF },
    { "rescind, not by VMPL0", PAGE_VALID, MAP4_RMP4, VMPL_LOWER, CPL0,
      MODE_64 | MODE_COMPAT, FID_ADDRESS, false, false, REFUSED, 0, ANY_CF },
    { "2 MiB, not by VMPL0", PAGE_INVALID, MAP2_RMP2, VMPL_LOWER, CPL0,
      MODE_64, FID_TARGET, true, true, REFUSED, 0, ANY_CF },
};

static void pvalidate_once(unsigned int row, unsigned int vmpl,
                           unsigned int cpl, unsigned int mode)
{
    const enum fid_state state = rows[row].state;
    bool was = state != PAGE_INVALID, done;
    struct fid_outcome out;
    bool good;

    fid_page(state, rows[row].size);
    out = go(PVALIDATE, vmpl, cpl, mode, rows[row].address, rows[row].large,
             rows[row].validate);
    good = is_end(&out, rows[row].end);
    if (rows[row].end == RESULT) {
        good = good && (uint32_t)out.rax == rows[row].eax && flags_fit(&out) &&
               (rows[row].carry == ANY_CF ||
                (out.rflags & 1) == rows[row].carry);
    } else if (rows[row].end == PF) {
        good = good && out.cr2 == FID_ADDRESS;
    }
    done = rows[row].end == RESULT && rows[row].eax == SNP_OK;
    good = good && is_validated() == (done ? rows[row].validate : was);
    report(good, "PVALIDATE: %s, VMPL%u, CPL%u, %s, %s: %s %u [vol. 3 PVALIDATE]",
           rows[row].what, vmpl, cpl, fid_mode_name(mode),
           fid_size_name[rows[row].size], end_name[rows[row].end],
           rows[row].eax);
    if (!good) {
        fid_explain(&out);
    }
}

static void for_each(unsigned int vmpls, unsigned int cpls,
                     unsigned int modes, unsigned int row,
                     void (*fn)(unsigned int row, unsigned int vmpl,
                                unsigned int cpl, unsigned int mode))
{
    for (unsigned int vmpl = 0; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int cpl = 0; cpl <= 3; cpl += 3) {
            for (unsigned int mode = MODE_64; mode <= MODE_COMPAT;
                 mode <<= 1) {
                if ((vmpls & VMPL(vmpl)) && (cpls & 1u << cpl) &&
                    (modes & mode)) {
                    fn(row, vmpl, cpl, mode);
                }
            }
        }
    }
}

/* ---- RMPADJUST ---- */

enum targets { ABOVE, NOT_ABOVE, OUTSIDE }; /* numerically, of the VMPL that runs */

static const struct {
    const char *what;
    enum fid_state state;
    enum fid_size size;
    unsigned int vmpls, cpls, modes;
    uint64_t address;
    bool large;
    enum targets targets;
    unsigned int own, perms; /* rights of the level that runs; rights given */
    enum end end;
    uint32_t eax;
} adjust[] = {
    { "nothing", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL0,
      MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL, 0, RESULT, SNP_OK },
    { "all rights", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL0,
      MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL, RMP_PERM_ALL, RESULT,
      SNP_OK },
    { "user execution", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2),
      CPL0, MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL,
      RMP_PERM_READ | RMP_PERM_EXEC_USER, RESULT, SNP_OK },
    { "own rights", PAGE_VALID, MAP4_RMP4, VMPL(1) | VMPL(2), CPL0, MODE_64,
      FID_ADDRESS, false, ABOVE, RMP_PERM_READ, RMP_PERM_READ, RESULT,
      SNP_OK },
    { "a write right beyond one's own", PAGE_VALID, MAP4_RMP4,
      VMPL(1) | VMPL(2), CPL0, MODE_64, FID_ADDRESS, false, ABOVE,
      RMP_PERM_READ, RMP_PERM_READ | RMP_PERM_WRITE, RESULT,
      SNP_FAIL_PERMISSION },
    { "supervisor execution for user execution", PAGE_VALID, MAP4_RMP4,
      VMPL(1) | VMPL(2), CPL0, MODE_64, FID_ADDRESS, false, ABOVE,
      RMP_PERM_READ | RMP_PERM_EXEC_USER,
      RMP_PERM_READ | RMP_PERM_EXEC_SUPER, RESULT, SNP_FAIL_PERMISSION },
    { "one's own or a higher level", PAGE_VALID, MAP4_RMP4, VMPL_ALL, CPL0,
      MODE_64, FID_ADDRESS, false, NOT_ABOVE, RMP_PERM_ALL, RMP_PERM_READ,
      RESULT, SNP_FAIL_PERMISSION },
    { "a level that does not exist", PAGE_VALID, MAP4_RMP4, VMPL_ALL, CPL0,
      MODE_64, FID_ADDRESS, false, OUTSIDE, RMP_PERM_ALL, RMP_PERM_READ,
      RESULT, SNP_FAIL_INPUT },
    { "2 MiB", PAGE_VALID, MAP2_RMP2, VMPL(0) | VMPL(1) | VMPL(2), CPL0,
      MODE_64, FID_TARGET, true, ABOVE, RMP_PERM_ALL, RMP_PERM_READ, RESULT,
      SNP_OK },
    { "2 MiB, beyond one's own", PAGE_VALID, MAP2_RMP2, VMPL(1) | VMPL(2),
      CPL0, MODE_64, FID_TARGET, true, ABOVE, RMP_PERM_READ, RMP_PERM_ALL,
      RESULT, SNP_FAIL_PERMISSION },
    { "2 MiB, not aligned", PAGE_VALID, MAP2_RMP2, VMPL(0), CPL0, MODE_64,
      FID_ADDRESS, true, ABOVE, RMP_PERM_ALL, RMP_PERM_READ, RESULT,
      SNP_FAIL_INPUT },
    { "4 KiB of a 2 MiB entry (the host splits it)", PAGE_VALID, MAP2_RMP2,
      VMPL(0) | VMPL(1) | VMPL(2), CPL0, MODE_64, FID_ADDRESS, false, ABOVE,
      RMP_PERM_ALL, RMP_PERM_READ, RESULT, SNP_OK },
    { "4 KiB, mapped by a 2 MiB leaf", PAGE_VALID, MAP2_RMP4, VMPL(0), CPL0,
      MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL, RMP_PERM_READ, RESULT,
      SNP_OK },
    { "by a read-only mapping", PAGE_READ_ONLY, MAP4_RMP4, VMPL(0) | VMPL(1),
      CPL0, MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL, RMP_PERM_ALL,
      RESULT, SNP_OK },
    { "not validated", PAGE_INVALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2),
      CPL0, MODE_64, FID_ADDRESS, false, ABOVE, 0, 0, VC404, 0 },
    { "shared page", PAGE_SHARED_C1, MAP4_RMP4, VMPL(1) | VMPL(2), CPL0,
      MODE_64, FID_ADDRESS, false, ABOVE, 0, 0, EXIT_NPF, 0 },
    { "not mapped", PAGE_ABSENT, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL0,
      MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL, 0, PF, 0 },
    { "not canonical", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2),
      CPL0, MODE_64, NON_CANONICAL, false, ABOVE, RMP_PERM_ALL, 0, GP, 0 },
    { "at CPL3", PAGE_VALID, MAP4_RMP4, VMPL_ALL, CPL3, MODE_64, FID_ADDRESS,
      false, OUTSIDE, RMP_PERM_ALL, RMP_PERM_READ, GP, 0 },
    { "at CPL3", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL3,
      MODE_64, FID_ADDRESS, false, ABOVE, RMP_PERM_ALL, RMP_PERM_READ, GP,
      0 },
    { "outside 64-bit mode", PAGE_VALID, MAP4_RMP4, VMPL_ALL, CPL0,
      MODE_COMPAT, FID_ADDRESS, false, NOT_ABOVE, RMP_PERM_ALL, RMP_PERM_READ,
      UD, 0 },
};

static unsigned int rights_at(unsigned int vmpl)
{
    return (rmpquery(fid_alias(), vmpl).rdx >> RMPADJUST_PERM_SHIFT) & 0xff;
}

static bool has_rights(enum fid_state state)
{
    return state != PAGE_INVALID && state != PAGE_SHARED_C1;
}

static void adjust_once(unsigned int row, unsigned int vmpl, unsigned int cpl,
                        unsigned int mode, unsigned int target)
{
    const unsigned int before = RMP_PERM_EXEC_USER;
    bool has = has_rights(adjust[row].state), visible, good;
    struct fid_outcome out;

    fid_page(adjust[row].state, adjust[row].size);
    visible = has && target > 0 && target < SNP_VMPL_COUNT;
    if (visible) {
        fid_rights(target, before);
    }
    if (has && vmpl > 0) {
        fid_rights(vmpl, adjust[row].own);
    }
    out = go(RMPADJUST, vmpl, cpl, mode, adjust[row].address,
             adjust[row].large, rdx_of(target, adjust[row].perms));
    good = is_end(&out, adjust[row].end);
    if (adjust[row].end == RESULT) {
        good = good && (uint32_t)out.rax == adjust[row].eax &&
               flags_fit(&out) && out.rcx == adjust[row].large &&
               out.rdx == rdx_of(target, adjust[row].perms);
    }
    if (adjust[row].end == RESULT && adjust[row].eax == SNP_OK) {
        good = good && rights_at(target) == adjust[row].perms;
    } else if (visible && target != vmpl) {
        good = good && rights_at(target) == before;
    }
    report(good, "RMPADJUST: %s, VMPL%u for %u, CPL%u, %s, %s: %s %u "
           "[vol. 3 RMPADJUST]", adjust[row].what, vmpl, target, cpl,
           fid_mode_name(mode), fid_size_name[adjust[row].size],
           end_name[adjust[row].end], adjust[row].eax);
    if (!good) {
        fid_explain(&out);
    }
}

static void adjust_targets(unsigned int row, unsigned int vmpl,
                           unsigned int cpl, unsigned int mode)
{
    unsigned int from = 0, to = vmpl;

    switch (adjust[row].targets) {
    case ABOVE:
        from = vmpl + 1;
        to = SNP_VMPL_COUNT - 1;
        break;
    case NOT_ABOVE:
        break;
    case OUTSIDE:
        adjust_once(row, vmpl, cpl, mode, SNP_VMPL_COUNT);
        from = to = 0xff;
        break;
    }
    for (unsigned int target = from; target <= to; target++) {
        adjust_once(row, vmpl, cpl, mode, target);
    }
}

/* The VMSA bit is VMPL0's; at other levels it is ignored. Not told: with a 2 MiB page. */
static void check_vmsa_bit(void)
{
    for (unsigned int vmpl = 0; vmpl < 3; vmpl++) {
        for (unsigned int set = 0; set <= 1; set++) {
            uint64_t rdx = rdx_of(vmpl + 1, 0) | (set ? RMPADJUST_VMSA : 0);
            struct fid_outcome out;
            bool now, want = vmpl == 0 ? set : !set;

            fid_page(set ? PAGE_VALID : PAGE_VMSA, MAP4_RMP4);
            out = go(RMPADJUST, vmpl, 0, MODE_64, FID_ADDRESS, 0, rdx);
            now = rmpquery(fid_alias(), 1).rdx & RMPADJUST_VMSA;
            report(is_end(&out, RESULT) && (uint32_t)out.rax == SNP_OK &&
                       now == want,
                   "RMPADJUST: VMSA bit %u asked for by VMPL%u: %s "
                   "[vol. 3 RMPADJUST]", set, vmpl,
                   vmpl == 0 ? "so it is" : "ignored");
        }
    }
}

/* ---- RMPQUERY ---- */

static const struct {
    const char *what;
    enum fid_state state;
    enum fid_size size;
    unsigned int vmpls, cpls, modes;
    enum end end;
} query[] = {
    { "rights", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL0,
      MODE_64, RESULT },
    { "rights", PAGE_VALID, MAP2_RMP4, VMPL(0), CPL0, MODE_64, RESULT },
    { "rights", PAGE_VALID, MAP4_RMP2, VMPL(0) | VMPL(1), CPL0, MODE_64,
      RESULT },
    { "rights", PAGE_VALID, MAP2_RMP2, VMPL(0) | VMPL(1), CPL0, MODE_64,
      RESULT },
    { "VMSA page", PAGE_VMSA, MAP4_RMP4, VMPL(0), CPL0, MODE_64, RESULT },
    { "not validated", PAGE_INVALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2),
      CPL0, MODE_64, VC404 },
    { "not mapped", PAGE_ABSENT, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL0,
      MODE_64, PF },
    { "at CPL3", PAGE_VALID, MAP4_RMP4, VMPL(0) | VMPL(1) | VMPL(2), CPL3,
      MODE_64, GP },
    { "outside 64-bit mode", PAGE_VALID, MAP4_RMP4,
      VMPL(0) | VMPL(1) | VMPL(2), CPL0, MODE_COMPAT, UD },
};

static bool rmp_is_large(enum fid_size size)
{
    return size == MAP4_RMP2 || size == MAP2_RMP2;
}

static void query_once(unsigned int row, unsigned int vmpl, unsigned int cpl,
                       unsigned int mode, unsigned int target)
{
    enum fid_state state = query[row].state;
    unsigned int perms = state == PAGE_VALID ? target * 5 & RMP_PERM_ALL : 0;
    uint64_t want = rdx_of(target, perms) |
                    (state == PAGE_VMSA ? RMPADJUST_VMSA : 0);
    struct fid_outcome out;
    bool good;

    fid_page(state, query[row].size);
    if (state == PAGE_VALID) {
        fid_rights(target, perms);
    }
    out = go(RMPQUERY, vmpl, cpl, mode, FID_ADDRESS, 0, target);
    good = is_end(&out, query[row].end);
    if (query[row].end == RESULT) {
        good = good && (uint32_t)out.rax == SNP_OK && flags_fit(&out) &&
               (out.rdx & 0x1ffff) == want &&
               out.rcx == rmp_is_large(query[row].size);
    }
    report(good, "RMPQUERY: %s, VMPL%u of %u, CPL%u, %s, %s: %s [vol. 3 RMPQUERY]",
           query[row].what, vmpl, target, cpl, fid_mode_name(mode),
           fid_size_name[query[row].size], end_name[query[row].end]);
    if (!good) {
        fid_explain(&out);
    }
}

static void query_targets(unsigned int row, unsigned int vmpl,
                          unsigned int cpl, unsigned int mode)
{
    for (unsigned int target = vmpl + 1; target < SNP_VMPL_COUNT; target++) {
        query_once(row, vmpl, cpl, mode, target);
    }
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void guest_main(void)
{
    fid_init();
    for (unsigned int row = 0; row < COUNT(rows); row++) {
        for_each(rows[row].vmpls, rows[row].cpls, rows[row].modes, row,
                 pvalidate_once);
    }
    for (unsigned int row = 0; row < COUNT(adjust); row++) {
        for_each(adjust[row].vmpls, adjust[row].cpls, adjust[row].modes, row,
                 adjust_targets);
    }
    check_vmsa_bit();
    for (unsigned int row = 0; row < COUNT(query); row++) {
        for_each(query[row].vmpls, query[row].cpls, query[row].modes, row,
                 query_targets);
    }
}
