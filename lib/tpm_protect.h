/* SPDX-License-Identifier: MIT */
/*
 * What one sends to a TPM so that only this TPM can read it (TPM 2.0 Part 1,
 * "Credential Protection" and "Object Structure Elements", outer wrap): a seed
 * encrypted for one of its decryption keys, and bytes protected by keys that
 * follow from the seed and a name.
 */
#ifndef EVTPM_LIB_TPM_PROTECT_H
#define EVTPM_LIB_TPM_PROTECT_H

#include "lib/tpm_structs.h"

/*
 * KDFa (Part 1, "Key Derivation Function"; SP 800-108, counter mode, HMAC):
 * `out_size` bytes from `key`. `label` counts with its terminating zero, the
 * contexts may be NULL. Returns 0 or -1, the latter when GnuTLS fails.
 */
int tpm_kdfa(gnutls_digest_algorithm_t hash, const void *key, size_t key_size,
             const char *label, const struct evtpm_blob *context_u,
             const struct evtpm_blob *context_v, uint8_t *out, size_t out_size);

/*
 * RSAES-OAEP (RFC 8017, 7.1.1) by the key's name algorithm, as Part 1, annex
 * "RSA" wants it for secrets: the label's terminating zero is part of it.
 * `out` is as long as the modulus. 0 or -1 with an error text.
 */
int tpm_oaep_encrypt(const TPMT_PUBLIC *key, const char *label,
                     const void *data, size_t size, TPM2B_ENCRYPTED_SECRET *out,
                     struct evtpm_error *err);

struct tpm_protected {
    struct evtpm_blob blob; /* TPM2B_DIGEST of the HMAC, then the ciphertext */
    TPM2B_ENCRYPTED_SECRET seed;
};
void tpm_protected_clear(struct tpm_protected *protected);

/*
 * Protects `plain` for the TPM that has `key`, an RSA key of 2048 bits or more
 * that can decrypt, with AES in CFB mode. Label: "IDENTITY" for credentials,
 * "DUPLICATE" for objects to be imported. A new seed each time. 0 or -1.
 */
int tpm_protect(const TPMT_PUBLIC *key, const char *label,
                const struct evtpm_blob *name, const struct evtpm_blob *plain,
                struct tpm_protected *out, struct evtpm_error *err);

#endif
