/* SPDX-License-Identifier: MIT */
/* AES-256, encryption of one block (FIPS 197), in constant time and without
 * tables. */
#ifndef SVSM_AES_H
#define SVSM_AES_H

#include <stdint.h>

#define AES256_KEY_SIZE 32
#define AES_BLOCK_SIZE 16

struct aes256 {
    uint64_t round_key[15][2];
};

void aes256_init(struct aes256 *aes, const uint8_t key[AES256_KEY_SIZE]);
void aes256_encrypt(const struct aes256 *aes, uint8_t out[AES_BLOCK_SIZE],
                    const uint8_t in[AES_BLOCK_SIZE]);

#endif
