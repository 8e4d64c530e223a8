/* SPDX-License-Identifier: MIT */
/*
 * The revocation list of an emulated ARK (RFC 5280, CertificateList). Written
 * by hand: GnuTLS 3.7 signs lists by PKCS#1 v1.5 whatever it is asked for, and
 * AMD's are signed by RSASSA-PSS.
 */
#include "lib/chip_admin.h"
#include "lib/chip_priv.h"

#include <gnutls/abstract.h>
#include <string.h>

#define YEAR (365 * 24 * 60 * 60)

#define DER_INTEGER 0x02
#define DER_BITS 0x03
#define DER_OCTETS 0x04
#define DER_OID 0x06
#define DER_UTC_TIME 0x17
#define DER_SEQUENCE 0x30
#define DER_EXTENSIONS 0xa0

/* RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt 48 (RFC 4055) */
static const uint8_t algorithm[] = {
    0x30, 0x3d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
    0x01, 0x0a, 0x30, 0x30, 0xa0, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60,
    0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0xa1, 0x1a, 0x30,
    0x18, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x08, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x02, 0xa2, 0x03, 0x02, 0x01, 0x30,
};
static const uint8_t crl_number[] = { 0x55, 0x1d, 0x14 }; /* 2.5.29.20 */

/* DER is written from its end: a length is known when its contents stand. */
struct der {
    uint8_t bytes[2048];
    size_t at; /* of the first byte in use; 0 when the room is used up */
};

static void put(struct der *d, const void *data, size_t size)
{
    if (size >= d->at) {
        d->at = 0;
        return;
    }
    d->at -= size;
    memcpy(d->bytes + d->at, data, size);
}

static void put_byte(struct der *d, uint8_t byte)
{
    put(d, &byte, 1);
}

/* Tag and length of all that was written since `end`. */
static void wrap(struct der *d, uint8_t tag, size_t end)
{
    size_t size = end - d->at;

    put_byte(d, (uint8_t)size);
    if (size >= 0x100) {
        put_byte(d, (uint8_t)(size >> 8));
        put_byte(d, 0x82);
    } else if (size >= 0x80) {
        put_byte(d, 0x81);
    }
    put_byte(d, tag);
}

static void put_value(struct der *d, uint8_t tag, const void *data, size_t size)
{
    size_t end = d->at;

    put(d, data, size);
    wrap(d, tag, end);
}

static void put_time(struct der *d, time_t when)
{
    struct tm tm;
    char text[32];
    size_t n =
        strftime(text, sizeof(text), "%y%m%d%H%M%SZ", gmtime_r(&when, &tm));

    put_value(d, DER_UTC_TIME, text, n);
}

/* The shortest form: no leading zeros but one before a set top bit. */
static void put_integer(struct der *d, uint64_t value)
{
    size_t end = d->at;
    uint8_t byte;

    do {
        byte = (uint8_t)value;
        put_byte(d, byte);
        value >>= 8;
    } while (value);
    if (byte & 0x80) {
        put_byte(d, 0);
    }
    wrap(d, DER_INTEGER, end);
}

/* A number that grows from one list to the next: the time. */
static void put_extensions(struct der *d, time_t now)
{
    size_t all = d->at;

    put_integer(d, (uint64_t)now);
    wrap(d, DER_OCTETS, all);
    put_value(d, DER_OID, crl_number, sizeof(crl_number));
    wrap(d, DER_SEQUENCE, all); /* Extension */
    wrap(d, DER_SEQUENCE, all); /* Extensions */
    wrap(d, DER_EXTENSIONS, all);
}

static void put_list(struct der *d, const gnutls_datum_t *issuer, time_t now)
{
    size_t end = d->at;

    put_extensions(d, now);
    put_time(d, now + YEAR);
    put_time(d, now);
    put(d, issuer->data, issuer->size);
    put(d, algorithm, sizeof(algorithm));
    put_integer(d, 1); /* version 2 */
    wrap(d, DER_SEQUENCE, end);
}

static int sign(const struct der *list, gnutls_x509_privkey_t key,
                gnutls_datum_t *signature)
{
    gnutls_datum_t in = { (uint8_t *)list->bytes + list->at,
                          (unsigned)(sizeof(list->bytes) - list->at) };
    gnutls_privkey_t abstract;
    int rc = gnutls_privkey_init(&abstract);

    if (rc < 0) {
        return rc;
    }
    rc = gnutls_privkey_import_x509(abstract, key, 0);
    if (rc == 0) {
        rc = gnutls_privkey_sign_data2(abstract, GNUTLS_SIGN_RSA_PSS_SHA384, 0,
                                       &in, signature);
    }
    gnutls_privkey_deinit(abstract);
    return rc;
}

static int issue(gnutls_x509_crt_t ark, gnutls_x509_privkey_t key,
                 struct evtpm_blob *out, struct evtpm_error *err)
{
    struct der list = { .at = sizeof(list.bytes) };
    struct der crl = { .at = sizeof(crl.bytes) };
    gnutls_datum_t issuer = { 0 }, signature = { 0 };
    size_t end = crl.at;
    int rc = gnutls_x509_crt_get_raw_dn(ark, &issuer);

    if (rc == 0) {
        put_list(&list, &issuer, time(NULL));
        rc = sign(&list, key, &signature);
    }
    if (rc == 0) {
        put(&crl, signature.data, signature.size);
        put_byte(&crl, 0); /* no unused bits */
        wrap(&crl, DER_BITS, end);
        put(&crl, algorithm, sizeof(algorithm));
        put(&crl, list.bytes + list.at, sizeof(list.bytes) - list.at);
        wrap(&crl, DER_SEQUENCE, end);
    }
    gnutls_free(issuer.data);
    gnutls_free(signature.data);
    if (rc < 0) {
        return evtpm_fail(err, "cannot issue a revocation list: %s",
                          gnutls_strerror(rc));
    }
    if (list.at == 0 || crl.at == 0) {
        return evtpm_fail(err, "cannot issue a revocation list: too long");
    }
    return evtpm_blob_set(out, crl.bytes + crl.at, sizeof(crl.bytes) - crl.at)
               ? 0
               : evtpm_fail(err, "out of memory");
}

int evtpm_chip_crl(const char *dir, struct evtpm_blob *der,
                   struct evtpm_error *err)
{
    struct evtpm_chip *chip = evtpm_chip_load(dir, err);
    gnutls_x509_crt_t ark = chip ? evtpm_cert_import(&chip->ark, err) : NULL;
    gnutls_x509_privkey_t key = NULL;
    int rc = ark ? chip_read_key(dir, "ark-key.pem", &key, err) : -1;

    if (rc == 0) {
        rc = issue(ark, key, der, err);
    }
    if (key) {
        gnutls_x509_privkey_deinit(key);
    }
    if (ark) {
        gnutls_x509_crt_deinit(ark);
    }
    evtpm_chip_free(chip);
    return rc;
}
