/* SPDX-License-Identifier: MIT */
/*
 * AES-256 on 64-bit words that hold eight bytes each: every operation works on
 * the eight at once, none looks anything up or branches on data. The S-box is
 * computed, as the inverse x^254 in GF(2^8) and the affine map. Slow, and
 * enough: a message to the AMD-SP is 80 blocks. Compiles on the host too.
 */
#include "svsm/aes.h"

#include <string.h>

#define LANES(byte) ((byte)*0x0101010101010101ull)
#define ROUNDS 14

static uint64_t xtime(uint64_t a)
{
    return (a & LANES(0x7f)) << 1 ^ (a >> 7 & LANES(1)) * 0x1b;
}

static uint64_t gf_mul(uint64_t a, uint64_t b)
{
    uint64_t product = 0;

    for (unsigned i = 0; i < 8; i++) {
        product ^= a & (b >> i & LANES(1)) * 0xff;
        a = xtime(a);
    }
    return product;
}

static uint64_t gf_square(uint64_t a, unsigned times)
{
    while (times--) {
        a = gf_mul(a, a);
    }
    return a;
}

/* x^254 = x^240 x^12 x^2 */
static uint64_t gf_inverse(uint64_t x)
{
    uint64_t x2 = gf_square(x, 1);
    uint64_t x3 = gf_mul(x2, x);
    uint64_t x12 = gf_square(x3, 2);
    uint64_t x15 = gf_mul(x12, x3);

    return gf_mul(gf_square(x15, 4), gf_mul(x12, x2));
}

static uint64_t rotl_lanes(uint64_t a, unsigned n)
{
    uint64_t high = LANES((uint64_t)(0xff << n & 0xff));

    return (a << n & high) | (a >> (8 - n) & ~high);
}

static uint64_t sub_bytes(uint64_t a)
{
    a = gf_inverse(a);
    return a ^ rotl_lanes(a, 1) ^ rotl_lanes(a, 2) ^ rotl_lanes(a, 3) ^
           rotl_lanes(a, 4) ^ LANES(0x63);
}

static void shift_rows(uint64_t state[2])
{
    uint8_t in[AES_BLOCK_SIZE], out[AES_BLOCK_SIZE];

    memcpy(in, state, sizeof(in));
    for (unsigned i = 0; i < AES_BLOCK_SIZE; i++) {
        out[i] = in[(i + 4 * (i % 4)) % AES_BLOCK_SIZE];
    }
    memcpy(state, out, sizeof(out));
}

/* Rotates each column of four bytes: the byte below comes up. */
static uint64_t column_rotate(uint64_t a, unsigned bytes)
{
    uint64_t low = (0xffffffffu >> 8 * bytes) * 0x0000000100000001ull;

    return (a >> 8 * bytes & low) | (a << (32 - 8 * bytes) & ~low);
}

static uint64_t mix_columns(uint64_t a)
{
    uint64_t sum = a ^ column_rotate(a, 1);

    return xtime(sum) ^ column_rotate(a, 1) ^ column_rotate(sum, 2);
}

static uint32_t sub_word(uint32_t word)
{
    return (uint32_t)sub_bytes(word);
}

void aes256_init(struct aes256 *aes, const uint8_t key[AES256_KEY_SIZE])
{
    uint32_t w[4 * (ROUNDS + 1)];
    uint32_t rcon = 1;

    memcpy(w, key, AES256_KEY_SIZE);
    for (unsigned i = 8; i < 4 * (ROUNDS + 1); i++) {
        uint32_t t = w[i - 1];

        if (i % 8 == 0) {
            t = sub_word(t >> 8 | t << 24) ^ rcon;
            rcon <<= 1;
        } else if (i % 8 == 4) {
            t = sub_word(t);
        }
        w[i] = w[i - 8] ^ t;
    }
    memcpy(aes->round_key, w, sizeof(aes->round_key));
}

void aes256_encrypt(const struct aes256 *aes, uint8_t out[AES_BLOCK_SIZE],
                    const uint8_t in[AES_BLOCK_SIZE])
{
    uint64_t s[2];

    memcpy(s, in, sizeof(s));
    s[0] ^= aes->round_key[0][0];
    s[1] ^= aes->round_key[0][1];
    for (unsigned round = 1; round <= ROUNDS; round++) {
        s[0] = sub_bytes(s[0]);
        s[1] = sub_bytes(s[1]);
        shift_rows(s);
        if (round < ROUNDS) {
            s[0] = mix_columns(s[0]);
            s[1] = mix_columns(s[1]);
        }
        s[0] ^= aes->round_key[round][0];
        s[1] ^= aes->round_key[round][1];
    }
    memcpy(out, s, sizeof(s));
}
