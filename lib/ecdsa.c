/* SPDX-License-Identifier: MIT */
/*
 * ECDSA P-384 with SHA-384 in AMD's form: integers little-endian, 72 bytes
 * each, zero-extended. GnuTLS wants DER with big-endian integers: this file is
 * the translation.
 */
#include "lib/report.h"

#include <gnutls/crypto.h>
#include <string.h>

#define P384_BYTES 48
#define FIELD_BYTES 72

/* Big-endian without leading zeros (at least one byte); false if the value
 * exceeds P-384. */
static bool from_le(const uint8_t le[FIELD_BYTES], uint8_t be[P384_BYTES],
                    gnutls_datum_t *out)
{
    size_t skip = 0;

    for (size_t i = P384_BYTES; i < FIELD_BYTES; i++) {
        if (le[i]) {
            return false;
        }
    }
    for (size_t i = 0; i < P384_BYTES; i++) {
        be[i] = le[P384_BYTES - 1 - i];
    }
    while (skip < P384_BYTES - 1 && be[skip] == 0) {
        skip++;
    }
    out->data = be + skip;
    out->size = P384_BYTES - (unsigned)skip;
    return true;
}

static bool to_le(const gnutls_datum_t *be, uint8_t le[FIELD_BYTES])
{
    size_t skip = 0;

    while (skip < be->size && be->data[skip] == 0) {
        skip++;
    }
    if (be->size - skip > P384_BYTES) {
        return false;
    }
    memset(le, 0, FIELD_BYTES);
    for (size_t i = skip; i < be->size; i++) {
        le[be->size - 1 - i] = be->data[i];
    }
    return true;
}

int snp_ecdsa_sign(const void *data, size_t size, gnutls_privkey_t key,
                   uint8_t r[72], uint8_t s[72], struct evtpm_error *err)
{
    gnutls_datum_t in = { (void *)data, (unsigned)size };
    gnutls_datum_t sig = { 0 }, rv = { 0 }, sv = { 0 };
    int rc, result = 0;

    rc = gnutls_privkey_sign_data2(key, GNUTLS_SIGN_ECDSA_SHA384, 0, &in, &sig);
    if (rc == 0) {
        rc = gnutls_decode_rs_value(&sig, &rv, &sv);
    }
    if (rc < 0) {
        result = evtpm_fail(err, "cannot sign: %s", gnutls_strerror(rc));
    } else if (!to_le(&rv, r) || !to_le(&sv, s)) {
        result = evtpm_fail(err, "cannot sign: the key is not P-384");
    }
    gnutls_free(sig.data);
    gnutls_free(rv.data);
    gnutls_free(sv.data);
    return result;
}

int snp_ecdsa_verify(const void *data, size_t size, gnutls_pubkey_t key,
                     const uint8_t r[72], const uint8_t s[72],
                     struct evtpm_error *err)
{
    gnutls_datum_t in = { (void *)data, (unsigned)size };
    gnutls_datum_t sig = { 0 }, rv, sv;
    uint8_t rb[P384_BYTES], sb[P384_BYTES];
    int rc;

    if (!from_le(r, rb, &rv) || !from_le(s, sb, &sv)) {
        return evtpm_fail(err, "signature values exceed P-384");
    }
    rc = gnutls_encode_rs_value(&sig, &rv, &sv);
    if (rc == 0) {
        rc = gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_ECDSA_SHA384, 0, &in,
                                        &sig);
    }
    gnutls_free(sig.data);
    if (rc < 0) {
        return evtpm_fail(err, "signature does not verify: %s",
                          gnutls_strerror(rc));
    }
    return 0;
}

gnutls_pubkey_t snp_ecdsa_key_import(const struct snp_ecdsa_key *key)
{
    uint8_t xb[P384_BYTES], yb[P384_BYTES];
    gnutls_datum_t x, y;
    gnutls_pubkey_t pub;

    if (key->curve != SNP_CURVE_P384 || !from_le(key->qx, xb, &x) ||
        !from_le(key->qy, yb, &y) || gnutls_pubkey_init(&pub) < 0) {
        return NULL;
    }
    if (gnutls_pubkey_import_ecc_raw(pub, GNUTLS_ECC_CURVE_SECP384R1, &x, &y) <
        0) {
        gnutls_pubkey_deinit(pub);
        return NULL;
    }
    return pub;
}

int snp_ecdsa_key_export(gnutls_pubkey_t key, struct snp_ecdsa_key *out)
{
    gnutls_datum_t x = { 0 }, y = { 0 };
    gnutls_ecc_curve_t curve;
    bool ok;

    memset(out, 0, sizeof(*out));
    if (gnutls_pubkey_export_ecc_raw(key, &curve, &x, &y) < 0) {
        return -1;
    }
    out->curve = SNP_CURVE_P384;
    ok = curve == GNUTLS_ECC_CURVE_SECP384R1 && to_le(&x, out->qx) &&
         to_le(&y, out->qy);
    gnutls_free(x.data);
    gnutls_free(y.data);
    return ok ? 0 : -1;
}
