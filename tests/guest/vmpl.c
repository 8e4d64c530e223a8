/* SPDX-License-Identifier: MIT */
/* Test guests: code at other VMPLs. It shares page tables, IDT and data with VMPL0. */
#include "tests/guest/guest.h"

#define STACK_PAGES 2

static void end_here(void)
{
    /* fn() came back: VMPL0 gets the vCPU, as often as it comes here. */
    for (;;) {
        wrmsr(MSR_AMD64_GHCB, GHCB_MSR_VMPL_REQ);
        vmgexit();
    }
}

void vmpl_grant(const volatile void *va, uint64_t size, unsigned int vmpl,
                unsigned int perms)
{
    for (uint64_t at = 0; vmpl != 0 && at < size; at += PAGE) {
        const uint8_t *page = (const uint8_t *)va + at;

        if (rmpadjust(page, false, rdx_of(vmpl, perms)).eax != SNP_OK) {
            report(false, "VMPL0 can grant 0x%lx", (uint64_t)page);
            finish();
        }
    }
}

void vmpl_grant_image(unsigned int vmpl)
{
    vmpl_grant((void *)boot->image_base, boot->image_size, vmpl, RMP_PERM_ALL);
    vmpl_grant((void *)boot->page_table_base, boot->page_table_size, vmpl,
               RMP_PERM_ALL);
    vmpl_grant(boot, PAGE, vmpl, RMP_PERM_READ);
}

static uint64_t make_stack(unsigned int vmpl)
{
    uint64_t top = 0;

    for (int i = 0; i < STACK_PAGES; i++) {
        uint8_t *page = page_alloc();

        vmpl_grant(page, PAGE, vmpl, RMP_PERM_ALL);
        top = (uint64_t)page + PAGE;
    }
    /* what fn() returns to */
    top -= 16;
    *(uint64_t *)top = (uint64_t)end_here;
    return top;
}

static void copy_tables(struct vmsa *vmsa)
{
    struct {
        uint16_t limit;
        uint64_t base;
    } EVTPM_PACKED d;

    __asm__ volatile("sgdt %0" : "=m"(d));
    vmsa->gdtr.limit = d.limit;
    vmsa->gdtr.base = d.base;
    __asm__ volatile("sidt %0" : "=m"(d));
    vmsa->idtr.limit = d.limit;
    vmsa->idtr.base = d.base;
    __asm__ volatile("mov %%cr3, %0" : "=r"(vmsa->cr3));
    __asm__ volatile("mov %%cr4, %0" : "=r"(vmsa->cr4));
    __asm__ volatile("mov %%cr0, %0" : "=r"(vmsa->cr0));
}

struct vmsa *vmpl_vmsa(unsigned int vmpl, void (*fn)(void *), void *arg)
{
    const struct vmsa_seg data = { 0x10, 0xc93, 0xffffffff, 0 };
    struct vmsa *vmsa = page_alloc();

    copy_tables(vmsa);
    vmsa->cs = (struct vmsa_seg){ 0x08, 0xa9b, 0xffffffff, 0 };
    vmsa->ss = vmsa->ds = vmsa->es = vmsa->fs = vmsa->gs = data;
    vmsa->ldtr = (struct vmsa_seg){ 0, 0x82, 0xffff, 0 };
    vmsa->tr = (struct vmsa_seg){ 0, 0x8b, 0xffff, 0 };
    vmsa->vmpl = (uint8_t)vmpl;
    vmsa->efer = rdmsr(0xc0000080) | VMSA_EFER_SVME;
    vmsa->dr6 = 0xffff0ff0;
    vmsa->dr7 = 0x400;
    vmsa->rflags = 2;
    vmsa->rip = (uint64_t)fn;
    vmsa->rdi = (uint64_t)arg;
    vmsa->rsp = make_stack(vmpl);
    vmsa->g_pat = 0x0007040600070406ull;
    vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
    vmsa->xcr0 = 1;
    vmsa->mxcsr = 0x1f80;
    vmsa->x87_fcw = 0x37f;
    vmsa->x87_ftw = 0xffff;
    if (rmpadjust(vmsa, false, rdx_of(vmpl ? vmpl : 1, 0) | RMPADJUST_VMSA)
            .eax != SNP_OK) {
        report(false, "VMPL0 can make a VMSA page");
        finish();
    }
    return vmsa;
}

uint64_t vmpl_register(unsigned int vmpl, const struct vmsa *vmsa)
{
    ghcb_begin();
    GHCB_SET(rax, vmsa->sev_features);
    return ghcb_call(GHCB_NAE_AP_CREATION,
                     GHCB_AP_CREATE_ON_INIT | (uint64_t)vmpl << 16,
                     (uint64_t)vmsa);
}

uint64_t vmpl_run(unsigned int vmpl)
{
    return ghcb_msr((uint64_t)vmpl << 32 | GHCB_MSR_VMPL_REQ);
}
