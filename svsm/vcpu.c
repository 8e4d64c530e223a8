/* SPDX-License-Identifier: MIT */
/*
 * VMSAs and calling areas of the guest. A VMSA page is no memory of the guest
 * while it is one: the guest can only read it; no copies, no PVALIDATE. A vCPU
 * can have several, as firmware and its later stages each make their own; the
 * last is the one that is served, all stay VMSAs until they are deleted.
 */
#include "svsm/vcpu.h"

#include "evtpm/snp.h"
#include "svsm/clock.h"
#include "svsm/cpu.h"
#include "svsm/cpuid.h"
#include "svsm/ghcb.h"
#include "svsm/guest_mem.h"
#include "svsm/guest_vmsa.h"
#include "svsm/heap.h"
#include "svsm/kva.h"
#include "svsm/rmp.h"
#include "svsm/term.h"

#define VMSA_MAX (4 * SVSM_CPU_MAX)
#define DELETE_WAIT_NS 1000000000ull

struct rwlock vcpu_lock; /* guards the list and the GPAs of each guest_cpu */
static uint64_t
    vmsas[VMSA_MAX]; /* pages of the guest that are VMSAs; 0: free */

static bool overlaps(uint64_t page, uint64_t gpa, uint64_t size)
{
    return page < gpa + size && gpa < page + SNP_PAGE_SIZE;
}

bool vcpu_owns_vmsa(uint64_t gpa, uint64_t size)
{
    for (unsigned i = 0; i < VMSA_MAX; i++) {
        if (vmsas[i] && overlaps(vmsas[i], gpa, size)) {
            return true;
        }
    }
    return false;
}

bool vcpu_owns_page(uint64_t gpa, uint64_t size)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        const struct guest_cpu *g = &percpus[i].guest;

        if (g->vmsa_gpa && overlaps(g->caa_gpa, gpa, size)) {
            return true;
        }
    }
    return vcpu_owns_vmsa(gpa, size);
}

uint64_t vcpu_sev_features(void)
{
    uint64_t own = rdmsr(MSR_AMD64_SEV_STATUS) >> SEV_STATUS_FEATURES_SHIFT;

    /* What VMPL0 may need and Linux below it refuses */
    return own & ~(SEV_FEATURE_RESTRICTED_INJECTION | SEV_FEATURE_DEBUG_SWAP);
}

static void map_if_changed(uint64_t slot, uint64_t *mapped, uint64_t gpa)
{
    if (*mapped != gpa) {
        kva_map_slot(slot, gpa);
        *mapped = gpa;
    }
}

struct vmsa *vcpu_claim(struct percpu *cpu)
{
    struct guest_cpu *g = &cpu->guest;
    uint64_t vmsa_gpa, caa_gpa;

    read_lock(&vcpu_lock);
    vmsa_gpa = g->vmsa_gpa;
    caa_gpa = g->caa_gpa;
    g->busy_gpa = vmsa_gpa;
    read_unlock(&vcpu_lock);
    if (!vmsa_gpa) {
        return NULL;
    }
    map_if_changed(g->vmsa_slot, &g->mapped_vmsa, vmsa_gpa);
    map_if_changed(g->caa_slot, &g->mapped_caa, caa_gpa);
    return (struct vmsa *)g->vmsa_slot;
}

void vcpu_release(struct percpu *cpu)
{
    __atomic_store_n(&cpu->guest.busy_gpa, 0, __ATOMIC_RELEASE);
}

struct svsm_caa *vcpu_calling_area(const struct percpu *cpu)
{
    return (struct svsm_caa *)cpu->guest.caa_slot;
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

static uint64_t *list_find(uint64_t gpa)
{
    for (unsigned i = 0; i < VMSA_MAX; i++) {
        if (vmsas[i] == gpa) {
            return &vmsas[i];
        }
    }
    return NULL;
}

/* The page is out of the guest's reach: look, then make it a VMSA. */
static uint64_t adopt_vmsa(uint64_t vmsa_gpa)
{
    const struct vmsa *vmsa = window_small(vmsa_gpa);
    struct vmsa copy;

    if (guest_copy(&copy, vmsa, sizeof(copy)) != 0) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (copy.vmpl != guest_vmpl || !(copy.efer & VMSA_EFER_SVME) ||
        copy.sev_features != vcpu_sev_features()) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    /* Readable: OVMF looks up the VMPL there when it starts the vCPU */
    if (rmp_adjust((uint64_t)vmsa, false, guest_vmpl, RMP_PERM_READ, true) !=
        SNP_OK) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    return SVSM_SUCCESS;
}

static uint64_t create_locked(struct percpu *cpu, uint64_t vmsa_gpa,
                              uint64_t caa_gpa)
{
    uint64_t *free = list_find(0);
    uint64_t result, zero = 0;

    /* A vCPU that is started again may keep its calling area */
    if (!free || vcpu_owns_page(vmsa_gpa, SNP_PAGE_SIZE) ||
        (caa_gpa != cpu->guest.caa_gpa &&
         vcpu_owns_page(caa_gpa, SNP_PAGE_SIZE))) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (!memmap_is_guest(&guest_map, vmsa_gpa, SNP_PAGE_SIZE) ||
        guest_write_locked(caa_gpa, &zero, sizeof(zero)) != 0 ||
        guest_page_revoke(vmsa_gpa, false) != SNP_OK) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    result = adopt_vmsa(vmsa_gpa);
    if (result != SVSM_SUCCESS) {
        guest_page_grant(vmsa_gpa, false);
        return result;
    }
    *free = vmsa_gpa;
    cpu->guest.caa_gpa = caa_gpa;
    cpu->guest.vmsa_gpa = vmsa_gpa;
    return SVSM_SUCCESS;
}

uint64_t vcpu_create(struct percpu *cpu, uint64_t vmsa_gpa, uint64_t caa_gpa,
                     uint32_t apic_id)
{
    struct percpu *target = cpu_by_apic_id(apic_id);
    uint64_t result;

    if (vmsa_gpa % SNP_PAGE_SIZE || caa_gpa % SNP_PAGE_SIZE ||
        vmsa_gpa == caa_gpa) {
        return SVSM_ERR_INVALID_ADDRESS;
    }
    if (!target) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (target == cpu) {
        return SVSM_ERR_VCPU_IN_USE; /* it waits for this call's answer */
    }
    write_lock(&vcpu_lock);
    result = create_locked(target, vmsa_gpa, caa_gpa);
    window_close();
    write_unlock(&vcpu_lock);
    return result;
}

/* Is some vCPU's kernel looking at this VMSA? */
static bool is_busy(uint64_t vmsa_gpa)
{
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (__atomic_load_n(&percpus[i].guest.busy_gpa, __ATOMIC_ACQUIRE) ==
            vmsa_gpa) {
            return true;
        }
    }
    return false;
}

/* A VMSA that a processor runs keeps its mark: then it goes on as it was. */
static uint64_t delete_locked(uint64_t vmsa_gpa)
{
    uint64_t *entry = vmsa_gpa ? list_find(vmsa_gpa) : NULL;
    struct vmsa *vmsa;

    if (!entry) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    if (is_busy(vmsa_gpa)) {
        return SVSM_ERR_VCPU_IN_USE;
    }
    vmsa = window_small(vmsa_gpa);
    __atomic_and_fetch(&vmsa->efer, ~VMSA_EFER_SVME, __ATOMIC_SEQ_CST);
    if (rmp_adjust((uint64_t)vmsa, false, guest_vmpl, 0, false) != SNP_OK) {
        __atomic_or_fetch(&vmsa->efer, VMSA_EFER_SVME, __ATOMIC_SEQ_CST);
        return SVSM_ERR_VCPU_IN_USE;
    }
    *entry = 0;
    for (uint32_t i = 0; i < cpu_count; i++) {
        if (percpus[i].guest.vmsa_gpa == vmsa_gpa) {
            percpus[i].guest.vmsa_gpa = 0;
        }
    }
    guest_page_grant(vmsa_gpa, false);
    return SVSM_SUCCESS;
}

/*
 * The guest has asked the host to stop the vCPU, and a host does that in its
 * own time: a VMSA that still runs is waited for a while.
 */
uint64_t vcpu_delete(uint64_t vmsa_gpa)
{
    uint64_t begin = clock_ns(), result;

    do {
        write_lock(&vcpu_lock);
        result = delete_locked(vmsa_gpa);
        window_close();
        write_unlock(&vcpu_lock);
        cpu_relax();
    } while (result == SVSM_ERR_VCPU_IN_USE &&
             clock_ns() - begin < DELETE_WAIT_NS);
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
    cpu->guest.caa_gpa = caa_gpa;
    if (ghcb_ap_creation(GHCB_AP_CREATE_ON_INIT, guest_vmpl, cpu->apic_id,
                         (uint64_t)vmsa, vmsa->sev_features) != 0) {
        fatal(SVSM_TERM_AP_CREATION, "host refused the guest's boot VMSA");
    }
}
