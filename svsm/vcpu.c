/* SPDX-License-Identifier: MIT */
/*
 * VMSAs and calling areas of the guest. A VMSA page is no memory of the guest
 * while it is one: no permissions, no copies, no PVALIDATE. EFER.SVME is off
 * whenever the kernel looks at a VMSA: VMRUN refuses it then.
 */
#include "svsm/vcpu.h"

#include <string.h>

#include "evtpm/snp.h"
#include "svsm/cpu.h"
#include "svsm/cpuid.h"
#include "svsm/ghcb.h"
#include "svsm/guest_mem.h"
#include "svsm/guest_vmsa.h"
#include "svsm/heap.h"
#include "svsm/kva.h"
#include "svsm/rmp.h"
#include "svsm/term.h"

struct rwlock vcpu_lock;

static bool overlaps(uint64_t page, uint64_t gpa, uint64_t size)
{
    return page < gpa + size && gpa < page + SNP_PAGE_SIZE;
}

bool vcpu_owns_vmsa(uint64_t gpa, uint64_t size)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        const struct guest_cpu *g = &percpus[i].guest;

        if (g->vmsa && !g->vmsa_ours && overlaps(g->vmsa_gpa, gpa, size)) {
            return true;
        }
    }
    return false;
}

bool vcpu_owns_page(uint64_t gpa, uint64_t size)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        const struct guest_cpu *g = &percpus[i].guest;

        if (g->vmsa && overlaps(g->caa_gpa, gpa, size)) {
            return true;
        }
    }
    return vcpu_owns_vmsa(gpa, size);
}

uint64_t vcpu_sev_features(void)
{
    uint64_t own = rdmsr(MSR_AMD64_SEV_STATUS) >> SEV_STATUS_FEATURES_SHIFT;

    /* What VMPL0 may need and Linux below it refuses */
    return own &
           ~(SEV_FEATURE_RESTRICTED_INJECTION | SEV_FEATURE_DEBUG_SWAP);
}

uint64_t vcpu_remap_ca(struct percpu *cpu, uint64_t gpa)
{
    uint64_t result = SVSM_SUCCESS, zero = 0;

    if (gpa % SNP_PAGE_SIZE) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    write_lock(&vcpu_lock);
    if (gpa != cpu->guest.caa_gpa && vcpu_owns_page(gpa, SNP_PAGE_SIZE)) {
        result = SVSM_ERR_INVALID_PARAMETER;
    } else if (guest_write_locked(gpa, &zero, sizeof(zero)) != 0) {
        result = SVSM_ERR_INVALID_ADDRESS;
    } else {
        cpu->guest.caa = kva_map_slot(cpu->guest.caa_slot, gpa);
        cpu->guest.caa_gpa = gpa;
    }
    write_unlock(&vcpu_lock);
    return result;
}

static struct percpu *cpu_by_apic_id(uint32_t apic_id)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (percpus[i].apic_id == apic_id) {
            return &percpus[i];
        }
    }
    return NULL;
}

/* The page is out of the guest's reach: look, then make it a VMSA. */
static uint64_t adopt_vmsa(struct percpu *cpu, uint64_t vmsa_gpa)
{
    struct vmsa *vmsa = kva_map_slot(cpu->guest.vmsa_slot, vmsa_gpa);
    struct vmsa copy;

    if (guest_copy(&copy, vmsa, sizeof(copy)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (copy.vmpl != guest_vmpl || !(copy.efer & VMSA_EFER_SVME) ||
        copy.sev_features != vcpu_sev_features()) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (rmp_adjust((uint64_t)vmsa, false, guest_vmpl, 0, true) != SNP_OK) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    return SVSM_SUCCESS;
}

static uint64_t create_locked(struct percpu *cpu, uint64_t vmsa_gpa,
                              uint64_t caa_gpa)
{
    uint64_t result, zero = 0;

    if (vcpu_owns_page(vmsa_gpa, SNP_PAGE_SIZE) ||
        vcpu_owns_page(caa_gpa, SNP_PAGE_SIZE)) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (!memmap_is_guest(&guest_map, vmsa_gpa, SNP_PAGE_SIZE) ||
        guest_write_locked(caa_gpa, &zero, sizeof(zero)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (cpu->guest.vmsa) {
        return SVSM_ERR_VCPU_IN_USE;
    }
    if (guest_page_revoke(vmsa_gpa, false) != SNP_OK) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    result = adopt_vmsa(cpu, vmsa_gpa);
    if (result != SVSM_SUCCESS) {
        kva_unmap_slot(cpu->guest.vmsa_slot);
        guest_page_grant(vmsa_gpa, false);
        return result;
    }
    cpu->guest.caa = kva_map_slot(cpu->guest.caa_slot, caa_gpa);
    cpu->guest.caa_gpa = caa_gpa;
    cpu->guest.vmsa_gpa = vmsa_gpa;
    cpu->guest.vmsa_ours = false;
    __atomic_store_n(&cpu->guest.vmsa, (struct vmsa *)cpu->guest.vmsa_slot,
                     __ATOMIC_RELEASE);
    return SVSM_SUCCESS;
}

uint64_t vcpu_create(uint64_t vmsa_gpa, uint64_t caa_gpa, uint32_t apic_id)
{
    struct percpu *cpu = cpu_by_apic_id(apic_id);
    uint64_t result;

    if (vmsa_gpa % SNP_PAGE_SIZE || caa_gpa % SNP_PAGE_SIZE ||
        vmsa_gpa == caa_gpa) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (!cpu) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    write_lock(&vcpu_lock);
    result = create_locked(cpu, vmsa_gpa, caa_gpa);
    write_unlock(&vcpu_lock);
    return result;
}

static struct percpu *cpu_by_vmsa(uint64_t vmsa_gpa)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        const struct guest_cpu *g = &percpus[i].guest;

        if (g->vmsa && !g->vmsa_ours && g->vmsa_gpa == vmsa_gpa) {
            return &percpus[i];
        }
    }
    return NULL;
}

/* A VMSA that a processor runs keeps its mark: then it goes on as it was. */
static uint64_t delete_locked(struct percpu *self, uint64_t vmsa_gpa)
{
    struct percpu *cpu = cpu_by_vmsa(vmsa_gpa);
    struct vmsa *vmsa;

    if (!cpu) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (cpu == self) {
        return SVSM_ERR_VCPU_IN_USE;
    }
    vmsa = cpu->guest.vmsa;
    __atomic_and_fetch(&vmsa->efer, ~VMSA_EFER_SVME, __ATOMIC_SEQ_CST);
    if (rmp_adjust((uint64_t)vmsa, false, guest_vmpl, 0, false) != SNP_OK) {
        __atomic_or_fetch(&vmsa->efer, VMSA_EFER_SVME, __ATOMIC_SEQ_CST);
        return SVSM_ERR_VCPU_IN_USE;
    }
    cpu->guest.vmsa = NULL;
    cpu->guest.caa = NULL;
    cpu->guest.vmsa_gpa = 0;
    cpu->guest.caa_gpa = 0;
    kva_unmap_slot(cpu->guest.vmsa_slot);
    kva_unmap_slot(cpu->guest.caa_slot);
    guest_page_grant(vmsa_gpa, false);
    return SVSM_SUCCESS;
}

uint64_t vcpu_delete(struct percpu *cpu, uint64_t vmsa_gpa)
{
    uint64_t result;

    write_lock(&vcpu_lock);
    result = delete_locked(cpu, vmsa_gpa);
    write_unlock(&vcpu_lock);
    return result;
}

void vcpu_launch(struct percpu *cpu, uint64_t entry, uint64_t caa_gpa)
{
    struct vmsa *vmsa = page_alloc_vmsa();
    struct cpuid_regs leaf1;

    cpuid_get(1, 0, &leaf1);
    guest_vmsa_reset(vmsa, entry, guest_vmpl, vcpu_sev_features(), leaf1.eax);
    if (rmp_adjust((uint64_t)vmsa, false, guest_vmpl, 0, true) != SNP_OK) {
        fatal(SVSM_TERM_RMPADJUST, "boot VMSA at %lx", (uint64_t)vmsa);
    }
    cpu->guest.vmsa_gpa = (uint64_t)vmsa;
    cpu->guest.vmsa_ours = true;
    cpu->guest.caa_gpa = caa_gpa;
    cpu->guest.caa = kva_map_slot(cpu->guest.caa_slot, caa_gpa);
    cpu->guest.vmsa = vmsa;
    if (ghcb_ap_creation(GHCB_AP_CREATE_ON_INIT, guest_vmpl, cpu->apic_id,
                         cpu->guest.vmsa_gpa, vmsa->sev_features) != 0) {
        fatal(SVSM_TERM_AP_CREATION, "host refused the guest's boot VMSA");
    }
}
