/* SPDX-License-Identifier: MIT */
/* A vTPM that dies (svsm-crash-vtpm.c): its commands fail, kernel and guest go on. */
#include "tests/guest/svsm-fw.h"

#include <string.h>

#include "svsm/vtpm/protocol.h"

static uint8_t *buffer;

static uint32_t tpm(uint8_t code)
{
    const uint8_t command[] = { 0x80, 1, 0, 0, 0, 10, 0, 0, 1, code };
    struct svsm_vtpm_request *r = (void *)buffer;
    const struct svsm_vtpm_response *answer = (void *)buffer;

    *r = (struct svsm_vtpm_request){ 8, 0, sizeof(command) };
    memcpy(r->data, command, sizeof(command));
    if (svsm(2, SVSM_VTPM_CMD, (uint64_t)buffer) != SVSM_SUCCESS ||
        answer->size != VTPM_HEADER_SIZE) {
        return ~0u;
    }
    return vtpm_get32(answer->data + 6);
}

static uint64_t attest(void)
{
    const struct evtpm_guid vtpm_guid = SVSM_GUID_VTPM;
    struct svsm_attest_call args = {
        .report = { (uint64_t)fw_page(), PAGE, 0 },
        .nonce = { (uint64_t)fw_page(), SVSM_ATTEST_NONCE_SIZE, 0 },
        .manifest = { (uint64_t)fw_page(), PAGE, 0 },
        .service_guid = vtpm_guid,
    };

    memcpy(buffer, &args, sizeof(args));
    return svsm(1, SVSM_ATTEST_SINGLE_SERVICE, (uint64_t)buffer);
}

void fw_tests(void)
{
    const struct snp_secrets_page *s = (void *)FW_SECRETS;

    report(s->svsm_base == SVSM_BASE && s->svsm_size == SVSM_REGION_SIZE,
           "the secrets page names the SVSM's region");
    report(s->svsm_guest_vmpl == 2, "the guest is at VMPL2");
    buffer = fw_page();
    expect(tpm(0x44), VTPM_RC_SUCCESS, "the vTPM answers");
    expect(tpm(0x7b), VTPM_RC_FAILURE, "the command that kills it");
    expect(tpm(0x44), VTPM_RC_FAILURE, "the next one");
    expect(attest(), SVSM_ERR_INVALID_REQUEST, "no attestation without it");
    expect(svsm(2, SVSM_VTPM_QUERY, 0), SVSM_SUCCESS, "vTPM QUERY");
    expect(svsm(0, SVSM_CORE_QUERY_PROTOCOL, 1), SVSM_SUCCESS,
           "the SVSM still answers");
}
