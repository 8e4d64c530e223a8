/* SPDX-License-Identifier: MIT */
/*
 * A sealed data object made outside of the TPM that is to unseal it, as if it
 * had been duplicated there: TPM2_Import, TPM2_Load, TPM2_PolicyPCR,
 * TPM2_Unseal (TPM 2.0 Part 3) get the data, and only while PCRs have values.
 */
#ifndef EVTPM_LIB_SEAL_H
#define EVTPM_LIB_SEAL_H

#include "lib/blob.h"
#include "lib/error.h"
#include "lib/evidence.h"

#define EVTPM_SEALED_MAX 128 /* bytes; what a TPM must be able to hold */

struct evtpm_sealed {
    struct evtpm_blob public;    /* TPM2B_PUBLIC */
    struct evtpm_blob duplicate; /* TPM2B_PRIVATE, for the parent alone */
    struct evtpm_blob seed;      /* TPM2B_ENCRYPTED_SECRET, likewise */
};
void evtpm_sealed_clear(struct evtpm_sealed *sealed);

/*
 * For the TPM that has `parent` (TPM2B_PUBLIC), a storage key such as an EK by
 * the default template. `pcrs`: bit n for PCR n, at least one; `values`: those
 * of the SHA-256 bank that they must have. 0 or -1; `out` is then empty.
 */
int evtpm_seal(const struct evtpm_blob *parent, uint32_t pcrs,
               const uint8_t values[EVTPM_PCR_COUNT][32],
               const struct evtpm_blob *data, struct evtpm_sealed *out,
               struct evtpm_error *err);

#endif
