/* SPDX-License-Identifier: MIT */
/*
 * Writing revocation lists (RFC 5280, CertificateList). By hand: GnuTLS signs
 * lists by RSASSA-PSS only for issuers whose key is for nothing else, which
 * AMD's are not.
 */
#include "tests/unit/crl-sample.h"

#include <gnutls/abstract.h>
#include <string.h>

#include "lib/certs.h"

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_TIME 0x18
#define DER_SEQUENCE 0x30

/* RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt 48 */
static const uint8_t pss[] = {
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x0a, 0x30, 0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
    0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a,
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
    0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30,
};
/* sha384WithRSAEncryption */
static const uint8_t pkcs1[] = { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                 0xf7, 0x0d, 0x01, 0x01, 0x0c, 0x05, 0x00 };

static void put(GByteArray *out, uint8_t tag, const void *data, size_t size)
{
    const uint8_t header[4] = { tag, 0x82, (uint8_t)(size >> 8),
                                (uint8_t)size };
    const uint8_t brief[2] = { tag, (uint8_t)size };

    g_assert_cmpuint(size, <, 0x10000);
    if (size < 0x80) {
        g_byte_array_append(out, brief, 2);
    } else if (size < 0x100) {
        const uint8_t one[3] = { tag, 0x81, (uint8_t)size };

        g_byte_array_append(out, one, 3);
    } else {
        g_byte_array_append(out, header, 4);
    }
    g_byte_array_append(out, data, (guint)size);
}

static void put_time(GByteArray *out, time_t when)
{
    char text[32];
    struct tm tm;

    strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", gmtime_r(&when, &tm));
    put(out, DER_TIME, text, strlen(text));
}

static void put_name(GByteArray *out, const struct evtpm_blob *issuer)
{
    gnutls_x509_crt_t crt = evtpm_cert_import(issuer, NULL);
    gnutls_datum_t name;

    g_assert_nonnull(crt);
    g_assert_cmpint(gnutls_x509_crt_get_raw_dn(crt, &name), ==, 0);
    g_byte_array_append(out, name.data, name.size);
    gnutls_free(name.data);
    gnutls_x509_crt_deinit(crt);
}

static void put_revoked(GByteArray *out, const struct evtpm_blob *der,
                        time_t when)
{
    gnutls_x509_crt_t crt = evtpm_cert_import(der, NULL);
    g_autoptr(GByteArray) entry = g_byte_array_new();
    g_autoptr(GByteArray) entries = g_byte_array_new();
    uint8_t serial[64];
    size_t size = sizeof(serial);

    g_assert_nonnull(crt);
    g_assert_cmpint(gnutls_x509_crt_get_serial(crt, serial, &size), ==, 0);
    gnutls_x509_crt_deinit(crt);
    put(entry, DER_INTEGER, serial, size);
    put_time(entry, when);
    put(entries, DER_SEQUENCE, entry->data, entry->len);
    put(out, DER_SEQUENCE, entries->data, entries->len);
}

static GByteArray *signed_part(const struct crl_sample *p)
{
    g_autoptr(GByteArray) fields = g_byte_array_new();
    GByteArray *out = g_byte_array_new();

    put(fields, DER_INTEGER, "\1", 1); /* version 2 */
    if (p->not_pss) {
        g_byte_array_append(fields, pkcs1, sizeof(pkcs1));
    } else {
        g_byte_array_append(fields, pss, sizeof(pss));
    }
    put_name(fields, p->issuer);
    put_time(fields, p->from);
    put_time(fields, p->to);
    if (p->revoked) {
        put_revoked(fields, p->revoked, p->from);
    }
    put(out, DER_SEQUENCE, fields->data, fields->len);
    return out;
}

static void put_signature(GByteArray *out, const GByteArray *data,
                          const char *path, gboolean not_pss)
{
    g_autofree char *pem = NULL;
    gnutls_datum_t text, in = { data->data, data->len }, signature;
    g_autoptr(GByteArray) bits = g_byte_array_new();
    gnutls_privkey_t key;
    gsize size;

    g_assert_true(g_file_get_contents(path, &pem, &size, NULL));
    text.data = (unsigned char *)pem;
    text.size = (unsigned)size;
    g_assert_cmpint(gnutls_privkey_init(&key), ==, 0);
    g_assert_cmpint(gnutls_privkey_import_x509_raw(
                        key, &text, GNUTLS_X509_FMT_PEM, NULL, 0),
                    ==, 0);
    g_assert_cmpint(
        gnutls_privkey_sign_data2(key,
                                  not_pss ? GNUTLS_SIGN_RSA_SHA384
                                          : GNUTLS_SIGN_RSA_PSS_RSAE_SHA384,
                                  0, &in, &signature),
        ==, 0);
    g_byte_array_append(bits, (const guint8 *)"", 1);
    g_byte_array_append(bits, signature.data, signature.size);
    put(out, DER_BIT_STRING, bits->data, bits->len);
    gnutls_free(signature.data);
    gnutls_privkey_deinit(key);
}

void crl_sample_make(const struct crl_sample *p, struct evtpm_blob *der)
{
    g_autoptr(GByteArray) part = signed_part(p);
    g_autoptr(GByteArray) whole = g_byte_array_new();
    g_autoptr(GByteArray) list = g_byte_array_new();

    g_byte_array_append(list, part->data, part->len);
    if (p->not_pss) {
        g_byte_array_append(list, pkcs1, sizeof(pkcs1));
    } else {
        g_byte_array_append(list, pss, sizeof(pss));
    }
    put_signature(list, part, p->key, p->not_pss);
    put(whole, DER_SEQUENCE, list->data, list->len);
    g_assert_true(evtpm_blob_set(der, whole->data, whole->len));
}
