/* SPDX-License-Identifier: MIT */
/* VMPL2: its own registers, rights and GHCB MSR; RUN_VMPL to and fro; what it is refused. */
#include "tests/guest/guest.h"

#define ROUNDS 1000

/* Granted to VMPL2 with the image: what the two say to each other. */
static struct {
    volatile uint64_t count;
    volatile uint64_t status, ghcb_start, ghcb_answer;
    volatile bool registers_kept;
    volatile uint64_t trap[4]; /* vector << 32 | error; ~0: none */
    volatile uint32_t adjust[4];
    volatile uint64_t query, given;
    volatile uint64_t tpr, tpr_start; /* VMPL2's, when it runs again; at first */
    uint8_t *page; /* all rights at VMPL2 */
    uint8_t *read_only;
} talk;

static void back(void)
{
    wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
    vmgexit();
}

/* What VMPL0 left in R10 when it runs again. */
static uint64_t back_for_r10(void)
{
    uint64_t value;

    __asm__ volatile("xor %%r10d, %%r10d; wrmsr; rep; vmmcall; mov %%r10, %0"
                     : "=r"(value)
                     : "a"(GHCB_MSR_VMPL_REQ), "d"(0), "c"(MSR_AMD64_GHCB)
                     : "r10", "memory");
    return value;
}

/* Fills registers, leaves, looks at them when it runs again. */
static bool keeps_registers(void)
{
    uint64_t bad;

    __asm__ volatile(
        "mov $0x1111, %%rbx; mov $0x2222, %%rsi; mov $0x3333, %%rdi\n\t"
        "mov $0x4444, %%r8; mov $0x5555, %%r12; mov $0x6666, %%r15\n\t"
        "mov $0x7777777712345678, %%rax; movq %%rax, %%xmm3\n\t"
        "fninit; fld1\n\t"
        "mov $0xc0010130, %%ecx; mov $0x16, %%eax; xor %%edx, %%edx\n\t"
        "wrmsr; rep; vmmcall\n\t"
        "sub $0x1111, %%rbx; sub $0x2222, %%rsi; sub $0x3333, %%rdi\n\t"
        "sub $0x4444, %%r8; sub $0x5555, %%r12; sub $0x6666, %%r15\n\t"
        "or %%rsi, %%rbx; or %%rdi, %%rbx; or %%r8, %%rbx\n\t"
        "or %%r12, %%rbx; or %%r15, %%rbx\n\t"
        "sub $0xc0010130, %%ecx; or %%rcx, %%rbx\n\t"
        "movq %%xmm3, %%rax; mov $0x7777777712345678, %%rdx\n\t"
        "sub %%rdx, %%rax; or %%rax, %%rbx\n\t"
        "sub $8, %%rsp; fstpl (%%rsp); pop %%rax\n\t"
        "mov $0x3ff0000000000000, %%rdx; sub %%rdx, %%rax; or %%rax, %%rbx\n\t"
        : "=b"(bad)
        :
        : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r12", "r15", "memory",
          "cc");
    return bad == 0;
}

static void do_pvalidate(void *va)
{
    pvalidate(va, false, false);
}

static void do_cpuid(void *arg)
{
    uint32_t a = 0, b, c = 0, d;

    (void)arg;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static uint64_t trap_of(void (*fn)(void *), void *arg)
{
    return trap_catch(fn, arg) ? last_trap.vector << 32 | last_trap.error
                               : ~0ull;
}

static uint64_t get_tpr(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static void set_tpr(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr8" : : "r"(value));
}

static void guest_vmpl2(void *arg)
{
    (void)arg;
    talk.tpr_start = get_tpr();
    talk.ghcb_start = rdmsr(MSR_AMD64_GHCB);
    talk.status = rdmsr(MSR_AMD64_SEV_STATUS);
    talk.count = 1;
    back();
    talk.ghcb_answer = rdmsr(MSR_AMD64_GHCB);
    talk.registers_kept = keeps_registers();
    talk.trap[0] = trap_of(do_cpuid, NULL);
    talk.trap[1] = trap_of(do_pvalidate, talk.page);
    talk.adjust[0] = rmpadjust(talk.page, false,
                               rdx_of(3, RMP_PERM_READ)).eax;
    talk.adjust[1] = rmpadjust(talk.page, false,
                               rdx_of(1, RMP_PERM_READ)).eax;
    talk.adjust[2] = rmpadjust(talk.page, false,
                               rdx_of(2, RMP_PERM_READ)).eax;
    talk.adjust[3] = rmpadjust(talk.read_only, false,
                               rdx_of(3, RMP_PERM_ALL)).eax;
    talk.query = rmpquery(talk.page, 3).rdx;
    talk.page[0] = talk.read_only[0];
    back();
    set_tpr(5);
    for (;;) {
        talk.count++;
        talk.tpr = get_tpr();
        talk.given = back_for_r10();
    }
}

static void start(struct vmsa *vmsa)
{
    report(vmpl_register(2, vmsa) == 0, "VMPL2's VMSA is registered");
    set_tpr(3);
    report(vmpl_run(2) == VMPL_RUN_OK, "VMPL2 ran and came back");
    report(talk.tpr_start == 0 && get_tpr() == 3,
           "it starts with CR8 0, VMPL0 keeps its own");
    set_tpr(0);
    report(talk.count == 1, "its code ran");
    report(talk.status == rdmsr(MSR_AMD64_SEV_STATUS), "its SEV_STATUS");
    report((talk.ghcb_start & GHCB_MSR_CODE_MASK) == GHCB_MSR_SEV_INFO_RESP,
           "its GHCB MSR is its own, with the reset value");
    report(vmsa->guest_exit_code == SVM_EXIT_VMGEXIT,
           "its VMSA says why it left: VMGEXIT");
    report(vmsa->rip > boot->image_base &&
               vmsa->rip < boot->image_base + boot->image_size,
           "and where");
}

static void check_registers(struct vmsa *vmsa)
{
    uint64_t rbx = 0xb0b0, r13 = 0x1313;

    __asm__ volatile("movq %0, %%xmm3" : : "r"(r13));
    vmpl_run(2);
    __asm__ volatile("movq %%xmm3, %0" : "=r"(rbx));
    report(rbx == r13, "VMPL0's registers are not VMPL2's");
    report(vmsa->rbx == 0x1111 && vmsa->rsi == 0x2222 &&
               vmsa->rdi == 0x3333 && vmsa->r8 == 0x4444 &&
               vmsa->r12 == 0x5555 && vmsa->r15 == 0x6666 &&
               vmsa->rax == GHCB_MSR_VMPL_REQ,
           "VMPL0 reads VMPL2's registers in the VMSA");
    report(*(uint64_t *)&vmsa->xmm[3 * 16] == 0x7777777712345678,
           "XMM too");
    vmpl_run(2);
    report(talk.registers_kept, "VMPL2 finds all its registers again");
    report(talk.ghcb_answer == VMPL_RUN_OK,
           "the answer to its RUN_VMPL stood in its own MSR");
}

static void check_refusals(void)
{
    report(talk.trap[0] == ((uint64_t)SNP_VECTOR_VC << 32 | SVM_EXIT_CPUID),
           "VMPL2: CPUID raises #VC");
    report(talk.trap[1] == (uint64_t)TRAP_GP << 32,
           "VMPL2: PVALIDATE is refused with #GP");
    report(pvalidate(talk.page, false, true).carry,
           "and the page is still validated");
    report(talk.adjust[0] == SNP_OK, "VMPL2: RMPADJUST for VMPL3");
    report(talk.adjust[1] == SNP_FAIL_PERMISSION,
           "VMPL2: RMPADJUST for VMPL1: FAIL_PERMISSION");
    report(talk.adjust[2] == SNP_FAIL_PERMISSION,
           "VMPL2: RMPADJUST for itself: FAIL_PERMISSION");
    report(talk.adjust[3] == SNP_FAIL_PERMISSION,
           "VMPL2: RMPADJUST beyond its own rights: FAIL_PERMISSION");
    report((talk.query >> RMPADJUST_PERM_SHIFT & 0xff) == RMP_PERM_READ,
           "VMPL2: RMPQUERY of VMPL3");
    report(talk.page[0] == 0x77, "VMPL2: read-only page read, other written");
}

static void check_rounds(struct vmsa *vmsa)
{
    uint64_t at = talk.count;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        if (vmpl_run(2) != VMPL_RUN_OK) {
            break;
        }
    }
    report(talk.count == at + ROUNDS, "%u rounds", ROUNDS);
    vmsa->efer &= ~VMSA_EFER_SVME;
    report(vmpl_run(2) >> 32 != 0, "without EFER.SVME it is not entered");
    vmsa->efer |= VMSA_EFER_SVME;
    ghcb_begin();
    report(ghcb_call(GHCB_NAE_RUN_VMPL, 2, 0) == 0 &&
               talk.count == at + ROUNDS + 1,
           "RUN_VMPL by GHCB");
    ghcb_begin();
    report((uint32_t)ghcb_call(GHCB_NAE_RUN_VMPL, 3, 0) == GHCB_RESULT_ERROR,
           "RUN_VMPL by GHCB of a VMPL without VMSA: error");
    vmsa->r10 = 0xabcdef;
    vmpl_run(2);
    report(talk.given == 0xabcdef && talk.count == at + ROUNDS + 2,
           "what VMPL0 writes into the VMSA is loaded");
}

/* The priority in CR8 is each level's own. */
static void check_tpr(void)
{
    report(get_tpr() == 0, "CR8 is 0 at VMPL0, whatever VMPL2's");
    set_tpr(3);
    vmpl_run(2);
    report(talk.tpr == 5 && get_tpr() == 3, "VMPL2 keeps its CR8, VMPL0 its");
    set_tpr(0);
    vmpl_run(2);
    report(talk.tpr == 5, "VMPL0's has no effect on it");
}

/* A page that is no VMSA, and addresses at which none may lie. */
static void check_bad_vmsa(struct vmsa *vmsa)
{
    uint64_t page = (uint64_t)page_alloc();

    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    report((uint32_t)ghcb_call(GHCB_NAE_AP_CREATION, 3ull << 16, page) ==
               GHCB_RESULT_ERROR || vmpl_run(3) >> 32 != 0,
           "a page without the VMSA bit is not entered");
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    report((uint32_t)ghcb_call(GHCB_NAE_AP_CREATION, 3ull << 16,
                               (uint64_t)vmsa + 8) == GHCB_RESULT_ERROR,
           "a VMSA that is not page aligned is refused");
    ghcb_begin();
    GHCB_SET(rax, SEV_FEATURE_SNP_ACTIVE);
    report((uint32_t)ghcb_call(GHCB_NAE_AP_CREATION, 9ull << 32 | 3ull << 16,
                               (uint64_t)vmsa) == GHCB_RESULT_ERROR,
           "an APIC id that does not exist is refused");
}

void guest_main(void)
{
    struct vmsa *vmsa;

    vmpl_grant_image(2);
    talk.page = page_alloc();
    vmpl_grant(talk.page, PAGE, 2, RMP_PERM_ALL);
    talk.read_only = page_alloc();
    talk.read_only[0] = 0x77;
    vmpl_grant(talk.read_only, PAGE, 2, RMP_PERM_READ);
    vmsa = vmpl_vmsa(2, guest_vmpl2, NULL);
    start(vmsa);
    check_registers(vmsa);
    check_refusals();
    check_rounds(vmsa);
    check_tpr();
    check_bad_vmsa(vmsa);
}
