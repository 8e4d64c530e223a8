/* SPDX-License-Identifier: MIT */
/* TPM2_MakeCredential (TPM 2.0 Part 3) without a TPM. */
#ifndef EVTPM_LIB_CREDENTIAL_H
#define EVTPM_LIB_CREDENTIAL_H

#include "lib/blob.h"
#include "lib/error.h"

/*
 * A credential that TPM2_ActivateCredential opens only in the TPM that has the
 * private key of `ek_public` (TPM2B_PUBLIC) and a loaded object of the name
 * `name`. `secret`: 1 byte to the size of the EK's name algorithm. `out`
 * becomes the file that tpm2_makecredential writes and tpm2_activatecredential
 * reads: magic, version, TPM2B_ID_OBJECT, TPM2B_ENCRYPTED_SECRET. 0 or -1.
 */
int evtpm_make_credential(const struct evtpm_blob *ek_public,
                          const struct evtpm_blob *name,
                          const struct evtpm_blob *secret,
                          struct evtpm_blob *out, struct evtpm_error *err);

#endif
