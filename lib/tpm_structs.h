/* SPDX-License-Identifier: MIT */
/* TPM 2.0 structures of the evidence, decoded by tss2-mu; names and signatures by GnuTLS. */
#ifndef EVTPM_LIB_TPM_STRUCTS_H
#define EVTPM_LIB_TPM_STRUCTS_H

#include <gnutls/abstract.h>
#include <tss2/tss2_tpm2_types.h>

#include "lib/blob.h"
#include "lib/error.h"

/* Each decodes exactly the whole blob: bytes left over are an error. Return 0 or -1. */
int tpm_parse_tpm2b_public(const struct evtpm_blob *blob, TPMT_PUBLIC *out,
                           struct evtpm_error *err);
int tpm_parse_tpmt_public(const struct evtpm_blob *blob, TPMT_PUBLIC *out,
                          struct evtpm_error *err);
int tpm_parse_attest(const struct evtpm_blob *blob, TPMS_ATTEST *out,
                     struct evtpm_error *err);
int tpm_parse_signature(const struct evtpm_blob *blob, TPMT_SIGNATURE *out,
                        struct evtpm_error *err);

/* GNUTLS_DIG_UNKNOWN for what this verifier does not take. */
gnutls_digest_algorithm_t tpm_hash_algorithm(TPMI_ALG_HASH alg);

/*
 * A key's name: its name algorithm, then the digest of the marshalled TPMT_PUBLIC. `name` has
 * room for TPM's largest. Returns its size, 0 when the name algorithm is not known.
 */
#define TPM_NAME_MAX (2 + 64)
size_t tpm_public_name(const TPMT_PUBLIC *public, uint8_t name[TPM_NAME_MAX]);

/* The key for GnuTLS: RSA, or ECC on P-256 or P-384. NULL with an error text. */
gnutls_pubkey_t tpm_public_import(const TPMT_PUBLIC *public,
                                  struct evtpm_error *err);

/* Does the key's signature (RSASSA, RSAPSS or ECDSA, as its scheme says) cover `data`? 0 or -1. */
int tpm_signature_verify(const TPMT_PUBLIC *key,
                         const TPMT_SIGNATURE *signature,
                         const struct evtpm_blob *data,
                         struct evtpm_error *err);

/* "fixedtpm|restricted|sign" into `out`; returns `out`. */
char *tpm_attributes_format(TPMA_OBJECT attributes, char *out, size_t size);

#endif
