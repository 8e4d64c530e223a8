/* SPDX-License-Identifier: MIT */
/* The file that tpm2_makecredential writes. */
#ifndef EVTPM_AGENT_CREDENTIAL_H
#define EVTPM_AGENT_CREDENTIAL_H

#include <tss2/tss2_tpm2_types.h>

#include "lib/blob.h"
#include "lib/error.h"

struct credential {
    TPM2B_ID_OBJECT id;
    TPM2B_ENCRYPTED_SECRET secret;
};

/* All of the file, which may be anybody's; 0 or -1. */
int credential_parse(const struct evtpm_blob *file, struct credential *out,
                     struct evtpm_error *err);

#endif
