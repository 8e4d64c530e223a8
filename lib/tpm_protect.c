/* SPDX-License-Identifier: MIT */
/* The outer wrap: encrypt, then HMAC over ciphertext and name. */
#include "lib/tpm_protect.h"

#include <gnutls/crypto.h>
#include <nettle/aes.h>
#include <nettle/cfb.h>
#include <stdlib.h>
#include <string.h>

#define HASH_MAX 64

void tpm_protected_clear(struct tpm_protected *p)
{
    evtpm_blob_clear(&p->blob);
    p->seed.size = 0;
}

/* 128 or 256; 0 for keys that wrap by no AES-CFB. */
static unsigned key_bits(const TPMT_PUBLIC *key)
{
    const TPMT_SYM_DEF_OBJECT *sym = &key->parameters.rsaDetail.symmetric;

    if (key->type != TPM2_ALG_RSA || sym->algorithm != TPM2_ALG_AES ||
        sym->mode.aes != TPM2_ALG_CFB) {
        return 0;
    }
    return sym->keyBits.aes == 128 || sym->keyBits.aes == 256 ? sym->keyBits.aes
                                                              : 0;
}

/* In place, with an IV of zeros: each key encrypts once. */
static void encrypt(const uint8_t *key, unsigned bits, uint8_t *data,
                    size_t size)
{
    uint8_t iv[AES_BLOCK_SIZE] = { 0 };

    if (bits == 128) {
        struct aes128_ctx aes;

        aes128_set_encrypt_key(&aes, key);
        cfb_encrypt(&aes, (nettle_cipher_func *)aes128_encrypt, AES_BLOCK_SIZE,
                    iv, size, data, data);
        gnutls_memset(&aes, 0, sizeof(aes));
    } else {
        struct aes256_ctx aes;

        aes256_set_encrypt_key(&aes, key);
        cfb_encrypt(&aes, (nettle_cipher_func *)aes256_encrypt, AES_BLOCK_SIZE,
                    iv, size, data, data);
        gnutls_memset(&aes, 0, sizeof(aes));
    }
}

static int mac(gnutls_digest_algorithm_t hash, const uint8_t *key, size_t h,
               const uint8_t *data, size_t size, const struct evtpm_blob *name,
               uint8_t *out)
{
    gnutls_hmac_hd_t hmac;
    int rc;

    if (gnutls_hmac_init(&hmac, (gnutls_mac_algorithm_t)hash, key, h) < 0) {
        return -1;
    }
    rc = gnutls_hmac(hmac, data, size) < 0 ||
                 gnutls_hmac(hmac, name->data, name->size) < 0
             ? -1
             : 0;
    gnutls_hmac_deinit(hmac, out);
    return rc;
}

/* By the seed alone: out->blob */
static int wrap(gnutls_digest_algorithm_t hash, unsigned bits,
                const uint8_t *seed, const struct evtpm_blob *name,
                const struct evtpm_blob *plain, struct evtpm_blob *out)
{
    size_t h = gnutls_hash_get_len(hash);
    uint8_t sym[32], integrity[HASH_MAX], *data;
    int rc = -1;

    out->size = 2 + h + plain->size;
    out->data = data = malloc(out->size);
    if (data &&
        tpm_kdfa(hash, seed, h, "STORAGE", name, NULL, sym, bits / 8) == 0 &&
        tpm_kdfa(hash, seed, h, "INTEGRITY", NULL, NULL, integrity, h) == 0) {
        data[0] = (uint8_t)(h >> 8);
        data[1] = (uint8_t)h;
        memcpy(data + 2 + h, plain->data, plain->size);
        encrypt(sym, bits, data + 2 + h, plain->size);
        rc = mac(hash, integrity, h, data + 2 + h, plain->size, name, data + 2);
    }
    if (rc < 0) {
        evtpm_blob_clear(out);
    }
    gnutls_memset(sym, 0, sizeof(sym));
    gnutls_memset(integrity, 0, sizeof(integrity));
    return rc;
}

int tpm_protect(const TPMT_PUBLIC *key, const char *label,
                const struct evtpm_blob *name, const struct evtpm_blob *plain,
                struct tpm_protected *out, struct evtpm_error *err)
{
    gnutls_digest_algorithm_t hash = tpm_hash_algorithm(key->nameAlg);
    size_t h = gnutls_hash_get_len(hash);
    unsigned bits = key_bits(key);
    uint8_t seed[HASH_MAX];
    int rc;

    *out = (struct tpm_protected){ 0 };
    if (hash == GNUTLS_DIG_UNKNOWN || bits == 0) {
        return evtpm_fail(err, "nothing can be wrapped for this key: it must "
                               "be RSA with AES in CFB mode, its name by "
                               "SHA-256, SHA-384 or SHA-512");
    }
    if (gnutls_rnd(GNUTLS_RND_KEY, seed, h) < 0) {
        return evtpm_fail(err, "no random numbers");
    }
    rc = tpm_oaep_encrypt(key, label, seed, h, &out->seed, err);
    if (rc == 0 && wrap(hash, bits, seed, name, plain, &out->blob) < 0) {
        rc = evtpm_fail(err, "wrapping failed");
    }
    gnutls_memset(seed, 0, sizeof(seed));
    if (rc < 0) {
        tpm_protected_clear(out);
    }
    return rc;
}
