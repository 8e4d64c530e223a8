/* SPDX-License-Identifier: MIT */
#include "tests/unit/credential-open.h"

#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <string.h>
#include <tss2/tss2_mu.h>

void opener_kdf(const char *md, const void *key, gsize key_size,
                const char *label, const struct evtpm_blob *context,
                guint8 *out, gsize size)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[6], *p = params;

    *p++ = OSSL_PARAM_construct_utf8_string("mac", (char *)"HMAC", 0);
    *p++ = OSSL_PARAM_construct_utf8_string("digest", (char *)md, 0);
    *p++ = OSSL_PARAM_construct_octet_string("key", (void *)key, key_size);
    *p++ =
        OSSL_PARAM_construct_octet_string("salt", (void *)label, strlen(label));
    if (context) {
        *p++ = OSSL_PARAM_construct_octet_string("info", context->data,
                                                 context->size);
    }
    *p = OSSL_PARAM_construct_end();
    g_assert_cmpint(EVP_KDF_derive(ctx, out, size, params), ==, 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static gsize open_seed(const struct opener *o,
                       const TPM2B_ENCRYPTED_SECRET *seed, guint8 out[512])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(o->key, NULL);
    const EVP_MD *md = EVP_get_digestbyname(o->md);
    char *label = OPENSSL_strdup("IDENTITY");
    size_t size = 512;

    g_assert_cmpint(EVP_PKEY_decrypt_init(ctx), ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING),
                    ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md), ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md), ==, 1);
    g_assert_cmpint(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, label, 9), ==, 1);
    g_assert_cmpint(EVP_PKEY_decrypt(ctx, out, &size, seed->secret, seed->size),
                    ==, 1);
    EVP_PKEY_CTX_free(ctx);
    return size;
}

static void read_file(const struct evtpm_blob *file, TPM2B_ID_OBJECT *id,
                      TPM2B_ENCRYPTED_SECRET *seed)
{
    const uint8_t *data = file->data;
    UINT32 magic, version;
    size_t at = 0, size = file->size;

    *id = (TPM2B_ID_OBJECT){ 0 };
    *seed = (TPM2B_ENCRYPTED_SECRET){ 0 };
    g_assert_cmpint(Tss2_MU_UINT32_Unmarshal(data, size, &at, &magic), ==, 0);
    g_assert_cmpint(Tss2_MU_UINT32_Unmarshal(data, size, &at, &version), ==, 0);
    g_assert_cmphex(magic, ==, 0xbadcc0de);
    g_assert_cmpint(version, ==, 1);
    g_assert_cmpint(Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(data, size, &at, id), ==,
                    0);
    g_assert_cmpint(
        Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(data, size, &at, seed), ==, 0);
    g_assert_cmpint(at, ==, size);
}

static void check_hmac(const struct opener *o, const TPM2B_ID_OBJECT *id,
                       const struct evtpm_blob *name, const guint8 *seed,
                       gsize h)
{
    g_autoptr(GByteArray) covered = g_byte_array_new();
    guint8 key[64], hmac[64];

    opener_kdf(o->md, seed, h, "INTEGRITY", NULL, key, h);
    g_assert_cmpint(id->credential[0] << 8 | id->credential[1], ==, h);
    g_byte_array_append(covered, id->credential + 2 + h,
                        (guint)(id->size - 2 - h));
    g_byte_array_append(covered, name->data, (guint)name->size);
    g_assert_nonnull(EVP_Q_mac(NULL, "HMAC", NULL, o->md, NULL, key, h,
                               covered->data, covered->len, hmac, sizeof(hmac),
                               NULL));
    g_assert_cmpmem(hmac, h, id->credential + 2, h);
}

gsize opener_activate(const struct opener *o, const struct evtpm_blob *name,
                      const struct evtpm_blob *file, guint8 out[64])
{
    gsize h = (gsize)EVP_MD_get_size(EVP_get_digestbyname(o->md));
    guint8 seed[512], sym[32], iv[16] = { 0 }, plain[66];
    TPM2B_ENCRYPTED_SECRET secret;
    TPM2B_ID_OBJECT id;
    int size = 0;

    read_file(file, &id, &secret);
    g_assert_cmpint(open_seed(o, &secret, seed), ==, h);
    check_hmac(o, &id, name, seed, h);
    opener_kdf(o->md, seed, h, "STORAGE", name, sym, o->aes_bits / 8);
    g_assert_cmpint(id.size, <=, 2 + h + sizeof(plain));
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    g_assert_cmpint(EVP_DecryptInit_ex(ctx,
                                       o->aes_bits == 128
                                           ? EVP_aes_128_cfb128()
                                           : EVP_aes_256_cfb128(),
                                       NULL, sym, iv),
                    ==, 1);
    g_assert_cmpint(EVP_DecryptUpdate(ctx, plain, &size, id.credential + 2 + h,
                                      (int)(id.size - 2 - h)),
                    ==, 1);
    EVP_CIPHER_CTX_free(ctx);
    g_assert_cmpint(plain[0] << 8 | plain[1], ==, size - 2);
    memcpy(out, plain + 2, (gsize)size - 2);
    return (gsize)size - 2;
}

GBytes *opener_envelope(const void *der, gsize size, const guint8 key[32])
{
    BIO *in = BIO_new_mem_buf(der, (int)size), *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = d2i_CMS_bio(in, NULL);
    GBytes *plain = NULL;
    char *data;

    if (cms &&
        CMS_decrypt_set1_key(cms, (unsigned char *)key, 32, NULL, 0) == 1 &&
        CMS_decrypt(cms, NULL, NULL, NULL, out, 0) == 1) {
        long n = BIO_get_mem_data(out, &data);

        plain = g_bytes_new(data, (gsize)n);
    }
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(out);
    return plain;
}
