/* SPDX-License-Identifier: MIT */
/*
 * #VC by instruction (APM vol. 2 15.35.5): each VMPL, CPL and mode. Which intercepts are in force is the
 * host's choice: as KVM sets them for SNP guests. An exception of the instruction itself comes before
 * its intercept (15.9).
 *
 * Left out, as the specification or hosts differ: VMGEXIT at CPL3; MONITOR and MWAIT, that CPUID hides;
 * the SVM instructions; RDPRU; MMIO by a mapping with C-bit.
 */
#include "tests/guest/fidelity.h"

#define BYTES(...) { __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })
#define MODES_ALL (MODE_64 | MODE_COMPAT | MODE_FLAT | MODE_REAL)
#define MODES_LONG (MODE_64 | MODE_COMPAT)
#define BOTH (CPL0 | CPL3)
#define IOPL3 0x3000
#define TF 0x100
#define TRAP_DB 1
#define NONE 0xff
#define VC SNP_VECTOR_VC
#define MSR_APIC_BASE 0x1b
#define MSR_DEBUGCTL 0x1d9

static const struct {
    const char *spec, *what;
    uint8_t code[6];
    uint8_t length;
    unsigned int vmpls, cpls, modes;
    uint64_t rax, rcx, rdx, rflags, features;
    unsigned int vector, error; /* NONE: it is executed */
    bool after;                 /* the exception is a trap: RIP is past it */
} rows[] = {
    { "15.35.5", "CPUID", BYTES(0x0f, 0xa2), VMPL_ALL, BOTH, MODES_ALL,
      .vector = VC, .error = SVM_EXIT_CPUID },
    { "15.35.5", "CPUID of a leaf that does not exist", BYTES(0x0f, 0xa2),
      VMPL_ALL, BOTH, MODE_64, .rax = 0x40000000, .vector = VC,
      .error = SVM_EXIT_CPUID },
    { "15.9", "LOCK CPUID", BYTES(0xf0, 0x0f, 0xa2), VMPL_ALL, BOTH,
      MODES_ALL, .vector = TRAP_UD },

    { "15.35.5", "IN imm8", BYTES(0xe4, 0x80), VMPL_ALL, CPL0, MODES_ALL,
      .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "IN DX, 32 bits", BYTES(0xed), VMPL_ALL, CPL0, MODES_ALL,
      .rdx = 0xcfc, .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "OUT imm8", BYTES(0xe6, 0x80), VMPL_ALL, CPL0, MODES_ALL,
      .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "OUT DX", BYTES(0xee), VMPL_ALL, CPL0, MODES_ALL,
      .rdx = 0x3f8, .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "INS", BYTES(0x6c), VMPL_ALL, CPL0, MODES_LONG,
      .rdx = 0x80, .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "OUTS", BYTES(0x6e), VMPL_ALL, CPL0, MODES_LONG,
      .rdx = 0x80, .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "REP INS of one", BYTES(0xf3, 0x6c), VMPL_ALL, CPL0,
      MODES_LONG, .rdx = 0x80, .rcx = 1, .vector = VC,
      .error = SVM_EXIT_IOIO },
    { "15.35.5", "IN at IOPL 3", BYTES(0xe4, 0x80), VMPL_ALL, CPL3,
      MODES_LONG, .rflags = IOPL3, .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.35.5", "OUT at IOPL 3", BYTES(0xee), VMPL_ALL, CPL3, MODES_LONG,
      .rdx = 0x80, .rflags = IOPL3, .vector = VC, .error = SVM_EXIT_IOIO },
    { "15.9", "IN at IOPL 0", BYTES(0xe4, 0x80), VMPL_ALL, CPL3, MODES_LONG,
      .vector = TRAP_GP },
    { "15.9", "OUT at IOPL 0", BYTES(0xee), VMPL_ALL, CPL3, MODES_LONG,
      .rdx = 0x80, .vector = TRAP_GP },
    { "15.9", "OUTS at IOPL 0", BYTES(0x6e), VMPL_ALL, CPL3, MODE_64,
      .rdx = 0x80, .vector = TRAP_GP },

    { "15.35.5", "RDMSR of the APIC base", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_ALL, .rcx = MSR_APIC_BASE, .vector = VC, .error = SVM_EXIT_MSR },
    { "15.35.5", "WRMSR of the APIC base", BYTES(0x0f, 0x30), VMPL_ALL, CPL0,
      MODES_ALL, .rcx = MSR_APIC_BASE, .vector = VC, .error = SVM_EXIT_MSR },
    { "15.35.5", "RDMSR of the TSC", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0x10, .vector = VC, .error = SVM_EXIT_MSR },
    { "15.35.5", "RDMSR of an x2APIC register", BYTES(0x0f, 0x32), VMPL_ALL,
      CPL0, MODES_LONG, .rcx = 0x802, .vector = VC, .error = SVM_EXIT_MSR },
    { "15.35.5", "RDMSR of an MTRR", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0x2ff, .vector = VC, .error = SVM_EXIT_MSR },
    { "15.35.5", "WRMSR of HWCR", BYTES(0x0f, 0x30), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0xc0010015, .vector = VC, .error = SVM_EXIT_MSR },
    { "58019 5", "RDMSR of the SVSM's CAA", BYTES(0x0f, 0x32), VMPL_ALL,
      CPL0, MODES_LONG, .rcx = MSR_SVSM_CAA, .vector = VC,
      .error = SVM_EXIT_MSR },
    { "15.35.5", "RDMSR of no MSR at all", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0x12345678, .vector = VC, .error = SVM_EXIT_MSR },
    { "15.9", "RDMSR", BYTES(0x0f, 0x32), VMPL_ALL, CPL3, MODES_LONG,
      .rcx = MSR_APIC_BASE, .vector = TRAP_GP },
    { "15.9", "WRMSR", BYTES(0x0f, 0x30), VMPL_ALL, CPL3, MODES_LONG,
      .rcx = MSR_APIC_BASE, .vector = TRAP_GP },
    { "15.9", "RDMSR of the GHCB MSR", BYTES(0x0f, 0x32), VMPL_ALL, CPL3,
      MODES_LONG, .rcx = MSR_AMD64_GHCB, .vector = TRAP_GP },
    { "15.35.7", "RDMSR of the GHCB MSR", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_ALL, .rcx = MSR_AMD64_GHCB, .vector = NONE },
    { "15.34.10", "RDMSR of SEV_STATUS", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_ALL, .rcx = MSR_AMD64_SEV_STATUS, .vector = NONE },
    { "15.34.10", "WRMSR of SEV_STATUS, read-only", BYTES(0x0f, 0x30),
      VMPL_ALL, CPL0, MODES_ALL, .rcx = MSR_AMD64_SEV_STATUS,
      .vector = TRAP_GP },
    { "app. B", "RDMSR of EFER", BYTES(0x0f, 0x32), VMPL_ALL, CPL0, MODES_ALL,
      .rcx = 0xc0000080, .vector = NONE },
    { "app. B", "RDMSR of PAT", BYTES(0x0f, 0x32), VMPL_ALL, CPL0, MODES_LONG,
      .rcx = 0x277, .vector = NONE },
    { "app. B", "RDMSR of LSTAR", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0xc0000082, .vector = NONE },
    { "app. B", "WRMSR of LSTAR", BYTES(0x0f, 0x30), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0xc0000082, .vector = NONE },
    { "app. B", "RDMSR of GS_BASE", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0xc0000101, .vector = NONE },
    { "app. B", "WRMSR of KERNEL_GS_BASE", BYTES(0x0f, 0x30), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0xc0000102, .vector = NONE },
    { "app. B", "RDMSR of SYSENTER_EIP", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_LONG, .rcx = 0x176, .vector = NONE },

    { "app. B", "RDMSR of DEBUGCTL", BYTES(0x0f, 0x32), VMPL_ALL, CPL0,
      MODES_ALL, .rcx = MSR_DEBUGCTL, .vector = NONE },
    { "app. B", "WRMSR of DEBUGCTL", BYTES(0x0f, 0x30), VMPL_ALL, CPL0,
      MODES_ALL, .rcx = MSR_DEBUGCTL, .vector = NONE },
    { "13.1.1", "WRMSR of DEBUGCTL, reserved bits", BYTES(0x0f, 0x30),
      VMPL_ALL, CPL0, MODES_ALL, .rcx = MSR_DEBUGCTL, .rdx = 1,
      .vector = TRAP_GP },
    { "app. B", "RDMSR of the last branch's address", BYTES(0x0f, 0x32),
      VMPL_ALL, CPL0, MODES_LONG, .rcx = 0x1db, .vector = NONE },

    { "15.35.5", "RDPMC", BYTES(0x0f, 0x33), VMPL_ALL, CPL0, MODES_ALL,
      .vector = VC, .error = SVM_EXIT_RDPMC },
    { "15.9", "RDPMC without CR4.PCE", BYTES(0x0f, 0x33), VMPL_ALL, CPL3,
      MODES_LONG, .vector = TRAP_GP },
    { "15.35.5", "INVD", BYTES(0x0f, 0x08), VMPL_ALL, CPL0, MODES_ALL,
      .vector = VC, .error = SVM_EXIT_INVD },
    { "15.9", "INVD", BYTES(0x0f, 0x08), VMPL_ALL, CPL3, MODES_LONG,
      .vector = TRAP_GP },
    { "15.35.5", "WBINVD", BYTES(0x0f, 0x09), VMPL_ALL, CPL0, MODES_ALL,
      .vector = VC, .error = SVM_EXIT_WBINVD },
    { "15.9", "WBINVD", BYTES(0x0f, 0x09), VMPL_ALL, CPL3, MODES_LONG,
      .vector = TRAP_GP },
    { "15.35.5", "WBNOINVD: intercepted as WBINVD", BYTES(0xf3, 0x0f, 0x09),
      VMPL_ALL, CPL0, MODES_ALL, .vector = VC, .error = SVM_EXIT_WBINVD },
    { "15.9", "LOCK WBINVD", BYTES(0xf0, 0x0f, 0x09), VMPL_ALL, CPL0,
      MODES_ALL, .vector = TRAP_UD },
    { "15.35.5", "VMMCALL", BYTES(0x0f, 0x01, 0xd9), VMPL_ALL, BOTH,
      MODES_ALL, .vector = VC, .error = SVM_EXIT_VMMCALL },

    { "15.35.5", "read of DR7", BYTES(0x0f, 0x21, 0xf8), VMPL_ALL, CPL0,
      MODES_ALL, .vector = VC, .error = SVM_EXIT_DR7_READ },
    { "15.35.5", "write of DR7", BYTES(0x0f, 0x23, 0xf8), VMPL_ALL, CPL0,
      MODES_ALL, .rax = 0x400, .vector = VC, .error = SVM_EXIT_DR7_WRITE },
    { "15.9", "read of DR7", BYTES(0x0f, 0x21, 0xf8), VMPL_ALL, CPL3,
      MODES_LONG, .vector = TRAP_GP },
    { "15.9", "write of DR7", BYTES(0x0f, 0x23, 0xf8), VMPL_ALL, CPL3,
      MODES_LONG, .rax = 0x400, .vector = TRAP_GP },
    { "15.36.13", "read of DR7 with DebugSwap", BYTES(0x0f, 0x21, 0xf8),
      VMPL_LOWER, CPL0, MODES_ALL, .features = SEV_FEATURE_DEBUG_SWAP,
      .vector = NONE },
    { "15.36.13", "write of DR7 with DebugSwap", BYTES(0x0f, 0x23, 0xf8),
      VMPL_LOWER, CPL0, MODES_ALL, .rax = 0x400,
      .features = SEV_FEATURE_DEBUG_SWAP, .vector = NONE },
    { "15.35.5", "read of DR6", BYTES(0x0f, 0x21, 0xf0), VMPL_ALL, CPL0,
      MODES_ALL, .vector = NONE },

    { "15.12.2", "single step (#DB is intercepted)", BYTES(0x90), VMPL_ALL,
      BOTH, MODES_ALL, .rflags = TF, .vector = VC, .error = SVM_EXIT_EXCP_DB,
      .after = true },
    { "15.36.13", "single step with DebugSwap", BYTES(0x90), VMPL_LOWER, BOTH,
      MODES_ALL, .rflags = TF, .features = SEV_FEATURE_DEBUG_SWAP,
      .vector = TRAP_DB, .after = true },

    { "15.35.5", "RDTSC", BYTES(0x0f, 0x31), VMPL_ALL, BOTH, MODES_ALL,
      .vector = NONE },
    { "15.35.5", "RDTSCP", BYTES(0x0f, 0x01, 0xf9), VMPL_ALL, BOTH,
      MODES_ALL, .vector = NONE },
    { "15.35.4", "PAUSE", BYTES(0xf3, 0x90), VMPL_ALL, BOTH, MODES_ALL,
      .vector = NONE },
    { "15.35.5", "read of CR0", BYTES(0x0f, 0x20, 0xc0), VMPL_ALL, CPL0,
      MODES_ALL, .vector = NONE },
    { "15.35.10", "read and write of CR4",
      BYTES(0x0f, 0x20, 0xe0, 0x0f, 0x22, 0xe0), VMPL_ALL, CPL0, MODES_ALL,
      .vector = NONE },
    { "15.9", "read of CR0", BYTES(0x0f, 0x20, 0xc0), VMPL_ALL, CPL3,
      MODES_LONG, .vector = TRAP_GP },
    { "15.35.5", "CLTS", BYTES(0x0f, 0x06), VMPL_ALL, CPL0, MODES_ALL,
      .vector = NONE },
    { "15.35.5", "INVLPG", BYTES(0x0f, 0x01, 0x38), VMPL_ALL, CPL0,
      MODES_LONG, .rax = FID_TARGET, .vector = NONE },
    { "15.9", "INVLPG", BYTES(0x0f, 0x01, 0x38), VMPL_ALL, CPL3, MODES_LONG,
      .rax = FID_TARGET, .vector = TRAP_GP },
    { "15.9", "HLT", BYTES(0xf4), VMPL_ALL, CPL3, MODES_LONG,
      .vector = TRAP_GP },
    { "15.35.5", "UD2: not intercepted", BYTES(0x0f, 0x0b), VMPL_ALL, BOTH,
      MODES_ALL, .vector = TRAP_UD },
    { "15.35.5", "REP INS of none", BYTES(0xf3, 0x6c), VMPL_ALL, CPL0,
      MODES_LONG, .rdx = 0x80, .vector = NONE },
};

static struct fid_outcome go(unsigned int row, unsigned int vmpl,
                             unsigned int cpl, unsigned int mode)
{
    struct fid_run run = {
        vmpl, cpl, mode, rows[row].code, rows[row].length,
        .rax = rows[row].rax, .rcx = rows[row].rcx, .rdx = rows[row].rdx,
        .rdi = FID_ADDRESS, .rflags = rows[row].rflags,
        .features = rows[row].features,
    };
    struct fid_outcome out;

    fid_go(&run, &out);
    return out;
}

static bool is_right(unsigned int row, unsigned int mode,
                     const struct fid_outcome *out)
{
    if (rows[row].vector == NONE) {
        return out->kind == DONE &&
               out->rip == FID_CODE + rows[row].length + 1;
    }
    /* Real mode has no error codes. */
    return out->kind == TRAP && out->vector == rows[row].vector &&
           (mode == MODE_REAL || out->error == rows[row].error) &&
           out->rip == FID_CODE + (rows[row].after ? rows[row].length : 0);
}

static void check(unsigned int row, unsigned int vmpl, unsigned int cpl,
                  unsigned int mode)
{
    struct fid_outcome out = go(row, vmpl, cpl, mode);
    bool good = is_right(row, mode, &out);

    if (rows[row].vector == NONE) {
        report(good, "%s, VMPL%u, CPL%u, %s: done [%s]", rows[row].what, vmpl,
               cpl, fid_mode_name(mode), rows[row].spec);
    } else {
        report(good, "%s, VMPL%u, CPL%u, %s: exception %u, 0x%x [%s]",
               rows[row].what, vmpl, cpl, fid_mode_name(mode),
               rows[row].vector, rows[row].error, rows[row].spec);
    }
    if (!good) {
        fid_explain(&out);
    }
}

static bool exists(unsigned int vmpl, unsigned int cpl, unsigned int mode)
{
    return mode == MODE_64 || mode == MODE_COMPAT || (vmpl > 0 && cpl == 0);
}

static void check_row(unsigned int row)
{
    for (unsigned int vmpl = 0; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int cpl = 0; cpl <= 3; cpl += 3) {
            for (unsigned int mode = MODE_64; mode <= MODE_REAL; mode <<= 1) {
                if ((rows[row].vmpls & VMPL(vmpl)) &&
                    (rows[row].cpls & 1u << cpl) &&
                    (rows[row].modes & mode) && exists(vmpl, cpl, mode)) {
                    check(row, vmpl, cpl, mode);
                }
            }
        }
    }
}

/* 15.34.10: SEV_STATUS tells the SEV_FEATURES of the VMSA that runs. */
static void check_status(void)
{
    static const uint8_t code[] = { 0x0f, 0x32 };
    static const uint64_t features[] = { 0, SEV_FEATURE_DEBUG_SWAP,
                                         SEV_FEATURE_BTB_ISOLATION };

    for (unsigned int vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++) {
        for (unsigned int i = 0; i < 3; i++) {
            struct fid_run run = { vmpl, 0, MODE_64, code, 2,
                                   .rcx = MSR_AMD64_SEV_STATUS,
                                   .features = features[i] };
            uint64_t want = (SEV_FEATURE_SNP_ACTIVE | features[i])
                                << SEV_STATUS_FEATURES_SHIFT |
                            SEV_STATUS_ES | SEV_STATUS_SEV;
            struct fid_outcome out;

            fid_go(&run, &out);
            report(out.kind == DONE && out.rax == want && out.rdx == 0,
                   "SEV_STATUS at VMPL%u is 0x%lx [15.34.10]", vmpl, want);
        }
    }
}

/* Appendix B: each VMPL's DEBUGCTL lies in its VMSA. */
static void check_debugctl(void)
{
    static const uint8_t write[] = { 0x0f, 0x30 }, read[] = { 0x0f, 0x32 };
    bool good = true;

    for (unsigned int i = 0; i < 2 * SNP_VMPL_COUNT; i++) {
        unsigned int vmpl = i % SNP_VMPL_COUNT;
        struct fid_run run = { vmpl, 0, MODE_64,
                               i < SNP_VMPL_COUNT ? write : read, 2,
                               .rax = vmpl << 2, .rcx = MSR_DEBUGCTL };
        struct fid_outcome out;

        fid_go(&run, &out);
        good = good && out.kind == DONE && out.rax == vmpl << 2;
    }
    report(good, "each VMPL has a DEBUGCTL of its own [app. B]");
}

/* 15.35.5, GHCB 4.1.5: data accesses to what is no memory, mapped without C-bit */
static void check_mmio(void)
{
    static const struct {
        const char *name;
        uint8_t code[4], length;
    } access[] = {
        { "read", BYTES(0x8b, 0x07) },
        { "write", BYTES(0x89, 0x07) },
        { "read-modify-write", BYTES(0xf0, 0xff, 0x07) },
    };
    static const uint64_t gpas[] = { 0xfee00000, 0xfec00000, 0xd0000000 };

    for (unsigned int i = 0; i < 3 * 3 * SNP_VMPL_COUNT * 2; i++) {
        unsigned int vmpl = i / 2 % SNP_VMPL_COUNT, cpl = i % 2 * 3;
        unsigned int kind = i / 8 % 3;
        uint64_t gpa = gpas[i / 24];
        struct fid_run run = { vmpl, cpl, MODE_64, access[kind].code,
                               access[kind].length, .rdi = FID_ADDRESS };
        struct fid_outcome out;

        fid_page(PAGE_ABSENT, MAP4_RMP4);
        *fid_leaf() = gpa | PTE_P | PTE_W | PTE_U;
        fid_go(&run, &out);
        report(out.kind == TRAP && out.vector == VC &&
                   out.error == SVM_EXIT_NPF && out.rip == FID_CODE,
               "MMIO %s at 0x%lx, VMPL%u, CPL%u: #VC 400 [15.35.5]",
               access[kind].name, gpa, vmpl, cpl);
    }
}

void guest_main(void)
{
    fid_init();
    for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        check_row(row);
    }
    check_status();
    check_debugctl();
    check_mmio();
}
