/* SPDX-License-Identifier: MIT */
/* The SVSM, in boot order. */
#include <stdint.h>

#include "evtpm/igvm.h"
#include "evtpm/snp.h"
#include "evtpm/svsm_boot.h"
#include "svsm/amdsp.h"
#include "svsm/boot_info.h"
#include "svsm/clock.h"
#include "svsm/console.h"
#include "svsm/cpu.h"
#include "svsm/cpuid.h"
#include "svsm/ghcb.h"
#include "svsm/heap.h"
#include "svsm/kva.h"
#include "svsm/launch.h"
#include "svsm/guest_mem.h"
#include "svsm/random.h"
#include "svsm/request.h"
#include "svsm/rmp.h"
#include "svsm/smp.h"
#include "svsm/term.h"
#include "svsm/trap.h"
#include "svsm/vcpu.h"
#include "svsm/vtpm.h"

#define STACK_PAGES 12

void svsm_main(const struct svsm_boot_info *info);

static const struct svsm_boot_info *boot_info;

/* RMPADJUST for a level is refused unless one is above it: VMPL0 alone may
 * adjust VMPL1. */
static void check_platform(void)
{
    static uint8_t probe[SNP_PAGE_SIZE] __attribute__((aligned(4096)));
    uint64_t status = rdmsr(MSR_AMD64_SEV_STATUS);

    if (!(status & SEV_FEATURE_SNP_ACTIVE << SEV_STATUS_FEATURES_SHIFT)) {
        fatal(SVSM_TERM_NOT_SNP, "SEV_STATUS %lx", status);
    }
    if (rmp_adjust((uint64_t)probe, false, 1, 0, false) != SNP_OK) {
        fatal(SVSM_TERM_NOT_VMPL0, "RMPADJUST refused");
    }
}

static void check_boot_info(void)
{
    const char *error = boot_info_check(boot_info);

    if (error) {
        fatal(SVSM_TERM_BOOT_INFO, "boot info: %s", error);
    }
    if (!cpuid_page_valid((const void *)SVSM_CPUID_GPA)) {
        fatal(SVSM_TERM_CPUID, "CPUID page");
    }
}

static void greet(void)
{
    const struct svsm_general_params *params =
        (const void *)SVSM_GENERAL_PARAMS_GPA;

    console_printf("evtpm SVSM at VMPL0, vCPUs %u, SEV_STATUS %lx, "
                   "host features %lx\n",
                   params->vp_count, rdmsr(MSR_AMD64_SEV_STATUS),
                   ghcb_features());
    console_printf("heap %lx+%lx, %lu pages free\n", boot_info->heap_base,
                   boot_info->heap_size, pages_free());
}

static void start_guest(void)
{
    const struct svsm_general_params *params =
        (const void *)SVSM_GENERAL_PARAMS_GPA;
    bool shared = params->environment & IGVM_ENVIRONMENT_MEMORY_IS_SHARED;
    uint64_t calling_area = launch_calling_area(boot_info);

    launch_memory_map(boot_info);
    launch_guest_memory(boot_info, shared);
    if (calling_area == 0) {
        fatal(SVSM_TERM_BOOT_INFO, "the firmware names no calling area");
    }
    vcpu_launch(this_cpu(), boot_info->fw_entry, calling_area);
    console_printf("guest at VMPL%u: %lu MiB, firmware %lx+%lx, entry %lx\n",
                   guest_vmpl, memmap_total(&guest_map) >> 20,
                   boot_info->fw_base, boot_info->fw_size, boot_info->fw_entry);
}

/* On the guarded stack from here on */
static void run(void)
{
    greet();
    random_init();
    clock_init();
    amdsp_init();
    vtpm_start((const uint8_t *)boot_info->vtpm_base, boot_info->vtpm_size);
    smp_start(((const struct svsm_general_params *)SVSM_GENERAL_PARAMS_GPA)
                  ->vp_count);
    start_guest();
    request_loop();
}

void svsm_main(const struct svsm_boot_info *info)
{
    struct percpu *cpu = &percpus[0];
    struct cpuid_regs leaf1;

    boot_info = info;
    percpu_install(cpu, 0);
    trap_init_early(cpu);
    check_platform();
    ghcb_negotiate();
    ghcb_install(cpu, (struct ghcb *)SVSM_GHCB_GPA, SVSM_GHCB_GPA, true);
    console_init();
    check_boot_info();
    heap_init(info->heap_base, info->heap_size);
    kva_init();
    kva_init_cpu(cpu);
    trap_stacks(cpu);
    trap_init(cpu);
    cpuid_get(1, 0, &leaf1);
    cpu->apic_id = leaf1.ebx >> 24;
    stack_switch(kva_stack(STACK_PAGES), run);
}
