/* SPDX-License-Identifier: MIT */
/* The keys that sign ID blocks, as PEM files. */
#include "lib/id_block.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/file.h"

#define FILE_MAX 0x10000u
#define P384_BYTES 48

gnutls_privkey_t evtpm_id_key_load(const char *path, struct evtpm_error *err)
{
    struct evtpm_blob pem = { 0 };
    gnutls_privkey_t key = NULL;
    gnutls_datum_t data;
    unsigned bits = 0;
    int rc;

    if (evtpm_file_read(path, FILE_MAX, &pem, err) < 0) {
        return NULL;
    }
    data = (gnutls_datum_t){ pem.data, (unsigned)pem.size };
    rc = gnutls_privkey_init(&key);
    if (rc == 0) {
        rc = gnutls_privkey_import_x509_raw(key, &data, GNUTLS_X509_FMT_PEM,
                                            NULL, 0);
    }
    if (pem.size) {
        gnutls_memset(pem.data, 0, pem.size);
    }
    evtpm_blob_clear(&pem);
    if (rc < 0) {
        evtpm_fail(err, "%s: no private key: %s", path, gnutls_strerror(rc));
    } else if (gnutls_privkey_get_pk_algorithm(key, &bits) != GNUTLS_PK_ECDSA ||
               bits != 384) {
        rc = evtpm_fail(err, "%s: no P-384 key", path);
    }
    if (rc < 0 && key) {
        gnutls_privkey_deinit(key);
        key = NULL;
    }
    return key;
}

/* The secret's bytes as GnuTLS would write them: as a signed number. */
static unsigned secret_size(gnutls_x509_privkey_t key)
{
    gnutls_ecc_curve_t curve;
    gnutls_datum_t x = { 0 }, y = { 0 }, k = { 0 };
    unsigned size = 0;

    if (gnutls_x509_privkey_export_ecc_raw(key, &curve, &x, &y, &k) == 0) {
        size = k.size;
        gnutls_memset(k.data, 0, k.size);
    }
    gnutls_free(x.data);
    gnutls_free(y.data);
    gnutls_free(k.data);
    return size;
}

/*
 * RFC 5915 wants 48 bytes, neither 49 for a sign nor 47 without a leading zero;
 * some readers insist. So keys are made until one has that by itself: about the
 * second one does.
 */
static int generate(gnutls_x509_privkey_t *key)
{
    int rc;

    for (int tries = 0; tries < 64; tries++) {
        rc = gnutls_x509_privkey_init(key);
        if (rc < 0) {
            return rc;
        }
        rc = gnutls_x509_privkey_generate(
            *key, GNUTLS_PK_ECDSA,
            GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), 0);
        if (rc < 0 || secret_size(*key) == P384_BYTES) {
            return rc;
        }
        gnutls_x509_privkey_deinit(*key);
        *key = NULL;
    }
    return GNUTLS_E_RANDOM_FAILED;
}

int evtpm_id_key_create(const char *path, struct evtpm_error *err)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t pem = { 0 };
    struct stat st;
    int rc;

    if (lstat(path, &st) == 0) {
        return evtpm_fail(err, "%s: exists already", path);
    }
    rc = generate(&key);
    if (rc == 0) {
        rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                               GNUTLS_PKCS_PLAIN, &pem);
    }
    if (key) {
        gnutls_x509_privkey_deinit(key);
    }
    if (rc < 0) {
        return evtpm_fail(err, "cannot make a key: %s", gnutls_strerror(rc));
    }
    rc = evtpm_file_write(path, pem.data, pem.size, 0600, err);
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    return rc;
}
