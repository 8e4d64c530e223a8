/* SPDX-License-Identifier: MIT */
#include "serve/tls.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>

#include "lib/blob.h"
#include "lib/file.h"

#define FILE_MOST 0x100000
#define SECONDS_VALID (30 * 24 * 3600)

void tls_identity_clear(struct tls_identity *i)
{
    g_clear_pointer(&i->cert, g_free);
    if (i->key) {
        gnutls_memset(i->key, 0, strlen(i->key));
    }
    g_clear_pointer(&i->key, g_free);
}

static gboolean load(const char *path, char **out, GError **error)
{
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    if (evtpm_file_read(path, FILE_MOST, &blob, &err) < 0) {
        return fail_lib(error, &err);
    }
    *out = g_strndup((const char *)blob.data, blob.size);
    evtpm_blob_clear(&blob);
    return TRUE;
}

gboolean tls_identity_load(const char *cert, const char *key,
                           struct tls_identity *out, GError **error)
{
    *out = (struct tls_identity){ 0 };
    if (load(cert, &out->cert, error) && load(key, &out->key, error)) {
        return TRUE;
    }
    tls_identity_clear(out);
    return FALSE;
}

static char *steal(gnutls_datum_t *pem)
{
    char *text = g_strndup((const char *)pem->data, pem->size);
    gnutls_memset(pem->data, 0, pem->size);
    gnutls_free(pem->data);
    return text;
}

static gboolean set(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
    static const char name[] = "evtpm serve, for trying out";
    static const guint8 loopback[] = { 127, 0, 0, 1 };
    time_t now = time(NULL);
    guint8 serial[16];
    return gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)) >= 0 &&
           (serial[0] &= 0x7f, TRUE) &&
           gnutls_x509_crt_set_version(cert, 3) >= 0 &&
           gnutls_x509_crt_set_serial(cert, serial, sizeof(serial)) >= 0 &&
           gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0,
                                         name, sizeof(name) - 1) >= 0 &&
           gnutls_x509_crt_set_activation_time(cert, now - 60) >= 0 &&
           gnutls_x509_crt_set_expiration_time(cert, now + SECONDS_VALID) >=
               0 &&
           gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME,
                                                "localhost", 9,
                                                GNUTLS_FSAN_SET) >= 0 &&
           gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS,
                                                loopback, sizeof(loopback),
                                                GNUTLS_FSAN_APPEND) >= 0 &&
           gnutls_x509_crt_set_basic_constraints(cert, 0, -1) >= 0 &&
           gnutls_x509_crt_set_key(cert, key) >= 0 &&
           gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA256, 0) >= 0;
}

static gboolean tell(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key,
                     struct tls_identity *out, char **fingerprint, char **pin)
{
    gnutls_datum_t cert_pem = { 0 }, key_pem = { 0 };
    guint8 print[32], of_key[32];
    size_t print_size = sizeof(print), key_size = sizeof(of_key);
    char hex[65];
    if (gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &cert_pem) < 0 ||
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                          GNUTLS_PKCS_PLAIN, &key_pem) < 0 ||
        gnutls_x509_crt_get_fingerprint(cert, GNUTLS_DIG_SHA256, print,
                                        &print_size) < 0 ||
        gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, of_key,
                                   &key_size) < 0) {
        gnutls_free(cert_pem.data);
        gnutls_free(key_pem.data);
        return FALSE;
    }
    out->cert = steal(&cert_pem);
    out->key = steal(&key_pem);
    *fingerprint = g_strdup(evtpm_hex(hex, sizeof(hex), print, print_size));
    *pin = g_base64_encode(of_key, key_size);
    return TRUE;
}

gboolean tls_identity_make(struct tls_identity *out, char **fingerprint,
                           char **pin, GError **error)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t cert = NULL;
    *out = (struct tls_identity){ 0 };
    gboolean ok =
        gnutls_x509_privkey_init(&key) >= 0 &&
        gnutls_x509_crt_init(&cert) >= 0 &&
        gnutls_x509_privkey_generate(
            key, GNUTLS_PK_ECDSA,
            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) >= 0 &&
        set(cert, key) && tell(cert, key, out, fingerprint, pin);
    gnutls_x509_crt_deinit(cert);
    gnutls_x509_privkey_deinit(key);
    return ok ||
           fail(error, HARNESS_ERROR_FAILED, "no certificate could be made");
}
