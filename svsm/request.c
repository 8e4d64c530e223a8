/* SPDX-License-Identifier: MIT */
/* The loop of every vCPU: run the guest, serve the call it left with, run it
 * again. */
#include "svsm/request.h"

#include "evtpm/snp.h"
#include "evtpm/svsm.h"
#include "svsm/cpu.h"
#include "svsm/ghcb.h"
#include "svsm/guest_mem.h"
#include "svsm/term.h"
#include "svsm/vcpu.h"

static uint64_t dispatch(struct percpu *cpu, struct svsm_request *request)
{
    switch (request->protocol) {
    case SVSM_PROTOCOL_CORE:
        return core_protocol(cpu, request);
    case SVSM_PROTOCOL_ATTEST:
        return attest_protocol(request);
    case SVSM_PROTOCOL_VTPM:
        return vtpm_protocol(request);
    default:
        return SVSM_ERR_UNSUPPORTED_PROTOCOL;
    }
}

static void serve(struct percpu *cpu, struct vmsa *vmsa)
{
    struct svsm_request request = {
        .protocol = (uint32_t)(vmsa->rax >> 32),
        .call = (uint32_t)vmsa->rax,
        .rcx = vmsa->rcx,
        .rdx = vmsa->rdx,
        .r8 = vmsa->r8,
        .r9 = vmsa->r9,
    };

    vmsa->rax = dispatch(cpu, &request);
    vmsa->rcx = request.rcx;
    vmsa->rdx = request.rdx;
    vmsa->r8 = request.r8;
    vmsa->r9 = request.r9;
}

/* Only VMGEXIT with the flag set is a call: anything else just ended a run. */
static bool call_pending(struct percpu *cpu, const struct vmsa *vmsa)
{
    return read_once(vmsa->guest_exit_code) == SVM_EXIT_VMGEXIT &&
           __atomic_exchange_n(&vcpu_calling_area(cpu)->call_pending, 0,
                               __ATOMIC_ACQ_REL) != 0;
}

/* The VMSA is looked at only while VMRUN would refuse it. */
static bool serve_pending(struct percpu *cpu)
{
    struct vmsa *vmsa = vcpu_claim(cpu);

    if (!vmsa) {
        return false;
    }
    __atomic_and_fetch(&vmsa->efer, ~VMSA_EFER_SVME, __ATOMIC_SEQ_CST);
    if (call_pending(cpu, vmsa)) {
        serve(cpu, vmsa);
    }
    __atomic_or_fetch(&vmsa->efer, VMSA_EFER_SVME, __ATOMIC_SEQ_CST);
    vcpu_release(cpu);
    return true;
}

void request_loop(void)
{
    struct percpu *cpu = this_cpu();

    for (;;) {
        if (!serve_pending(cpu)) {
            halt(); /* until the host runs a guest here, which then calls */
        } else if (ghcb_run_vmpl(guest_vmpl) != 0) {
            /* Another vCPU's guest may be gone, the first one's is the VM */
            if (cpu->index == 0) {
                fatal(SVSM_TERM_RUN_VMPL, "host refused to run VMPL%u",
                      guest_vmpl);
            }
            halt();
        }
    }
}
