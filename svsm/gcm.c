/* SPDX-License-Identifier: MIT */
/* GCM (NIST SP 800-38D 6, 7). GHASH multiplies bit by bit with masks: constant
 * time. Compiles on the host too. */
#include "svsm/gcm.h"

#include <string.h>

struct ghash {
    uint64_t key[2]; /* H, most significant word first */
    uint64_t sum[2];
};

static uint64_t load_be64(const uint8_t *p)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 8; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

static void store_be64(uint8_t *p, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        p[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

/* sum = sum * key in GF(2^128), bit 0 being the most significant (6.3) */
static void ghash_multiply(struct ghash *g)
{
    uint64_t v[2] = { g->key[0], g->key[1] }, z[2] = { 0, 0 };

    for (unsigned i = 0; i < 128; i++) {
        uint64_t mask = 0 - (g->sum[i / 64] >> (63 - i % 64) & 1);
        uint64_t carry = 0 - (v[1] & 1);

        z[0] ^= v[0] & mask;
        z[1] ^= v[1] & mask;
        v[1] = v[1] >> 1 | v[0] << 63;
        v[0] = v[0] >> 1 ^ (carry & 0xe100000000000000ull);
    }
    g->sum[0] = z[0];
    g->sum[1] = z[1];
}

static void ghash_block(struct ghash *g, const uint8_t block[16])
{
    g->sum[0] ^= load_be64(block);
    g->sum[1] ^= load_be64(block + 8);
    ghash_multiply(g);
}

/* The last block is padded with zeros. */
static void ghash_data(struct ghash *g, const uint8_t *data, size_t size)
{
    while (size) {
        uint8_t block[16] = { 0 };
        size_t n = size < sizeof(block) ? size : sizeof(block);

        memcpy(block, data, n);
        ghash_block(g, block);
        data += n;
        size -= n;
    }
}

static void counter_block(uint8_t block[16], const uint8_t iv[GCM_IV_SIZE],
                          uint32_t counter)
{
    memcpy(block, iv, GCM_IV_SIZE);
    for (unsigned i = 0; i < 4; i++) {
        block[GCM_IV_SIZE + i] = (uint8_t)(counter >> (24 - 8 * i));
    }
}

static void make_tag(const struct aes256 *aes, const uint8_t iv[GCM_IV_SIZE],
                     const uint8_t *aad, size_t aad_size, const uint8_t *cipher,
                     size_t size, uint8_t tag[GCM_TAG_SIZE])
{
    struct ghash g = { 0 };
    uint8_t block[16] = { 0 };

    aes256_encrypt(aes, block, block);
    g.key[0] = load_be64(block);
    g.key[1] = load_be64(block + 8);
    ghash_data(&g, aad, aad_size);
    ghash_data(&g, cipher, size);
    store_be64(block, (uint64_t)aad_size * 8);
    store_be64(block + 8, (uint64_t)size * 8);
    ghash_block(&g, block);
    counter_block(block, iv, 1);
    aes256_encrypt(aes, tag, block);
    store_be64(block, g.sum[0]);
    store_be64(block + 8, g.sum[1]);
    for (unsigned i = 0; i < GCM_TAG_SIZE; i++) {
        tag[i] ^= block[i];
    }
}

/* Counter mode from counter 2 on, both ways */
static void crypt(const struct aes256 *aes, const uint8_t iv[GCM_IV_SIZE],
                  const uint8_t *in, size_t size, uint8_t *out)
{
    uint8_t block[16];

    for (size_t done = 0; done < size; done += sizeof(block)) {
        size_t n = size - done < sizeof(block) ? size - done : sizeof(block);

        counter_block(block, iv, (uint32_t)(done / sizeof(block)) + 2);
        aes256_encrypt(aes, block, block);
        for (size_t i = 0; i < n; i++) {
            out[done + i] = in[done + i] ^ block[i];
        }
    }
}

void gcm_encrypt(const struct aes256 *aes, const uint8_t iv[GCM_IV_SIZE],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in,
                 size_t size, uint8_t *out, uint8_t tag[GCM_TAG_SIZE])
{
    crypt(aes, iv, in, size, out);
    make_tag(aes, iv, aad, aad_size, out, size, tag);
}

bool gcm_decrypt(const struct aes256 *aes, const uint8_t iv[GCM_IV_SIZE],
                 const uint8_t *aad, size_t aad_size, const uint8_t *in,
                 size_t size, uint8_t *out, const uint8_t tag[GCM_TAG_SIZE])
{
    uint8_t expected[GCM_TAG_SIZE], difference = 0;

    make_tag(aes, iv, aad, aad_size, in, size, expected);
    for (unsigned i = 0; i < GCM_TAG_SIZE; i++) {
        difference |= expected[i] ^ tag[i];
    }
    if (difference) {
        memset(out, 0, size);
        return false;
    }
    crypt(aes, iv, in, size, out);
    return true;
}
