/* SPDX-License-Identifier: MIT */
/*
 * What a TPM does with a credential, by libcrypto: another implementation of
 * OAEP, SP 800-108, CFB, HMAC and CMS than lib/'s.
 */
#ifndef EVTPM_TESTS_CREDENTIAL_OPEN_H
#define EVTPM_TESTS_CREDENTIAL_OPEN_H

#include <glib.h>
#include <openssl/evp.h>

#include "lib/blob.h"

/* An EK's private half and what its template says */
struct opener {
    EVP_PKEY *key;
    const char *md;    /* its name algorithm: "SHA256" */
    unsigned aes_bits; /* of its symmetric cipher */
};

/* SP 800-108 in counter mode with HMAC; `context` may be NULL. */
void opener_kdf(const char *md, const void *key, gsize key_size,
                const char *label, const struct evtpm_blob *context,
                guint8 *out, gsize size);

/* TPM2_ActivateCredential of a file of tpm2_makecredential: the secret into
 * `out` (64 bytes), its size returned. The test fails if it does not open. */
gsize opener_activate(const struct opener *opener,
                      const struct evtpm_blob *name,
                      const struct evtpm_blob *file, guint8 out[64]);

/* The plaintext of a CMS AuthEnvelopedData, or NULL when it does not open. */
GBytes *opener_envelope(const void *der, gsize size, const guint8 key[32]);

#endif
