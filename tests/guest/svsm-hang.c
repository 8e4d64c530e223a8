/* SPDX-License-Identifier: MIT */
/*
 * A TPM command that never ends (svsm-hang-vtpm.c) keeps one vCPU in the SVSM. All calls of another
 * one that need no TPM are served meanwhile: they would not, were there one lock for all of them.
 */
#include "tests/guest/svsm-ap.h"

#include <string.h>

#define OTHER_APIC_ID 2 /* never runs */
#define ROUNDS 20

static struct ap ap;
static uint8_t *buffer, *vmsa_page, *caa_page;

static void send_command(struct ap *self)
{
    static const uint8_t command[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x7b };
    struct svsm_vtpm_request *r = (void *)buffer;
    struct call c = { .rax = SVSM_CALL(2, SVSM_VTPM_CMD),
                      .rcx = (uint64_t)buffer };

    *r = (struct svsm_vtpm_request){ 8, 0, sizeof(command) };
    memcpy(r->data, command, sizeof(command));
    /* svsm_call_at() sets it, too: whoever sees 0 later knows that it was taken */
    *(volatile uint8_t *)self->caa = 1;
    self->started = 1;
    svsm_call_at(self->caa, &c);
    self->done = 1;
    ap_halt();
}

/* The SVSM clears the flag when it takes the call (AMD 58019, 5.1). */
static bool taken(void)
{
    const volatile struct svsm_caa *area = (void *)ap.caa;

    for (uint64_t i = 0; i < 2000000000ull; i++) {
        if (!area->call_pending) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

static unsigned page_calls(void)
{
    uint64_t gpa = FW_RAW + 0x100000;
    unsigned good = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        good += svsm_pvalidate(gpa, SVSM_PVALIDATE_VALIDATE) == SVSM_SUCCESS &&
                svsm_pvalidate(gpa, 0) == SVSM_SUCCESS;
    }
    return good;
}

static unsigned vcpu_calls(void)
{
    struct vmsa *vmsa = (void *)vmsa_page;
    unsigned good = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct call c = { SVSM_CALL(0, SVSM_CORE_CREATE_VCPU), (uint64_t)vmsa,
                          (uint64_t)caa_page, OTHER_APIC_ID, 0 };

        memset(vmsa, 0, sizeof(*vmsa));
        vmsa->vmpl = 2;
        vmsa->efer = VMSA_EFER_SVME;
        vmsa->sev_features = SEV_FEATURE_SNP_ACTIVE;
        good += svsm_call(&c) == SVSM_SUCCESS &&
                svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)vmsa) == SVSM_SUCCESS;
    }
    return good;
}

void fw_tests(void)
{
    buffer = fw_page();
    vmsa_page = fw_page();
    caa_page = fw_page();
    ap_init(&ap, 1);
    report(ap_start(&ap, (void *)fw_page(), send_command), "vCPU 1 starts");
    report(ap_wait(&ap.started, 1), "and sends a TPM command");
    report(taken(), "which the SVSM takes");
    expect(page_calls(), ROUNDS, "PVALIDATE meanwhile, both ways");
    expect(vcpu_calls(), ROUNDS, "CREATE_VCPU and DELETE_VCPU");
    expect(svsm(0, SVSM_CORE_REMAP_CA, FW_CAA), SVSM_SUCCESS, "REMAP_CA");
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 2ull << 32 | 1), SVSM_SUCCESS,
           "QUERY_PROTOCOL");
    expect(svsm(2, SVSM_VTPM_QUERY, 0), SVSM_SUCCESS, "vTPM QUERY");
    expect(svsm(0, SVSM_CORE_DELETE_VCPU, (uint64_t)ap.vmsa),
           SVSM_ERR_VCPU_IN_USE, "DELETE_VCPU of the caller that waits");
    report(!ap.done, "the TPM command has not ended");
}
