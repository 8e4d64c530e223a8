/* SPDX-License-Identifier: MIT */
/* #VC: which instructions raise it, with which code, and which do not. */
#include "tests/guest/guest.h"

#define INSN(name, text, ...)                        \
    static void name(void *arg)                      \
    {                                                \
        (void)arg;                                   \
        __asm__ volatile(text : : __VA_ARGS__ : "memory"); \
    }
#define LIST(...) __VA_ARGS__

static void do_cpuid(void *arg)
{
    uint32_t a = 0, b, c = 0, d;

    (void)arg;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static void do_rdmsr(void *arg)
{
    rdmsr((uint32_t)(uint64_t)arg);
}

static void do_wrmsr(void *arg)
{
    wrmsr((uint32_t)(uint64_t)arg, 0);
}

static void do_rdtsc(void *arg)
{
    uint32_t a, d;

    (void)arg;
    __asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
}

static void do_rdpmc(void *arg)
{
    uint32_t a, d;

    (void)arg;
    __asm__ volatile("rdpmc" : "=a"(a), "=d"(d) : "c"(0));
}

static void do_read_dr7(void *arg)
{
    uint64_t value;

    (void)arg;
    __asm__ volatile("mov %%dr7, %0" : "=r"(value));
}

static void do_read_dr6(void *arg)
{
    uint64_t value;

    (void)arg;
    __asm__ volatile("mov %%dr6, %0" : "=r"(value));
}

static void do_cr(void *arg)
{
    uint64_t value;

    (void)arg;
    __asm__ volatile("mov %%cr4, %0; mov %0, %%cr4" : "=r"(value));
    __asm__ volatile("mov %%cr0, %0; mov %0, %%cr0" : "=r"(value));
}

static void do_in(void *arg)
{
    uint8_t value;

    __asm__ volatile("inb %w1, %0" : "=a"(value) : "d"((uint16_t)(uint64_t)arg));
}

static void do_rep_ins(void *arg)
{
    uint64_t count = (uint64_t)arg;
    void *to = page_alloc();

    __asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(0x80) : "memory");
}

INSN(do_out, "out %%al, $0x80", "a"(0))
INSN(do_outs, "outsb", "S"(boot), "d"(0x80))
INSN(do_write_dr7, "mov %0, %%dr7", "r"(0x400ull))
INSN(do_wbinvd, "wbinvd", "a"(0))
INSN(do_invd, "invd", "a"(0))
INSN(do_vmmcall, "vmmcall", "a"(0))
INSN(do_monitor, "monitor", LIST("a"(boot), "c"(0), "d"(0)))
INSN(do_mwait, "mwait", LIST("a"(0), "c"(0)))
INSN(do_pause, "pause", "a"(0))
INSN(do_wrmsr_status, "wrmsr",
     LIST("a"(0), "d"(0), "c"(MSR_AMD64_SEV_STATUS)))

static const struct {
    void (*fn)(void *);
    uint64_t arg;
    uint64_t code;
    uint8_t length; /* of the instruction, where it is checked */
    const char *name;
} raising[] = {
    { do_cpuid, 0, SVM_EXIT_CPUID, 2, "CPUID" },
    { do_in, 0x3fd, SVM_EXIT_IOIO, 1, "IN" },
    { do_out, 0, SVM_EXIT_IOIO, 2, "OUT" },
    { do_outs, 0, SVM_EXIT_IOIO, 1, "OUTS" },
    { do_rep_ins, 4, SVM_EXIT_IOIO, 2, "REP INS" },
    { do_rdmsr, 0x1b, SVM_EXIT_MSR, 2, "RDMSR of the APIC base" },
    { do_wrmsr, 0x1b, SVM_EXIT_MSR, 2, "WRMSR of the APIC base" },
    { do_rdmsr, 0x802, SVM_EXIT_MSR, 2, "RDMSR of an x2APIC register" },
    { do_rdmsr, MSR_SVSM_CAA, SVM_EXIT_MSR, 2, "RDMSR of the SVSM's CAA" },
    { do_rdmsr, 0x12345678, SVM_EXIT_MSR, 2, "RDMSR of no MSR at all" },
    { do_rdpmc, 0, SVM_EXIT_RDPMC, 2, "RDPMC" },
    { do_read_dr7, 0, SVM_EXIT_DR7_READ, 3, "read of DR7" },
    { do_write_dr7, 0, SVM_EXIT_DR7_WRITE, 3, "write of DR7" },
    { do_wbinvd, 0, SVM_EXIT_WBINVD, 2, "WBINVD" },
    { do_invd, 0, SVM_EXIT_INVD, 2, "INVD" },
    { do_vmmcall, 0, SVM_EXIT_VMMCALL, 3, "VMMCALL" },
    { do_rdmsr, 0x10, SVM_EXIT_MSR, 2, "RDMSR of the TSC" },
};

static void check_raising(void)
{
    for (unsigned int i = 0; i < sizeof(raising) / sizeof(raising[0]); i++) {
        uint64_t from = (uint64_t)raising[i].fn;

        report_vc(raising[i].fn, (void *)raising[i].arg, raising[i].code,
                  raising[i].name);
        report(last_trap.rip >= from && last_trap.rip < from + 256,
               "%s: RIP is at the instruction", raising[i].name);
    }
}

static const struct {
    void (*fn)(void *);
    uint64_t arg;
    const char *name;
} quiet[] = {
    { do_rdtsc, 0, "RDTSC" },
    { do_rdmsr, MSR_AMD64_SEV_STATUS, "RDMSR of SEV_STATUS" },
    { do_rdmsr, MSR_AMD64_GHCB, "RDMSR of the GHCB MSR" },
    { do_rdmsr, 0xc0000080, "RDMSR of EFER" },
    { do_rdmsr, 0xc0000101, "RDMSR of GS_BASE" },
    { do_wrmsr, 0xc0000102, "WRMSR of KERNEL_GS_BASE" },
    { do_wrmsr, 0xc0000082, "WRMSR of LSTAR" },
    { do_rdmsr, 0x277, "RDMSR of PAT" },
    { do_read_dr6, 0, "read of DR6" },
    { do_cr, 0, "read and write of CR0 and CR4" },
    { do_pause, 0, "PAUSE" },
    { do_rep_ins, 0, "REP INS of nothing" },
};

static void check_quiet(void)
{
    for (unsigned int i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        report_no_trap(quiet[i].fn, (void *)quiet[i].arg, quiet[i].name);
    }
    report_trap(do_wrmsr_status, NULL, TRAP_GP, 0,
                "WRMSR of SEV_STATUS: #GP, not #VC");
}

/* MONITOR and MWAIT are hidden by CPUID: #UD or #VC, never silence. */
static void check_monitor(void)
{
    report(trap_catch(do_monitor, NULL) && (last_trap.vector == TRAP_UD ||
                                            last_trap.error ==
                                                SVM_EXIT_MONITOR),
           "MONITOR");
    report(trap_catch(do_mwait, NULL) && (last_trap.vector == TRAP_UD ||
                                          last_trap.error == SVM_EXIT_MWAIT),
           "MWAIT");
}

static void read_byte(void *va)
{
    (void)*(volatile uint32_t *)va;
}

static void write_byte(void *va)
{
    *(volatile uint32_t *)va = 0;
}

static void check_mmio(void)
{
    void *apic = page_map(page_window(), 0xfee00000, PTE_SHARED_RW);
    void *hole = page_map(page_window(), 0xd0000000, PTE_SHARED_RW);

    report_vc(read_byte, apic, SVM_EXIT_NPF, "read of MMIO: 400");
    report_vc(write_byte, apic, SVM_EXIT_NPF, "write of MMIO: 400");
    report_vc(read_byte, hole, SVM_EXIT_NPF, "where nothing is: 400");
}

static void run_user(void *window)
{
    uint64_t stack = (uint64_t)page_alloc();

    user_enter((uint64_t)window, stack + PAGE);
}

static void check_user(void)
{
    static const struct {
        uint8_t code[4];
        uint64_t vector, error;
        const char *name;
    } rows[] = {
        { { 0x0f, 0xa2 }, SNP_VECTOR_VC, SVM_EXIT_CPUID, "CPUID: #VC" },
        { { 0x0f, 0x32 }, TRAP_GP, 0, "RDMSR: #GP" },
        { { 0x0f, 0x09 }, TRAP_GP, 0, "WBINVD: #GP" },
        { { 0xe6, 0x80 }, TRAP_GP, 0, "OUT: #GP" },
        { { 0xf4 }, TRAP_GP, 0, "HLT: #GP" },
        { { 0x0f, 0x21, 0xf8 }, TRAP_GP, 0, "read of DR7: #GP" },
    };
    uint8_t *page = page_alloc();
    void *window = page_map(page_window(), (uint64_t)page,
                            PTE_P | PTE_U | SNP_CBIT);

    user_allow();
    for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool trapped;

        memcpy(page, rows[i].code, sizeof(rows[i].code));
        trapped = trap_catch(run_user, window);
        report(trapped && last_trap.vector == rows[i].vector &&
                   last_trap.error == rows[i].error &&
                   last_trap.cs == 0x23 && last_trap.rip == (uint64_t)window,
               "at CPL3: %s", rows[i].name);
    }
}

void guest_main(void)
{
    check_raising();
    check_quiet();
    check_monitor();
    check_mmio();
    check_user();
}
