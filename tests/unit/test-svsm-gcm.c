/* SPDX-License-Identifier: MIT */
/* AES-256 and AES-256-GCM: FIPS 197 C.3 and the GCM test cases 13 to 16 for 256-bit keys. */
#include <glib.h>
#include <string.h>

#include "svsm/gcm.h"
#include "tests/unit/svsm-hex.h"

#define KEY_15 "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define PLAIN_15                                                       \
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define CIPHER_15                                                      \
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" \
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

static const struct {
    const char *key, *iv, *aad, *plain, *cipher, *tag;
} vectors[] = {
    { "0000000000000000000000000000000000000000000000000000000000000000",
      "000000000000000000000000", "", "", "",
      "530f8afbc74536b9a963b4f1c4cb738b" },
    { "0000000000000000000000000000000000000000000000000000000000000000",
      "000000000000000000000000", "", "00000000000000000000000000000000",
      "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
    { KEY_15, "cafebabefacedbaddecaf888", "", PLAIN_15 "1aafd255",
      CIPHER_15 "898015ad", "b094dac5d93471bdec1a502270e3cc6c" },
    { KEY_15, "cafebabefacedbaddecaf888",
      "feedfacedeadbeeffeedfacedeadbeefabaddad2", PLAIN_15, CIPHER_15,
      "76fc6ece0f4e1768cddf8853bb2d551b" },
};

struct vector {
    struct aes256 aes;
    guint8 iv[GCM_IV_SIZE], aad[64], plain[64], cipher[64], tag[GCM_TAG_SIZE];
    gsize aad_size, size;
};

static void load(struct vector *v, gsize i)
{
    guint8 key[AES256_KEY_SIZE];

    hex_bytes(vectors[i].key, key, sizeof(key));
    aes256_init(&v->aes, key);
    hex_bytes(vectors[i].iv, v->iv, sizeof(v->iv));
    v->aad_size = hex_bytes(vectors[i].aad, v->aad, sizeof(v->aad));
    v->size = hex_bytes(vectors[i].plain, v->plain, sizeof(v->plain));
    hex_bytes(vectors[i].cipher, v->cipher, sizeof(v->cipher));
    hex_bytes(vectors[i].tag, v->tag, sizeof(v->tag));
}

static void test_aes(void)
{
    guint8 key[AES256_KEY_SIZE], block[AES_BLOCK_SIZE], expected[16];
    struct aes256 aes;

    for (guint i = 0; i < sizeof(key); i++) {
        key[i] = (guint8)i;
    }
    hex_bytes("00112233445566778899aabbccddeeff", block, sizeof(block));
    hex_bytes("8ea2b7ca516745bfeafc49904b496089", expected, sizeof(expected));
    aes256_init(&aes, key);
    aes256_encrypt(&aes, block, block);
    g_assert_cmpmem(block, sizeof(block), expected, sizeof(expected));
}

static void test_vectors(void)
{
    guint8 out[64], tag[GCM_TAG_SIZE];
    struct vector v;

    for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
        load(&v, i);
        gcm_encrypt(&v.aes, v.iv, v.aad, v.aad_size, v.plain, v.size, out, tag);
        g_assert_cmpmem(out, v.size, v.cipher, v.size);
        g_assert_cmpmem(tag, sizeof(tag), v.tag, sizeof(v.tag));
        g_assert_true(gcm_decrypt(&v.aes, v.iv, v.aad, v.aad_size, v.cipher,
                                  v.size, out, v.tag));
        g_assert_cmpmem(out, v.size, v.plain, v.size);
    }
}

/* One bit anywhere: refused, and no plaintext comes out */
static void test_tampered(void)
{
    static const guint8 zeros[64];
    guint8 out[64];
    struct vector v;

    load(&v, 3);
    guint8 *const parts[] = { v.cipher, v.aad, v.tag, v.iv };
    const gsize sizes[] = { v.size, v.aad_size, sizeof(v.tag), sizeof(v.iv) };

    for (gsize p = 0; p < G_N_ELEMENTS(parts); p++) {
        for (gsize bit = 0; bit < sizes[p] * 8; bit++) {
            parts[p][bit / 8] ^= (guint8)(1u << bit % 8);
            memset(out, 0xff, sizeof(out));
            g_assert_false(gcm_decrypt(&v.aes, v.iv, v.aad, v.aad_size,
                                       v.cipher, v.size, out, v.tag));
            g_assert_cmpmem(out, v.size, zeros, v.size);
            parts[p][bit / 8] ^= (guint8)(1u << bit % 8);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/svsm/aes/fips197", test_aes);
    g_test_add_func("/svsm/gcm/vectors", test_vectors);
    g_test_add_func("/svsm/gcm/tampered", test_tampered);
    return g_test_run();
}
