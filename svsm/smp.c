/* SPDX-License-Identifier: MIT */
/*
 * Each further vCPU enters the kernel in 64-bit mode straight from a VMSA that
 * is made here: there is no real mode, no trampoline. One after the other, so
 * what is set up for one needs no locks against the next.
 */
#include "svsm/smp.h"

#include <stdbool.h>
#include <string.h>

#include "evtpm/snp.h"
#include "svsm/clock.h"
#include "svsm/console.h"
#include "svsm/cpu.h"
#include "svsm/ghcb.h"
#include "svsm/heap.h"
#include "svsm/kva.h"
#include "svsm/percpu.h"
#include "svsm/request.h"
#include "svsm/rmp.h"
#include "svsm/term.h"
#include "svsm/trap.h"

#define STACK_PAGES 12
#define START_NS 5000000000ull
#define ATTR_CODE64 0xa9b
#define ATTR_DATA 0xc93
#define ATTR_TSS_BUSY 0x8b

struct start {
    struct percpu *cpu;
    struct ghcb *ghcb;
    uint64_t ghcb_gpa;
    bool running;
};

static struct start start;

static void cpu_main(void)
{
    struct percpu *cpu = start.cpu;

    percpu_install(cpu, (uint32_t)(cpu - percpus));
    trap_init(cpu);
    ghcb_install(cpu, start.ghcb, start.ghcb_gpa, false);
    __atomic_store_n(&start.running, true, __ATOMIC_RELEASE);
    request_loop();
}

static struct vmsa_seg seg(uint16_t selector, uint16_t attrib)
{
    return (struct vmsa_seg){ selector, attrib, 0xffffffff, 0 };
}

/* This vCPU's own state, but for stack and instruction pointer */
static struct vmsa *build_vmsa(void)
{
    struct vmsa *vmsa = page_alloc_vmsa();

    vmsa->cs = seg(SEL_KERNEL_CODE, ATTR_CODE64);
    vmsa->ds = vmsa->es = vmsa->fs = vmsa->gs = vmsa->ss =
        seg(SEL_KERNEL_DATA, ATTR_DATA);
    vmsa->tr.attrib = ATTR_TSS_BUSY;
    vmsa->efer = rdmsr(MSR_EFER) | VMSA_EFER_SVME;
    vmsa->cr0 = read_cr0();
    vmsa->cr3 = read_cr3();
    vmsa->cr4 = read_cr4();
    vmsa->rflags = 2;
    vmsa->rip = (uint64_t)cpu_main;
    vmsa->rsp = kva_stack(STACK_PAGES) - 8; /* as after a call */
    vmsa->dr6 = 0xffff0ff0;
    vmsa->dr7 = 0x400;
    vmsa->g_pat = 0x0007040600070406ull;
    vmsa->xcr0 = 1;
    vmsa->mxcsr = 0x1f80;
    vmsa->x87_fcw = 0x37f;
    vmsa->x87_ftw = 0xffff;
    vmsa->sev_features =
        rdmsr(MSR_AMD64_SEV_STATUS) >> SEV_STATUS_FEATURES_SHIFT;
    return vmsa;
}

static bool wait_running(void)
{
    uint64_t begin = clock_ns();

    while (!__atomic_load_n(&start.running, __ATOMIC_ACQUIRE)) {
        if (clock_ns() - begin > START_NS) {
            return false;
        }
        cpu_relax();
    }
    return true;
}

/* The guest cannot use a vCPU that has no VMPL0: CREATE_VCPU refuses it. */
static bool start_one(uint32_t index, uint32_t apic_id)
{
    struct percpu *cpu = &percpus[index];
    struct vmsa *vmsa = build_vmsa();

    cpu->index = index;
    cpu->apic_id = apic_id;
    kva_init_cpu(cpu);
    trap_stacks(cpu);
    start = (struct start){ .cpu = cpu };
    start.ghcb = shared_alloc(1, &start.ghcb_gpa);
    if (rmp_adjust((uint64_t)vmsa, false, 1, 0, true) != SNP_OK) {
        fatal(SVSM_TERM_RMPADJUST, "VMSA of vCPU %u", index);
    }
    if (ghcb_ap_creation(GHCB_AP_CREATE, 0, apic_id, (uint64_t)vmsa,
                         vmsa->sev_features) != 0) {
        console_printf("host refused vCPU %u, APIC id %x\n", index, apic_id);
        return false;
    }
    if (!wait_running()) {
        fatal(SVSM_TERM_AP_CREATION, "vCPU %u does not start", index);
    }
    return true;
}

/* Without a list from the host, the ids that QEMU gives one socket. */
static uint32_t apic_ids(uint32_t *ids, uint32_t count)
{
    uint64_t gpa;
    void *buffer;
    int listed;

    for (uint32_t i = 0; i < count; i++) {
        ids[i] = i;
    }
    if (!(ghcb_features() & GHCB_HV_FT_APIC_ID_LIST)) {
        return count;
    }
    buffer = shared_alloc(1, &gpa);
    listed = ghcb_apic_ids(ids, count, buffer, gpa);
    return listed < 0 ? count : (uint32_t)listed;
}

void smp_start(uint32_t count)
{
    uint32_t ids[SVSM_CPU_MAX];

    if (count > SVSM_CPU_MAX) {
        console_printf("%u vCPUs: only the first %u are of use\n", count,
                       SVSM_CPU_MAX);
        count = SVSM_CPU_MAX;
    }
    if (count <= 1) {
        return;
    }
    count = apic_ids(ids, count);
    for (uint32_t i = 0; i < count; i++) {
        if (ids[i] != this_cpu()->apic_id && start_one(cpu_count, ids[i])) {
            cpu_count++;
        }
    }
    console_printf("%u vCPUs at VMPL0\n", cpu_count);
}
