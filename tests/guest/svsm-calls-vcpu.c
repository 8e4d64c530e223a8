/* SPDX-License-Identifier: MIT */
/* SVSM tests: CREATE_VCPU and DELETE_VCPU, one argument or field of the VMSA wrong at a time. */
#include "tests/guest/svsm-fw.h"

#include <string.h>

#define OTHER_APIC_ID 1 /* the second vCPU; it never runs here */

static struct vmsa *vmsa;
static uint64_t caa;

static uint64_t create(uint64_t vmsa_gpa, uint64_t caa_gpa, uint64_t apic_id)
{
    struct call c = { SVSM_CALL(0, SVSM_CORE_CREATE_VCPU), vmsa_gpa, caa_gpa,
                      apic_id, 0 };

    return svsm_call(&c);
}

static uint64_t create_good(void)
{
    return create((uint64_t)vmsa, caa, OTHER_APIC_ID);
}

static void test_arguments(void)
{
    uint64_t gpa = (uint64_t)vmsa;

    expect(create(gpa + 8, caa, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, VMSA unaligned");
    expect(create(gpa, caa + 8, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, calling area unaligned");
    expect(create(gpa, gpa, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, one page for both");
    expect(create(SVSM_BASE, caa, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, VMSA in the SVSM's memory");
    expect(create(gpa, SVSM_BASE, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, calling area there");
    expect(create(FW_RAM_END, caa, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, VMSA in no memory");
    expect(create(FW_RAW, caa, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, VMSA not validated");
    expect(create(gpa, FW_RAW, OTHER_APIC_ID), SVSM_ERR_INVALID_ADDRESS,
           "CREATE_VCPU, calling area not validated");
    expect(create(gpa, FW_CAA, OTHER_APIC_ID), SVSM_ERR_INVALID_PARAMETER,
           "CREATE_VCPU, calling area of another");
    expect(create(gpa, caa, 77), SVSM_ERR_INVALID_PARAMETER,
           "CREATE_VCPU, unknown APIC id");
    expect(create(gpa, caa, 0), SVSM_ERR_VCPU_IN_USE,
           "CREATE_VCPU, the calling vCPU");
}

static void test_fields(void)
{
    static const uint8_t levels[] = { 0, 1, 3 };

    for (unsigned i = 0; i < sizeof(levels); i++) {
        vmsa->vmpl = levels[i];
        expect(create_good(), SVSM_ERR_INVALID_PARAMETER,
               "CREATE_VCPU, another VMPL");
    }
    vmsa->vmpl = 2;
    vmsa->efer &= ~VMSA_EFER_SVME;
    expect(create_good(), SVSM_ERR_INVALID_PARAMETER,
           "CREATE_VCPU, without SVME");
    vmsa->efer |= VMSA_EFER_SVME;
    vmsa->sev_features |= SEV_FEATURE_DEBUG_SWAP;
    expect(create_good(), SVSM_ERR_INVALID_PARAMETER,
           "CREATE_VCPU, other features");
    vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
}

/* While it is a VMSA no call may touch it */
static void test_vmsa_page(void)
{
    uint64_t gpa = (uint64_t)vmsa;

    report(vmsa->vmpl == 2, "the guest can read its VMSA");
    expect(create_good(), SVSM_ERR_INVALID_PARAMETER,
           "CREATE_VCPU, the same VMSA again");
    expect(svsm_pvalidate(gpa, 0), SVSM_ERR_INVALID_ADDRESS,
           "PVALIDATE, a VMSA");
    expect(svsm_pvalidate(caa, 0), SVSM_ERR_INVALID_ADDRESS,
           "PVALIDATE, its calling area");
    expect(svsm(0, SVSM_CORE_PVALIDATE, gpa), SVSM_ERR_INVALID_ADDRESS,
           "PVALIDATE, list in a VMSA");
    expect(svsm(0, SVSM_CORE_REMAP_CA, gpa), SVSM_ERR_INVALID_PARAMETER,
           "REMAP_CA to a VMSA");
    expect(svsm(2, SVSM_VTPM_CMD, gpa), SVSM_ERR_INVALID_ADDRESS,
           "vTPM buffer in a VMSA");
    expect(svsm(2, SVSM_VTPM_CMD, gpa - 4), SVSM_ERR_INVALID_ADDRESS,
           "vTPM buffer that ends in one");
}

void test_vcpu(void)
{
    vmsa = (void *)fw_page();
    caa = (uint64_t)fw_page();
    vmsa->vmpl = 2;
    vmsa->efer = VMSA_EFER_SVME;
    vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
    test_arguments();
    test_fields();
    *(uint64_t *)caa = ~0ull;
    expect(create_good(), SVSM_SUCCESS, "CREATE_VCPU");
    report(*(uint64_t *)caa == 0, "its calling area's head is zeroed");
    test_vmsa_page();
    expect(svsm(0, SVSM_CORE_DELETE_VCPU, caa), SVSM_ERR_INVALID_PARAMETER,
           "DELETE_VCPU, no VMSA");
    expect(svsm(0, SVSM_CORE_DELETE_VCPU, 0), SVSM_ERR_INVALID_PARAMETER,
           "DELETE_VCPU, 0");
    expect(svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)vmsa), SVSM_SUCCESS,
           "DELETE_VCPU");
    report(!(vmsa->efer & VMSA_EFER_SVME), "it cannot be run any more");
    vmsa->efer = VMSA_EFER_SVME;
    expect(svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)vmsa),
           SVSM_ERR_INVALID_PARAMETER, "DELETE_VCPU again");
    expect(create_good(), SVSM_SUCCESS, "CREATE_VCPU again");
    expect(svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)vmsa), SVSM_SUCCESS,
           "DELETE_VCPU");
}
