/* SPDX-License-Identifier: MIT */
/* Attestation arguments (SVSM 58019 7.1, 7.2). Compiles on the host too. */
#include "svsm/attest_call.h"

size_t attest_call_size(uint32_t call)
{
    switch (call) {
    case SVSM_ATTEST_SERVICES:
        return SVSM_ATTEST_SERVICES_SIZE;
    case SVSM_ATTEST_SINGLE_SERVICE:
        return sizeof(struct svsm_attest_call);
    default:
        return 0;
    }
}

static bool buffer_valid(const struct svsm_attest_buf *buffer)
{
    return buffer->gpa % SNP_PAGE_SIZE == 0 && buffer->rsvd == 0;
}

bool attest_call_valid(const struct svsm_attest_call *args, bool single)
{
    const struct svsm_attest_buf *nonce = &args->nonce;

    if (nonce->len != SVSM_ATTEST_NONCE_SIZE || nonce->rsvd != 0 ||
        nonce->gpa % SNP_PAGE_SIZE > SNP_PAGE_SIZE - nonce->len) {
        return false;
    }
    if (!buffer_valid(&args->report) || !buffer_valid(&args->manifest)) {
        return false;
    }
    /* Without a length there is no buffer; what is reserved stays so */
    if (args->certificates.rsvd != 0 ||
        (args->certificates.len != 0 && !buffer_valid(&args->certificates))) {
        return false;
    }
    return !single || (args->service_version == 0 && args->rsvd_54 == 0);
}
