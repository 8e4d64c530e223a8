/* SPDX-License-Identifier: MIT */
/* CMS AuthEnvelopedData, written from its end to its start: DER has each
 * length before what it counts. */
#include "lib/envelope.h"

#include <gnutls/crypto.h>
#include <nettle/nist-keywrap.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define WRAPPED_SIZE (EVTPM_ENVELOPE_KEY_SIZE + 8)
#define FRAME_MAX 256 /* all but the ciphertext */

#define INTEGER 0x02
#define OCTET_STRING 0x04
#define OID 0x06
#define SEQUENCE 0x30
#define SET 0x31
#define CONTEXT(n) (0x80 | (n))
#define CONSTRUCTED(n) (0xa0 | (n))

/* 1.2.840.113549.1.9.16.1.23, id-ct-authEnvelopedData */
static const uint8_t auth_enveloped[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
                                          0x01, 0x09, 0x10, 0x01, 0x17 };
/* 1.2.840.113549.1.7.1, id-data */
static const uint8_t data_type[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                     0x0d, 0x01, 0x07, 0x01 };
/* 2.16.840.1.101.3.4.1.45 and .46, id-aes256-wrap and id-aes256-GCM */
static const uint8_t aes256_wrap[] = { 0x60, 0x86, 0x48, 0x01, 0x65,
                                       0x03, 0x04, 0x01, 0x2d };
static const uint8_t aes256_gcm[] = { 0x60, 0x86, 0x48, 0x01, 0x65,
                                      0x03, 0x04, 0x01, 0x2e };

struct der {
    uint8_t *bytes;
    size_t at; /* what is written starts here */
};

static void put(struct der *d, const void *bytes, size_t size)
{
    d->at -= size;
    memcpy(d->bytes + d->at, bytes, size);
}

/* Tag and length of what was written since `d->at` was `end`. */
static void head(struct der *d, uint8_t tag, size_t end)
{
    size_t length = end - d->at;
    uint8_t byte = (uint8_t)length;

    if (length >= 0x80) {
        uint8_t count = 0;

        for (size_t rest = length; rest; rest >>= 8, count++) {
            byte = (uint8_t)rest;
            put(d, &byte, 1);
        }
        byte = 0x80 | count;
    }
    put(d, &byte, 1);
    put(d, &tag, 1);
}

static void value(struct der *d, uint8_t tag, const void *bytes, size_t size)
{
    size_t end = d->at;

    put(d, bytes, size);
    head(d, tag, end);
}

static void integer(struct der *d, uint8_t small)
{
    value(d, INTEGER, &small, 1);
}

struct sealed {
    uint8_t nonce[NONCE_SIZE];
    uint8_t wrapped[WRAPPED_SIZE];
    uint8_t *ciphertext; /* and the tag behind it */
    size_t size;         /* of the ciphertext alone */
};

static void write_content(struct der *d, const struct sealed *s)
{
    size_t info = d->at, algorithm;

    value(d, CONTEXT(0), s->ciphertext, s->size);
    algorithm = d->at;
    integer(d, TAG_SIZE);
    value(d, OCTET_STRING, s->nonce, NONCE_SIZE);
    head(d, SEQUENCE, algorithm);
    value(d, OID, aes256_gcm, sizeof(aes256_gcm));
    head(d, SEQUENCE, algorithm);
    value(d, OID, data_type, sizeof(data_type));
    head(d, SEQUENCE, info);
}

static void write_recipient(struct der *d, const struct sealed *s)
{
    size_t set = d->at, part;

    value(d, OCTET_STRING, s->wrapped, WRAPPED_SIZE);
    part = d->at;
    value(d, OID, aes256_wrap, sizeof(aes256_wrap));
    head(d, SEQUENCE, part);
    part = d->at;
    value(d, OCTET_STRING, "evtpm", 5);
    head(d, SEQUENCE, part);
    integer(d, 4);
    head(d, CONSTRUCTED(2), set);
    head(d, SET, set);
}

static void write_all(struct der *d, const struct sealed *s)
{
    size_t end = d->at;

    value(d, OCTET_STRING, s->ciphertext + s->size, TAG_SIZE);
    write_content(d, s);
    write_recipient(d, s);
    integer(d, 0);
    head(d, SEQUENCE, end);
    head(d, CONSTRUCTED(0), end);
    value(d, OID, auth_enveloped, sizeof(auth_enveloped));
    head(d, SEQUENCE, end);
}

static int encrypt(const uint8_t *key, const struct evtpm_blob *plain,
                   struct sealed *s)
{
    uint8_t content_key[EVTPM_ENVELOPE_KEY_SIZE];
    gnutls_datum_t datum = { content_key, sizeof(content_key) };
    gnutls_aead_cipher_hd_t aead = NULL;
    size_t size = s->size + TAG_SIZE;
    struct aes256_ctx wrap;
    int rc = -1;

    if (gnutls_rnd(GNUTLS_RND_KEY, content_key, sizeof(content_key)) == 0 &&
        gnutls_rnd(GNUTLS_RND_NONCE, s->nonce, NONCE_SIZE) == 0 &&
        gnutls_aead_cipher_init(&aead, GNUTLS_CIPHER_AES_256_GCM, &datum) ==
            0 &&
        gnutls_aead_cipher_encrypt(aead, s->nonce, NONCE_SIZE, NULL, 0,
                                   TAG_SIZE, plain->data, plain->size,
                                   s->ciphertext, &size) == 0) {
        aes256_set_encrypt_key(&wrap, key);
        /* The default initial value, RFC 3394, 2.2.3.1 */
        aes256_keywrap(&wrap,
                       (const uint8_t *)"\xa6\xa6\xa6\xa6\xa6\xa6\xa6\xa6",
                       WRAPPED_SIZE, s->wrapped, content_key);
        gnutls_memset(&wrap, 0, sizeof(wrap));
        rc = 0;
    }
    if (aead) {
        gnutls_aead_cipher_deinit(aead);
    }
    gnutls_memset(content_key, 0, sizeof(content_key));
    return rc;
}

int evtpm_envelope_seal(const uint8_t key[EVTPM_ENVELOPE_KEY_SIZE],
                        const struct evtpm_blob *plain, struct evtpm_blob *out,
                        struct evtpm_error *err)
{
    struct sealed s = { .size = plain->size };
    struct der d;
    int rc = -1;

    if (plain->size == 0 || plain->size > EVTPM_ENVELOPE_PLAIN_MAX) {
        return evtpm_fail(err, "a secret has 1 to %d bytes, not %zu",
                          EVTPM_ENVELOPE_PLAIN_MAX, plain->size);
    }
    d.at = FRAME_MAX + plain->size;
    d.bytes = malloc(d.at);
    s.ciphertext = malloc(plain->size + TAG_SIZE);
    if (d.bytes && s.ciphertext && encrypt(key, plain, &s) == 0) {
        write_all(&d, &s);
        rc = evtpm_blob_set(out, d.bytes + d.at, FRAME_MAX + plain->size - d.at)
                 ? 0
                 : -1;
    }
    free(s.ciphertext);
    free(d.bytes);
    return rc == 0 ? 0 : evtpm_fail(err, "the secret cannot be encrypted");
}
