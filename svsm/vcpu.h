/* SPDX-License-Identifier: MIT */
/* The guest's vCPUs: their VMSAs, calling areas, and the calls that change
 * them. */
#ifndef SVSM_VCPU_H
#define SVSM_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "svsm/percpu.h"
#include "svsm/spinlock.h"

/* Read: PVALIDATE and copies. Write: changes of VMSAs and calling areas. */
extern struct rwlock vcpu_lock;

/* Is some page of the range a guest VMSA, or (second) VMSA or calling area? */
bool vcpu_owns_vmsa(uint64_t gpa, uint64_t size);
bool vcpu_owns_page(uint64_t gpa, uint64_t size);

/* SEV_FEATURES that a VMSA of the guest must have. */
uint64_t vcpu_sev_features(void);

/*
 * The VMSA that this vCPU's guest left with, mapped, and its calling area. 0
 * if the guest has none here. Until vcpu_release() nobody can delete it.
 */
struct vmsa *vcpu_claim(struct percpu *cpu);
void vcpu_release(struct percpu *cpu);
struct svsm_caa *vcpu_calling_area(const struct percpu *cpu);

/* Core protocol: results are its codes. */
uint64_t vcpu_remap_ca(struct percpu *cpu, uint64_t gpa);
uint64_t vcpu_create(struct percpu *cpu, uint64_t vmsa_gpa, uint64_t caa_gpa,
                     uint32_t apic_id);
uint64_t vcpu_delete(uint64_t vmsa_gpa);

/* Builds the boot vCPU's VMSA at @entry and tells the host about it. */
void vcpu_launch(struct percpu *cpu, uint64_t entry, uint64_t caa_gpa);

#endif
