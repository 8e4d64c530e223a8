/* SPDX-License-Identifier: MIT */
#include "agent/credential.h"

#include <tss2/tss2_mu.h>

#define FILE_MAGIC 0xbadcc0deu
#define FILE_VERSION 1u

static bool take_u32(const struct evtpm_blob *file, size_t *at, UINT32 wanted)
{
    UINT32 seen;

    return Tss2_MU_UINT32_Unmarshal(file->data, file->size, at, &seen) ==
               TSS2_RC_SUCCESS &&
           seen == wanted;
}

int credential_parse(const struct evtpm_blob *file, struct credential *out,
                     struct evtpm_error *err)
{
    size_t at = 0;

    *out = (struct credential){ 0 };
    if (file->size == 0 || !take_u32(file, &at, FILE_MAGIC) ||
        !take_u32(file, &at, FILE_VERSION)) {
        return evtpm_fail(err, "CREDENTIAL is not a file of "
                               "tpm2_makecredential, version 1");
    }
    if (Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(file->data, file->size, &at,
                                          &out->id) != TSS2_RC_SUCCESS ||
        Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(
            file->data, file->size, &at, &out->secret) != TSS2_RC_SUCCESS) {
        return evtpm_fail(err, "CREDENTIAL is cut off or malformed");
    }
    if (at != file->size) {
        return evtpm_fail(err, "CREDENTIAL has %zu bytes too many",
                          file->size - at);
    }
    return 0;
}
