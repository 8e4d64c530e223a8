/* SPDX-License-Identifier: MIT */
/*
 * RSAES-OAEP. GnuTLS gets it in 3.8.4, nettle in 3.10; until a distribution
 * that we build on has them, it is here, on GMP's constant-time power.
 */
#include "lib/tpm_protect.h"

#include <gmp.h>
#include <gnutls/crypto.h>
#include <string.h>

#define HASH_MAX 64

/* buffer ^= MGF1(seed); RFC 8017, B.2.1 */
static int mask(gnutls_digest_algorithm_t hash, const uint8_t *seed,
                size_t seed_size, uint8_t *buffer, size_t size)
{
    size_t step = gnutls_hash_get_len(hash);
    uint8_t in[TPM2_MAX_RSA_KEY_BYTES + 4], block[HASH_MAX];

    memcpy(in, seed, seed_size);
    for (size_t done = 0; done < size; done += step) {
        uint32_t counter = (uint32_t)(done / step);

        for (int i = 0; i < 4; i++) {
            in[seed_size + (size_t)i] = (uint8_t)(counter >> (24 - 8 * i));
        }
        if (gnutls_hash_fast(hash, in, seed_size + 4, block) < 0) {
            return -1;
        }
        for (size_t i = 0; i < step && done + i < size; i++) {
            buffer[done + i] ^= block[i];
        }
    }
    gnutls_memset(in, 0, sizeof(in));
    gnutls_memset(block, 0, sizeof(block));
    return 0;
}

/* RFC 8017, 7.1.1, step 2: 00 || masked seed || masked DB */
static int encode(gnutls_digest_algorithm_t hash, const char *label,
                  const void *data, size_t size, uint8_t *em, size_t em_size)
{
    size_t h = gnutls_hash_get_len(hash);
    uint8_t *seed = em + 1, *db = em + 1 + h;
    size_t db_size = em_size - 1 - h;

    memset(em, 0, em_size);
    if (gnutls_hash_fast(hash, label, strlen(label) + 1, db) < 0 ||
        gnutls_rnd(GNUTLS_RND_KEY, seed, h) < 0) {
        return -1;
    }
    db[db_size - size - 1] = 1;
    memcpy(db + db_size - size, data, size);
    return mask(hash, seed, h, db, db_size) < 0 ||
                   mask(hash, db, db_size, seed, h) < 0
               ? -1
               : 0;
}

/* out = em ^ e mod n */
static int power(const TPMT_PUBLIC *key, const uint8_t *em, uint8_t *out)
{
    const TPM2B_PUBLIC_KEY_RSA *modulus = &key->unique.rsa;
    uint32_t exponent = key->parameters.rsaDetail.exponent;
    size_t count = 0;
    mpz_t n, e, m;

    mpz_inits(n, m, NULL);
    mpz_init_set_ui(e, exponent ? exponent : 65537);
    mpz_import(n, modulus->size, 1, 1, 1, 0, modulus->buffer);
    mpz_import(m, modulus->size, 1, 1, 1, 0, em);
    if (mpz_odd_p(n) && mpz_cmp(m, n) < 0) {
        mpz_powm_sec(m, m, e, n);
        count = (mpz_sizeinbase(m, 2) + 7) / 8;
        memset(out, 0, modulus->size);
        mpz_export(out + modulus->size - count, NULL, 1, 1, 1, 0, m);
    }
    mpz_clears(n, e, m, NULL);
    return count ? 0 : -1;
}

int tpm_oaep_encrypt(const TPMT_PUBLIC *key, const char *label,
                     const void *data, size_t size, TPM2B_ENCRYPTED_SECRET *out,
                     struct evtpm_error *err)
{
    gnutls_digest_algorithm_t hash = tpm_hash_algorithm(key->nameAlg);
    size_t h = gnutls_hash_get_len(hash), n = key->unique.rsa.size;
    uint8_t em[TPM2_MAX_RSA_KEY_BYTES];
    int rc = -1;

    *out = (TPM2B_ENCRYPTED_SECRET){ 0 };
    if (key->type != TPM2_ALG_RSA || hash == GNUTLS_DIG_UNKNOWN ||
        n < 2048 / 8 || n > sizeof(em) || n > sizeof(out->secret) ||
        size > n - 2 * h - 2) {
        return evtpm_fail(err, "nothing can be encrypted for this key: it must "
                               "be RSA of 2048 bits or more");
    }
    if (encode(hash, label, data, size, em, n) == 0) {
        rc = power(key, em, out->secret);
    }
    gnutls_memset(em, 0, sizeof(em));
    out->size = rc == 0 ? (UINT16)n : 0;
    return rc == 0 ? 0 : evtpm_fail(err, "the RSA key is not usable");
}
