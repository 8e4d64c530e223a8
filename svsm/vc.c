/* SPDX-License-Identifier: MIT */
/* CPUID for the process, from the page that the AMD-SP checked: never from the
 * host. */
#include "svsm/vc.h"

#include <string.h>

#include "evtpm/snp.h"
#include "evtpm/svsm_boot.h"
#include "svsm/cpu.h"
#include "svsm/cpuid.h"

#define CPUID_1_ECX_OSXSAVE (1u << 27)

bool cpuid_get(uint32_t eax, uint32_t ecx, struct cpuid_regs *out)
{
    bool found = cpuid_page_lookup((const void *)SVSM_CPUID_GPA, eax, ecx, out);

    if (eax == 1) {
        out->ecx &= ~CPUID_1_ECX_OSXSAVE;
        out->ecx |= read_cr4() & CR4_OSXSAVE ? CPUID_1_ECX_OSXSAVE : 0;
    }
    return found;
}

/* The code says CPUID; the bytes must agree, or the host made it up. */
static bool at_cpuid(struct process *process)
{
    static const uint8_t cpuid[2] = { 0x0f, 0xa2 };
    uint8_t bytes[2];

    return user_read(&process->space, bytes, process->frame.rip, 2) == 0 &&
           memcmp(bytes, cpuid, sizeof(bytes)) == 0;
}

bool vc_user(struct process *process)
{
    struct trap_frame *f = &process->frame;
    struct cpuid_regs regs;

    if (f->error != SVM_EXIT_CPUID || !at_cpuid(process)) {
        return false;
    }
    cpuid_get((uint32_t)f->rax, (uint32_t)f->rcx, &regs);
    f->rax = regs.eax;
    f->rbx = regs.ebx;
    f->rcx = regs.ecx;
    f->rdx = regs.edx;
    f->rip += 2;
    return true;
}
