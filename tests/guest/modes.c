/* SPDX-License-Identifier: MIT */
/* VMPL2 in real mode and in 32-bit protected mode without paging: as firmware starts. */
#include "tests/guest/guest.h"

#define LOW 0x10000ull /* GPA of the page that both pieces of code run in */

extern const uint8_t real_code[], real_code_end[];
extern const uint8_t flat_code[], flat_code_end[];

static uint8_t *low;

static void load(const uint8_t *code, const uint8_t *end)
{
    memset(low, 0, PAGE);
    memcpy(low, code, (size_t)(end - code));
}

static struct vmsa *make_vmsa(void)
{
    struct vmsa *vmsa = vmpl_vmsa(2, NULL, NULL);

    vmsa->cr3 = 0;
    vmsa->cr4 = 0x40;
    vmsa->cr0 = 0x10;
    vmsa->efer = VMSA_EFER_SVME;
    vmsa->gdtr = (struct vmsa_seg){ .limit = 0xffff };
    vmsa->idtr = (struct vmsa_seg){ .limit = 0xffff };
    return vmsa;
}

/* CS base LOW, IVT at LOW + 0x400; the code leaves its findings from LOW + 0x800 on. */
static void check_real(void)
{
    struct vmsa *vmsa = make_vmsa();
    const volatile uint32_t *found = (uint32_t *)(low + 0x800);

    load(real_code, real_code_end);
    vmsa->cs = (struct vmsa_seg){ LOW >> 4, 0x9b, 0xffff, LOW };
    vmsa->ds = vmsa->es = vmsa->ss =
        (struct vmsa_seg){ LOW >> 4, 0x93, 0xffff, LOW };
    vmsa->fs = vmsa->gs = (struct vmsa_seg){ 0, 0x93, 0xffff, 0 };
    vmsa->idtr.base = LOW + 0x400;
    vmsa->idtr.limit = 0x3ff;
    vmsa->rip = 0;
    vmsa->rsp = 0xff0;
    report(vmpl_register(2, vmsa) == 0 && vmpl_run(2) == VMPL_RUN_OK,
           "real mode ran and came back");
    report(found[0] == 1, "CPUID raised vector 29 there");
    report(found[1] == 2, "OUT too");
    report((found[2] & GHCB_MSR_CODE_MASK) == GHCB_MSR_CPUID_RESP &&
               found[3] == 0x68747541,
           "CPUID by the MSR protocol, from real mode");
    report(found[4] == 0x5ea1, "memory is private there: VMPL0 sees it");
}

static void check_flat(void)
{
    const struct vmsa_seg data = { 0x10, 0xc93, 0xffffffff, 0 };
    struct vmsa *vmsa = make_vmsa();
    const volatile uint32_t *found = (uint32_t *)(low + 0x800);
    uint64_t *idt = (uint64_t *)(low + 0x400);
    uint64_t *gdt = (uint64_t *)(low + 0x600);

    load(flat_code, flat_code_end);
    /* the handler's offset stands in the code's first four bytes */
    idt[29] = ((LOW + *(uint32_t *)low) & 0xffff) | 8 << 16 | 0x8eull << 40 |
              (LOW >> 16) << 48;
    gdt[1] = 0x00cf9b000000ffff;
    gdt[2] = 0x00cf93000000ffff;
    vmsa->cr0 = 0x11;
    vmsa->cs = (struct vmsa_seg){ 0x08, 0xc9b, 0xffffffff, 0 };
    vmsa->ss = vmsa->ds = vmsa->es = vmsa->fs = vmsa->gs = data;
    vmsa->gdtr = (struct vmsa_seg){ .limit = 0x17, .base = LOW + 0x600 };
    vmsa->idtr = (struct vmsa_seg){ .limit = 0xff, .base = LOW + 0x400 };
    vmsa->rip = LOW + 4;
    vmsa->rsp = LOW + 0xff0;
    report(vmpl_register(2, vmsa) == 0 && vmpl_run(2) == VMPL_RUN_OK,
           "32-bit mode ran and came back");
    report(found[0] == SVM_EXIT_CPUID, "CPUID raised #VC 72 there");
    report(found[1] == LOW + found[5], "its EIP is at the instruction");
    report((found[2] & GHCB_MSR_CODE_MASK) == GHCB_MSR_CPUID_RESP &&
               found[3] == 0x68747541,
           "CPUID by the MSR protocol, from 32-bit mode");
}

void guest_main(void)
{
    vmpl_grant_image(2);
    low = page_map(page_window(), LOW, PTE_PRIVATE_RW);
    pvalidate(low, false, true);
    vmpl_grant(low, PAGE, 2, RMP_PERM_ALL);
    check_real();
    check_flat();
}
