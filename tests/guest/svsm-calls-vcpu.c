/* SPDX-License-Identifier: MIT */
/* SVSM conformance: CREATE_VCPU (58019 6.3), DELETE_VCPU (6.4). */
#include "tests/guest/svsm-calls.h"

#include <string.h>

#define APIC_ID 1 /* of the second vCPU; it never runs here */
#define IN_USE SVSM_ERR_VCPU_IN_USE
#define CREATE CORE(CREATE_VCPU)
#define DELETE CORE(DELETE_VCPU)

struct fw_vcpu fw_vcpu;

static uint64_t create(uint64_t vmsa_gpa, uint64_t caa_gpa)
{
    struct call c = { CREATE, vmsa_gpa, caa_gpa, APIC_ID, 0 };

    return svsm_call(&c);
}

static uint64_t create_good(void)
{
    return create((uint64_t)fw_vcpu.vmsa, fw_vcpu.caa);
}

static uint64_t delete_good(void)
{
    return svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)fw_vcpu.vmsa);
}

/* VMSA and calling area are good ones, but for the argument that a row names */
static const struct row arguments[] = {
    { "6.3", "VMSA 1 off", CREATE, { VMSA, 1 }, { CALLING_2, 0 }, { NUMBER, 1 },
      ADDRESS, PARAMETER },
    { "6.3", "VMSA half a page off", CREATE, { VMSA, PAGE / 2 },
      { CALLING_2, 0 }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA in the SVSM", CREATE, { SVSM, 0 }, { CALLING_2, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA in the SVSM's last page", CREATE, { SVSM_LAST, 0 },
      { CALLING_2, 0 }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA in no memory", CREATE, { BEYOND, 0 }, { CALLING_2, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA not validated", CREATE, { RAW, 0 }, { CALLING_2, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA with the C-bit", CREATE, { VMSA, SNP_CBIT },
      { CALLING_2, 0 }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA at the launch VMSA", CREATE, { NUMBER, 0xfffffffff000 },
      { CALLING_2, 0 }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA on top of all", CREATE, { NUMBER, 0xfffffffffffff000 },
      { CALLING_2, 0 }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "VMSA in the caller's calling area", CREATE, { CALLING, 0 },
      { CALLING_2, 0 }, { NUMBER, 1 }, PARAMETER, ADDRESS },
    { "6.3", "calling area 1 off", CREATE, { VMSA, 0 }, { CALLING_2, 1 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "calling area 8 off", CREATE, { VMSA, 0 }, { CALLING_2, 8 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "one page for both", CREATE, { VMSA, 0 }, { VMSA, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "calling area in the SVSM", CREATE, { VMSA, 0 }, { SVSM, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "calling area in the SVSM's last page", CREATE, { VMSA, 0 },
      { SVSM_LAST, 0 }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "calling area in no memory", CREATE, { VMSA, 0 }, { BEYOND, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "calling area not validated", CREATE, { VMSA, 0 }, { RAW, 0 },
      { NUMBER, 1 }, ADDRESS, PARAMETER, .own = true },
    { "6.3", "calling area with the C-bit", CREATE, { VMSA, 0 },
      { CALLING_2, SNP_CBIT }, { NUMBER, 1 }, ADDRESS, PARAMETER },
    { "6.3", "the caller's calling area", CREATE, { VMSA, 0 }, { CALLING, 0 },
      { NUMBER, 1 }, PARAMETER, ADDRESS },
    { "6.3", "unknown APIC id 77", CREATE, { VMSA, 0 }, { CALLING_2, 0 },
      { NUMBER, 77 }, PARAMETER },
    { "6.3", "unknown APIC id ffffffff", CREATE, { VMSA, 0 }, { CALLING_2, 0 },
      { NUMBER, 0xffffffff }, PARAMETER },
    { "6.3", "the caller itself", CREATE, { VMSA, 0 }, { CALLING_2, 0 },
      { NUMBER, 0 }, IN_USE, .own = true },
    { "6.4", "no vCPU yet", DELETE, { VMSA, 0 }, .want = PARAMETER },
};

/* While the vCPU exists: no call may touch its VMSA */
static const struct row existing[] = {
    { "6.3", "the same again", CREATE, { VMSA, 0 }, { CALLING_2, 0 },
      { NUMBER, 1 }, PARAMETER, ADDRESS },
    { "6.3", "its VMSA as a calling area", CREATE, { GOOD, 0 }, { VMSA, 0 },
      { NUMBER, 1 }, PARAMETER, ADDRESS },
    { "6.3", "its calling area as a VMSA", CREATE, { CALLING_2, 0 },
      { GOOD, 0 }, { NUMBER, 1 }, PARAMETER, ADDRESS },
    { "6.1", "REMAP_CA to a VMSA", CORE(REMAP_CA), { VMSA, 0 },
      .want = PARAMETER, .also = ADDRESS },
    { "6.1", "REMAP_CA to another's calling area", CORE(REMAP_CA),
      { CALLING_2, 0 }, .want = PARAMETER, .also = ADDRESS },
    { "6.2", "list in a VMSA", CORE(PVALIDATE), { VMSA, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.1", "SERVICES, arguments in a VMSA",
      SVSM_CALL(1, SVSM_ATTEST_SERVICES), { VMSA, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "7.2", "SINGLE_SERVICE, arguments in a VMSA",
      SVSM_CALL(1, SVSM_ATTEST_SINGLE_SERVICE), { VMSA, 0 }, .want = ADDRESS,
      .also = PARAMETER },
    { "8.2", "vTPM buffer in a VMSA", SVSM_CALL(2, SVSM_VTPM_CMD), { VMSA, 0 },
      .want = ADDRESS, .also = PARAMETER },
    { "8.2", "vTPM buffer that ends in one", SVSM_CALL(2, SVSM_VTPM_CMD),
      { VMSA, -4ull }, .want = ADDRESS, .also = PARAMETER },
    { "6.4", "1 off", DELETE, { VMSA, 1 }, .want = PARAMETER },
    { "6.4", "a calling area", DELETE, { CALLING_2, 0 }, .want = PARAMETER },
    { "6.4", "a page", DELETE, { GOOD, 0 }, .want = PARAMETER },
    { "6.4", "0", DELETE, { NUMBER, 0 }, .want = PARAMETER },
    { "6.4", "no memory", DELETE, { BEYOND, 0 }, .want = PARAMETER,
      .also = ADDRESS },
    { "6.4", "the SVSM's memory", DELETE, { SVSM, 0 }, .want = PARAMETER,
      .also = ADDRESS },
    { "6.4", "with the C-bit", DELETE, { VMSA, SNP_CBIT }, .want = PARAMETER,
      .also = ADDRESS },
    { "6.4", "the launch VMSA", DELETE, { NUMBER, 0xfffffffff000 },
      .want = PARAMETER, .also = ADDRESS },
};

static void vmsa_good(void)
{
    const struct snp_secrets_page *s = (void *)FW_SECRETS;

    fw_vcpu.vmsa->vmpl = s->svsm_guest_vmpl;
    fw_vcpu.vmsa->efer = VMSA_EFER_SVME;
    fw_vcpu.vmsa->sev_features = fw_features();
}

static void refused(const char *what)
{
    judge("6.3", create_good(), PARAMETER, 0, what);
    vmsa_good(); /* the guest has its page back */
}

static void test_fields(void)
{
    vmsa_good();
    for (unsigned vmpl = 0; vmpl < 5; vmpl++) {
        if (vmpl != fw_vcpu.vmsa->vmpl) {
            fw_vcpu.vmsa->vmpl = (uint8_t)vmpl;
            refused("VMSA of another VMPL");
        }
    }
    fw_vcpu.vmsa->vmpl = 0xff;
    refused("VMSA of VMPL 255");
    fw_vcpu.vmsa->efer = 0;
    refused("VMSA without SVME");
    fw_vcpu.vmsa->efer = 0xd01;
    refused("VMSA with all but SVME");
    for (unsigned bit = 0; bit < 64; bit++) {
        fw_vcpu.vmsa->sev_features ^= 1ull << bit;
        if (!is_right(create_good(), PARAMETER, 0)) {
            report(false, "6.3 SEV_FEATURES other in bit %u", bit);
        }
        vmsa_good();
    }
    report(true, "6.3 SEV_FEATURES must be the guest's");
}

static void test_page(uint64_t page, uint64_t other, const char *what)
{
    const struct {
        uint64_t gpa, flags;
    } ways[] = {
        { page, 0 },
        { page, SVSM_PVALIDATE_IGNORE_CF },
        { page, SVSM_PVALIDATE_VALIDATE },
        { page, SVSM_PVALIDATE_VALIDATE | SVSM_PVALIDATE_IGNORE_CF },
        { page & ~(SNP_LARGE_PAGE_SIZE - 1ull), 1 },
    };

    for (unsigned i = 0; i < COUNT(ways); i++) {
        judge("6.2", svsm_pvalidate(ways[i].gpa, ways[i].flags), ADDRESS, other,
              what);
    }
}

static void test_existing(void)
{
    run_rows(existing, COUNT(existing));
    report(fw_vcpu.vmsa->vmpl != 0 && (fw_vcpu.vmsa->efer & VMSA_EFER_SVME),
           "6.3 the guest can read its VMSA, which is as it was");
    test_page((uint64_t)fw_vcpu.vmsa, 0, "PVALIDATE of a VMSA");
    if (!ANY_SVSM) {
        test_page(fw_vcpu.caa, 0, "PVALIDATE of a calling area in use");
    }
}

void test_vcpu(void)
{
    fw_vcpu.vmsa = (void *)fw_page();
    fw_vcpu.caa = (uint64_t)fw_page();
    vmsa_good();
    run_rows(arguments, COUNT(arguments));
    test_fields();
    memset((void *)fw_vcpu.caa, ANY_SVSM ? 0 : 0xff, 8);
    expect(create_good(), SVSM_SUCCESS, "6.3 CREATE_VCPU");
    report(*(uint64_t *)fw_vcpu.caa == 0, "6.3 nothing is pending there");
    test_existing();
    expect(delete_good(), SVSM_SUCCESS, "6.4 DELETE_VCPU");
    report(!(fw_vcpu.vmsa->efer & VMSA_EFER_SVME),
           "6.4 the VMSA cannot be run any more");
    fw_vcpu.vmsa->rax = 0x77;
    report(fw_vcpu.vmsa->rax == 0x77, "6.4 the page is the guest's again");
    vmsa_good();
    expect(delete_good(), PARAMETER, "6.4 DELETE_VCPU again");
    expect(create_good(), SVSM_SUCCESS, "6.3 CREATE_VCPU again");
    expect(delete_good(), SVSM_SUCCESS, "6.4 DELETE_VCPU");
    expect(svsm_pvalidate((uint64_t)fw_vcpu.vmsa, 0), SVSM_SUCCESS,
           "6.2 the former VMSA can be rescinded");
}
