/* SPDX-License-Identifier: MIT */
/* SHA-512 (FIPS 180-4). */
#ifndef SVSM_SHA512_H
#define SVSM_SHA512_H

#include <stddef.h>
#include <stdint.h>

#define SHA512_SIZE 64

struct sha512 {
    uint64_t state[8];
    uint64_t size; /* bytes so far */
    uint8_t block[128];
};

void sha512_init(struct sha512 *hash);
void sha512_update(struct sha512 *hash, const void *data, size_t size);
void sha512_final(struct sha512 *hash, uint8_t digest[SHA512_SIZE]);

#endif
