/* SPDX-License-Identifier: MIT */
/* Test firmware: further vCPUs. */
#include "tests/guest/svsm-ap.h"

#include <string.h>

/* Some 20 s at TCG's 1 GHz, half of it on a processor: a verdict before the runner's limit. */
#define WAIT_TICKS 20000000000ull
#define MSR_EFER 0xc0000080u
#define GUEST_VMPL 2

static uint64_t efer(void)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
    return (uint64_t)high << 32 | low;
}

void ap_init(struct ap *ap, uint32_t id)
{
    memset(ap, 0, sizeof(*ap));
    ap->id = id;
    ap->caa = (uint64_t)fw_page();
    fw_page();
    ap->stack_top = fw_page() + PAGE;
}

static void copy_mode(struct vmsa *vmsa)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } EVTPM_PACKED gdt;

    __asm__ volatile("sgdt %0" : "=m"(gdt));
    vmsa->gdtr.limit = gdt.limit;
    vmsa->gdtr.base = gdt.base;
    __asm__ volatile("mov %%cr0, %0" : "=r"(vmsa->cr0));
    __asm__ volatile("mov %%cr3, %0" : "=r"(vmsa->cr3));
    __asm__ volatile("mov %%cr4, %0" : "=r"(vmsa->cr4));
    vmsa->efer = efer() | VMSA_EFER_SVME;
}

static void fill(struct vmsa *vmsa, struct ap *ap, void (*fn)(struct ap *))
{
    const struct vmsa_seg data = { 16, 0xc93, 0xffffffff, 0 };

    memset(vmsa, 0, sizeof(*vmsa));
    copy_mode(vmsa);
    vmsa->cs = (struct vmsa_seg){ 24, 0xa9b, 0xffffffff, 0 };
    vmsa->ss = vmsa->ds = vmsa->es = vmsa->fs = vmsa->gs = data;
    vmsa->ldtr = (struct vmsa_seg){ 0, 0x82, 0xffff, 0 };
    vmsa->tr = (struct vmsa_seg){ 0, 0x8b, 0xffff, 0 };
    vmsa->rflags = 2;
    vmsa->dr6 = 0xffff0ff0;
    vmsa->dr7 = 0x400;
    vmsa->g_pat = 0x0007040600070406ull;
    vmsa->xcr0 = 1;
    vmsa->mxcsr = 0x1f80;
    vmsa->x87_fcw = 0x37f;
    vmsa->x87_ftw = 0xffff;
    vmsa->rip = (uint64_t)fn;
    vmsa->rdi = (uint64_t)ap;
    vmsa->rsp = (uint64_t)ap->stack_top - 8;
    vmsa->vmpl = GUEST_VMPL;
    vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
}

bool ap_start(struct ap *ap, struct vmsa *vmsa, void (*fn)(struct ap *))
{
    struct call c = { SVSM_CALL(0, SVSM_CORE_CREATE_VCPU), (uint64_t)vmsa,
                      ap->caa, ap->id, 0 };

    fill(vmsa, ap, fn);
    if (svsm_call(&c) != SVSM_SUCCESS) {
        return false;
    }
    ap->vmsa = vmsa;
    return (uint32_t)ghcb_exit(GHCB_NAE_AP_CREATION,
                               (uint64_t)ap->id << 32 | GUEST_VMPL << 16 |
                                   GHCB_AP_CREATE,
                               (uint64_t)vmsa, SEV_FEATURE_SNP_ACTIVE) == 0;
}

bool ap_wait(const volatile uint64_t *value, uint64_t least)
{
    uint64_t begin = __builtin_ia32_rdtsc();

    while (*value < least) {
        if (__builtin_ia32_rdtsc() - begin > WAIT_TICKS) {
            return false;
        }
        __asm__ volatile("pause");
    }
    return true;
}

void ap_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

void ap_reset_hold(void)
{
    for (;;) {
        __asm__ volatile("wrmsr; rep; vmmcall"
                         :
                         : "c"(MSR_AMD64_GHCB), "a"(GHCB_MSR_AP_RESET_HOLD_REQ),
                           "d"(0)
                         : "memory");
    }
}

uint64_t ap_svsm(const struct ap *ap, uint32_t protocol, uint32_t call,
                 uint64_t rcx)
{
    struct call c = { .rax = SVSM_CALL(protocol, call), .rcx = rcx };

    return svsm_call_at(ap->caa, &c) ? c.rax : ~0ull;
}
