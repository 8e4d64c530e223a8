/* SPDX-License-Identifier: MIT */
/*
 * Memory outside long mode (APM vol. 2 15.34.5): where no table entry has a place for the C-bit, all is
 * private; with PAE, the leaf's C-bit decides for data, and fetches are private.
 */
#include "tests/guest/fidelity.h"

#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
#define WITHOUT_CBIT (MODE_FLAT | MODE_REAL | MODE_PAGED)
#define REAL_TARGET (FID_LOW_TARGET - FID_LOW) /* DS base: FID_LOW */

enum { READ, WRITE, FETCH };
static const struct {
    const char *name;
    uint8_t code[4], length;
    uint8_t real[4], real_length;
} access[] = {
    [READ] = { "read", BYTES(0x8a, 0x07), BYTES(0x8a, 0x05) },
    [WRITE] = { "write", BYTES(0x88, 0x07), BYTES(0x88, 0x05) },
    [FETCH] = { "fetch", BYTES(0xff, 0xe7), BYTES(0xff, 0xe7) },
};

enum end { END_DONE, END_NPF };
static const char *const end_name[] = { "done", "NPF" };

static const struct {
    const char *spec, *what;
    unsigned int modes, kinds;
    bool shared, cbit;
    enum end end;
} rows[] = {
    { "15.34.5", "private page", WITHOUT_CBIT, 7, false, false, END_DONE },
    { "15.34.5", "shared page", WITHOUT_CBIT, 7, true, false, END_NPF },
    { "15.34.5", "private page with C-bit", MODE_PAE, 7, false, true,
      END_DONE },
    { "15.34.5", "shared page with C-bit", MODE_PAE, 7, true, true, END_NPF },
    { "15.34.5", "shared page without C-bit, data", MODE_PAE,
      1 << READ | 1 << WRITE, true, false, END_DONE },
    { "15.34.5", "shared page without C-bit, fetch", MODE_PAE, 1 << FETCH,
      true, false, END_NPF },
    { "15.34.5", "private page without C-bit, fetch", MODE_PAE, 1 << FETCH,
      false, false, END_DONE },
};

static struct fid_run run_of(unsigned int vmpl, unsigned int mode,
                             unsigned int kind)
{
    bool real = mode == MODE_REAL;

    return (struct fid_run){
        vmpl, 0, mode, real ? access[kind].real : access[kind].code,
        real ? access[kind].real_length : access[kind].length,
        .rax = 0x5a, .rdi = real ? REAL_TARGET : FID_LOW_TARGET,
    };
}

static bool is_done(const struct fid_outcome *out, const struct fid_run *run,
                    unsigned int kind, const uint8_t *page)
{
    uint64_t rip = kind == FETCH ? FID_LOW_TARGET - FID_LOW + FID_CODE
                                 : FID_CODE + run->length;

    if (out->kind != DONE || out->rip != rip + 1) {
        return false;
    }
    /* The same memory as VMPL0 sees: it is full of 0xcc. */
    return kind == WRITE ? page[0] == 0x5a
                         : kind == FETCH || (uint8_t)out->rax == 0xcc;
}

static bool is_npf(const struct fid_outcome *out)
{
    return out->kind == NPF &&
           (out->info_1 & (NPF_RMP | NPF_VMPL | NPF_FINAL)) ==
               (NPF_RMP | NPF_FINAL) &&
           out->info_2 / PAGE == FID_LOW_TARGET / PAGE;
}

static void check(unsigned int row, unsigned int vmpl, unsigned int mode,
                  unsigned int kind)
{
    const uint8_t *page = fid_low_page(rows[row].shared, rows[row].cbit);
    struct fid_run run = run_of(vmpl, mode, kind);
    struct fid_outcome out;
    bool good;

    fid_go(&run, &out);
    good = rows[row].end == END_DONE ? is_done(&out, &run, kind, page)
                                     : is_npf(&out);
    report(good, "%s: %s, VMPL%u, %s: %s [%s]", rows[row].what,
           access[kind].name, vmpl, fid_mode_name(mode),
           end_name[rows[row].end], rows[row].spec);
    if (!good) {
        fid_explain(&out);
    }
}

/* Not validated, and no rights: in every mode the same. */
static void check_refused(unsigned int vmpl, unsigned int mode,
                          unsigned int kind)
{
    uint8_t *page = fid_low_page(false, true);
    struct fid_run run = run_of(vmpl, mode, kind);
    struct fid_outcome out;

    rmpadjust(page, false, rdx_of(vmpl, 0));
    fid_go(&run, &out);
    report(out.kind == NPF &&
               (out.info_1 & (NPF_RMP | NPF_VMPL)) == (NPF_RMP | NPF_VMPL),
           "%s of a page without rights, VMPL%u, %s: NPF [15.36.7]",
           access[kind].name, vmpl, fid_mode_name(mode));
    page = fid_low_page(false, true);
    pvalidate(page, false, false);
    fid_go(&run, &out);
    report(out.kind == TRAP && out.vector == SNP_VECTOR_VC &&
               (mode == MODE_REAL ||
                out.error == SVM_EXIT_PAGE_NOT_VALIDATED),
           "%s of a page not validated, VMPL%u, %s: #VC 404 [15.36.10]",
           access[kind].name, vmpl, fid_mode_name(mode));
}

void guest_main(void)
{
    fid_init();
    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int mode = MODE_FLAT; mode <= MODE_PAE; mode <<= 1) {
            for (unsigned int kind = READ; kind <= FETCH; kind++) {
                for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]);
                     row++) {
                    if ((rows[row].modes & mode) &&
                        (rows[row].kinds & 1u << kind)) {
                        check(row, vmpl, mode, kind);
                    }
                }
                check_refused(vmpl, mode, kind);
            }
        }
    }
}
