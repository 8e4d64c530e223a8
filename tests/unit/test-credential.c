/* SPDX-License-Identifier: MIT */
/* Credentials and envelopes, opened by libcrypto. tests/unit/credential.sh has
 * a TPM open the former. */
#include <glib.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/credential.h"
#include "lib/envelope.h"
#include "lib/tpm_protect.h"
#include "tests/unit/credential-open.h"

struct kind {
    TPMI_ALG_HASH hash;
    const char *md;
    unsigned rsa_bits, aes_bits;
};
static const struct kind kinds[] = {
    { TPM2_ALG_SHA256, "SHA256", 2048, 128 },
    { TPM2_ALG_SHA256, "SHA256", 3072, 256 },
    { TPM2_ALG_SHA384, "SHA384", 2048, 256 },
    { TPM2_ALG_SHA512, "SHA512", 2048, 128 },
};

struct key {
    EVP_PKEY *pkey;
    TPM2B_PUBLIC public;
    struct evtpm_blob marshalled;
};

static void key_marshal(struct key *k)
{
    uint8_t bytes[2048];
    size_t n = 0;

    g_assert_cmpint(
        Tss2_MU_TPM2B_PUBLIC_Marshal(&k->public, bytes, sizeof(bytes), &n), ==,
        0);
    g_assert_true(evtpm_blob_set(&k->marshalled, bytes, n));
}

static void key_init(struct key *k, const struct kind *kind)
{
    TPMT_PUBLIC *p = &k->public.publicArea;
    BIGNUM *n = NULL;

    memset(k, 0, sizeof(*k));
    k->pkey = EVP_RSA_gen(kind->rsa_bits);
    g_assert_nonnull(k->pkey);
    p->type = TPM2_ALG_RSA;
    p->nameAlg = kind->hash;
    p->objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
    p->parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_AES;
    p->parameters.rsaDetail.symmetric.keyBits.aes = (UINT16)kind->aes_bits;
    p->parameters.rsaDetail.symmetric.mode.aes = TPM2_ALG_CFB;
    p->parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    p->parameters.rsaDetail.keyBits = (UINT16)kind->rsa_bits;
    g_assert_cmpint(EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_RSA_N, &n),
                    ==, 1);
    p->unique.rsa.size =
        (UINT16)BN_bn2bin(n, (unsigned char *)p->unique.rsa.buffer);
    BN_free(n);
    key_marshal(k);
}

static void key_clear(struct key *k)
{
    EVP_PKEY_free(k->pkey);
    evtpm_blob_clear(&k->marshalled);
}

static void test_credential(void)
{
    uint8_t name_bytes[34] = { 0, 11, 0x77 }, bytes[64], out[64];
    struct evtpm_blob name = { name_bytes, sizeof(name_bytes) };

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(3 * i + 1);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct evtpm_blob file = { 0 }, again = { 0 };
        struct evtpm_error err = { "" };
        struct key key;
        size_t h = (size_t)EVP_MD_get_size(EVP_get_digestbyname(kinds[i].md));

        key_init(&key, &kinds[i]);
        const struct opener opener = { key.pkey, kinds[i].md,
                                       kinds[i].aes_bits };
        for (size_t size = 1; size <= h; size += h / 2 - 1) {
            struct evtpm_blob secret = { bytes, size };

            g_assert_cmpint(evtpm_make_credential(&key.marshalled, &name,
                                                  &secret, &file, &err),
                            ==, 0);
            g_assert_cmpint(opener_activate(&opener, &name, &file, out), ==,
                            size);
            g_assert_cmpmem(out, size, bytes, size);
            /* a new seed each time */
            g_assert_cmpint(evtpm_make_credential(&key.marshalled, &name,
                                                  &secret, &again, &err),
                            ==, 0);
            g_assert_false(evtpm_blob_equal(&file, &again));
        }
        evtpm_blob_clear(&file);
        evtpm_blob_clear(&again);
        key_clear(&key);
    }
}

/* One thing wrong each, and the words that say so */
struct bad {
    const char *words;
    void (*change)(struct key *key, struct evtpm_blob *name,
                   struct evtpm_blob *secret);
};

static void ecc(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n, (void)s;
    k->public.publicArea.type = TPM2_ALG_ECC;
    k->public.publicArea.unique.ecc = (TPMS_ECC_POINT){ 0 };
    k->public.publicArea.parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric.algorithm = TPM2_ALG_NULL,
        .scheme.scheme = TPM2_ALG_NULL,
        .kdf.scheme = TPM2_ALG_NULL,
    };
}
static void no_cipher(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n, (void)s;
    k->public.publicArea.parameters.rsaDetail.symmetric.algorithm =
        TPM2_ALG_NULL;
}
static void odd_bits(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n, (void)s;
    k->public.publicArea.parameters.rsaDetail.symmetric.keyBits.aes = 192;
}
static void sha1(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n;
    k->public.publicArea.nameAlg = TPM2_ALG_SHA1;
    s->size = 20;
}
static void short_key(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n, (void)s;
    k->public.publicArea.unique.rsa.size = 128;
}
static void even_key(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n, (void)s;
    k->public.publicArea.unique.rsa.buffer[255] &= 0xfe;
}
static void zero_key(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)n, (void)s;
    memset(k->public.publicArea.unique.rsa.buffer, 0, 256);
}
static void no_name(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)k, (void)s;
    n->size = 0;
}
static void long_name(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)k, (void)s;
    n->size = 67;
}
static void no_secret(struct key *k, struct evtpm_blob *n, struct evtpm_blob *s)
{
    (void)k, (void)n;
    s->size = 0;
}
static void long_secret(struct key *k, struct evtpm_blob *n,
                        struct evtpm_blob *s)
{
    (void)k, (void)n;
    s->size = 33;
}

static const struct bad bad[] = {
    { "nothing can be wrapped for this key", ecc },
    { "nothing can be wrapped for this key", no_cipher },
    { "nothing can be wrapped for this key", odd_bits },
    { "a credential holds 1 to 0 bytes", sha1 },
    { "RSA of 2048 bits or more", short_key },
    { "the RSA key is not usable", even_key },
    { "the RSA key is not usable", zero_key },
    { "a name of 0 bytes is none", no_name },
    { "a name of 67 bytes is none", long_name },
    { "1 to 32 bytes for this key, not 0", no_secret },
    { "1 to 32 bytes for this key, not 33", long_secret },
};

static void test_bad_input(void)
{
    uint8_t bytes[80] = { 0, 11 };
    struct key key;

    key_init(&key, &kinds[0]);
    const TPM2B_PUBLIC good = key.public;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct evtpm_blob name = { bytes, 34 }, secret = { bytes, 32 };
        struct evtpm_blob file = { 0 };
        struct evtpm_error err = { "" };

        key.public = good;
        bad[i].change(&key, &name, &secret);
        key_marshal(&key);
        g_assert_cmpint(
            evtpm_make_credential(&key.marshalled, &name, &secret, &file, &err),
            ==, -1);
        g_test_message("%s", err.text);
        g_assert_nonnull(strstr(err.text, bad[i].words));
        g_assert_cmpint(file.size, ==, 0);
    }
    key_clear(&key);
}

static void test_kdfa(void)
{
    uint8_t ours[96], theirs[96], key[48] = { 1, 2, 3 };
    uint8_t bytes[16] = "context of both";
    struct evtpm_blob both = { bytes, 16 }, u = { bytes, 7 },
                      v = { bytes + 7, 9 };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (size_t size = 1; size <= sizeof(ours); size += 19) {
            g_assert_cmpint(tpm_kdfa(tpm_hash_algorithm(kinds[i].hash), key,
                                     sizeof(key), "LABEL", &u, &v, ours, size),
                            ==, 0);
            opener_kdf(kinds[i].md, key, sizeof(key), "LABEL", &both, theirs,
                       size);
            g_assert_cmpmem(ours, size, theirs, size);
        }
    }
}

static void test_envelope(void)
{
    static const size_t sizes[] = { 1, 15, 16, 100, 127, 128, 255, 256, 65536 };
    g_autofree uint8_t *bytes = g_malloc(65537);
    uint8_t key[32] = { 9, 8, 7 };
    struct evtpm_error err = { "" };
    struct evtpm_blob out = { 0 };

    for (size_t i = 0; i < 65537; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        struct evtpm_blob plain = { bytes, sizes[i] };

        g_assert_cmpint(evtpm_envelope_seal(key, &plain, &out, &err), ==, 0);
        g_autoptr(GBytes) back = opener_envelope(out.data, out.size, key);
        g_assert_nonnull(back);
        g_assert_cmpmem(g_bytes_get_data(back, NULL), g_bytes_get_size(back),
                        bytes, sizes[i]);
    }
    evtpm_blob_clear(&out);
    struct evtpm_blob none = { bytes, 0 }, large = { bytes, 65537 };
    g_assert_cmpint(evtpm_envelope_seal(key, &none, &out, &err), ==, -1);
    g_assert_cmpstr(err.text, ==, "a secret has 1 to 65536 bytes, not 0");
    g_assert_cmpint(evtpm_envelope_seal(key, &large, &out, &err), ==, -1);
    g_assert_cmpint(out.size, ==, 0);
}

/* Another key opens nothing; a flipped bit never gives another secret. */
static void test_envelope_tampered(void)
{
    uint8_t secret[40] = "the secret", key[32] = { 1 }, other[32] = { 2 };
    struct evtpm_blob plain = { secret, sizeof(secret) }, out = { 0 };
    struct evtpm_error err = { "" };
    unsigned refused = 0;

    g_assert_cmpint(evtpm_envelope_seal(key, &plain, &out, &err), ==, 0);
    g_assert_null(opener_envelope(out.data, out.size, other));
    for (size_t i = 0; i < out.size; i++) {
        out.data[i] ^= 1;
        g_autoptr(GBytes) back = opener_envelope(out.data, out.size, key);
        if (back) { /* a version, the name of the key */
            g_assert_cmpmem(g_bytes_get_data(back, NULL),
                            g_bytes_get_size(back), secret, sizeof(secret));
        } else {
            refused++;
        }
        out.data[i] ^= 1;
    }
    g_test_message("%u of %zu refused", refused, out.size);
    g_assert_cmpint(refused, >=, 40 + 16 + 12 + 40);
    evtpm_blob_clear(&out);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/credential/kdfa", test_kdfa);
    g_test_add_func("/credential/make", test_credential);
    g_test_add_func("/credential/bad-input", test_bad_input);
    g_test_add_func("/envelope/seal", test_envelope);
    g_test_add_func("/envelope/tampered", test_envelope_tampered);
    return g_test_run();
}
