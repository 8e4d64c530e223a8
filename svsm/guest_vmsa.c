/* SPDX-License-Identifier: MIT */
/* Reset state (APM vol. 2 14.1.3) in a VMSA. Compiles on the host too. */
#include "svsm/guest_vmsa.h"

#include <string.h>

#define ATTR_CODE 0x9b
#define ATTR_DATA 0x93
#define ATTR_LDT 0x82
#define ATTR_TSS 0x8b

static struct vmsa_seg seg(uint16_t selector, uint16_t attrib, uint64_t base)
{
    return (struct vmsa_seg){ selector, attrib, 0xffff, base };
}

void guest_vmsa_reset(struct vmsa *vmsa, uint64_t entry, unsigned vmpl,
                      uint64_t sev_features, uint32_t signature)
{
    memset(vmsa, 0, sizeof(*vmsa));
    vmsa->cs = seg(0xf000, ATTR_CODE, entry & 0xffff0000);
    vmsa->ds = vmsa->es = vmsa->fs = vmsa->gs = vmsa->ss = seg(0, ATTR_DATA, 0);
    vmsa->gdtr = vmsa->idtr = seg(0, 0, 0);
    vmsa->ldtr = seg(0, ATTR_LDT, 0);
    vmsa->tr = seg(0, ATTR_TSS, 0);
    vmsa->rip = entry & 0xffff;
    vmsa->rdx = signature;
    vmsa->rflags = 2;
    vmsa->cr0 = 0x60000010;
    vmsa->efer = VMSA_EFER_SVME;
    vmsa->dr6 = 0xffff0ff0;
    vmsa->dr7 = 0x400;
    vmsa->g_pat = 0x0007040600070406ull;
    vmsa->xcr0 = 1;
    vmsa->mxcsr = 0x1f80;
    vmsa->x87_fcw = 0x40;
    vmsa->x87_ftw = 0x5555;
    vmsa->vmpl = (uint8_t)vmpl;
    vmsa->sev_features = sev_features;
}
