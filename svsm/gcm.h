/* SPDX-License-Identifier: MIT */
/* AES-256-GCM with a 96-bit IV and a 128-bit tag (NIST SP 800-38D). */
#ifndef SVSM_GCM_H
#define SVSM_GCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svsm/aes.h"

#define GCM_IV_SIZE 12
#define GCM_TAG_SIZE 16

/* @out may be @in. */
void gcm_encrypt(const struct aes256 *aes, const uint8_t iv[GCM_IV_SIZE],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in,
                 size_t size, uint8_t *out, uint8_t tag[GCM_TAG_SIZE]);

/* False, and @out zeroed, when the tag does not fit. @out may be @in. */
bool gcm_decrypt(const struct aes256 *aes, const uint8_t iv[GCM_IV_SIZE],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in,
                 size_t size, uint8_t *out, const uint8_t tag[GCM_TAG_SIZE]);

#endif
