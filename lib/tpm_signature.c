/* SPDX-License-Identifier: MIT */
/* TPM keys and signatures in terms of GnuTLS. */
#include "lib/tpm_structs.h"

#include <gnutls/crypto.h>

static gnutls_pubkey_t import_rsa(const TPMT_PUBLIC *public,
                                  gnutls_pubkey_t key, struct evtpm_error *err)
{
    uint32_t exponent = public->parameters.rsaDetail.exponent;
    uint8_t e[4];
    gnutls_datum_t n = { (void *)public->unique.rsa.buffer,
                         public->unique.rsa.size };
    gnutls_datum_t ed = { e, sizeof(e) };

    if (exponent == 0) {
        exponent = 65537;
    }
    for (int i = 0; i < 4; i++) {
        e[i] = (uint8_t)(exponent >> (24 - 8 * i));
    }
    if (n.size < 2048 / 8) {
        evtpm_fail(err, "RSA key of %u bits is too short", 8 * n.size);
        return NULL;
    }
    if (gnutls_pubkey_import_rsa_raw(key, &n, &ed) < 0) {
        evtpm_fail(err, "RSA key is not usable");
        return NULL;
    }
    return key;
}

static gnutls_pubkey_t import_ecc(const TPMT_PUBLIC *public,
                                  gnutls_pubkey_t key, struct evtpm_error *err)
{
    const TPMS_ECC_POINT *point = &public->unique.ecc;
    gnutls_datum_t x = { (void *)point->x.buffer, point->x.size };
    gnutls_datum_t y = { (void *)point->y.buffer, point->y.size };
    gnutls_ecc_curve_t curve;

    switch (public->parameters.eccDetail.curveID) {
    case TPM2_ECC_NIST_P256:
        curve = GNUTLS_ECC_CURVE_SECP256R1;
        break;
    case TPM2_ECC_NIST_P384:
        curve = GNUTLS_ECC_CURVE_SECP384R1;
        break;
    default:
        evtpm_fail(err, "elliptic curve %#x is not supported",
                   public->parameters.eccDetail.curveID);
        return NULL;
    }
    if (x.size == 0 || y.size == 0 ||
        gnutls_pubkey_import_ecc_raw(key, curve, &x, &y) < 0) {
        evtpm_fail(err, "ECC key is not usable");
        return NULL;
    }
    return key;
}

gnutls_pubkey_t tpm_public_import(const TPMT_PUBLIC *public,
                                  struct evtpm_error *err)
{
    gnutls_pubkey_t key, done = NULL;

    if (gnutls_pubkey_init(&key) < 0) {
        evtpm_fail(err, "out of memory");
        return NULL;
    }
    if (public->type == TPM2_ALG_RSA) {
        done = import_rsa(public, key, err);
    } else if (public->type == TPM2_ALG_ECC) {
        done = import_ecc(public, key, err);
    } else {
        evtpm_fail(err, "key type %#x is not supported", public->type);
    }
    if (!done) {
        gnutls_pubkey_deinit(key);
    }
    return done;
}

/* One scheme and hash as GnuTLS calls the pair. */
static gnutls_sign_algorithm_t sign_algorithm(TPMI_ALG_SIG_SCHEME scheme,
                                              TPMI_ALG_HASH hash)
{
    gnutls_digest_algorithm_t digest = tpm_hash_algorithm(hash);

    if (digest == GNUTLS_DIG_UNKNOWN) {
        return GNUTLS_SIGN_UNKNOWN;
    }
    switch (scheme) {
    case TPM2_ALG_RSASSA:
        return gnutls_pk_to_sign(GNUTLS_PK_RSA, digest);
    case TPM2_ALG_RSAPSS:
        return gnutls_pk_to_sign(GNUTLS_PK_RSA_PSS, digest);
    case TPM2_ALG_ECDSA:
        return gnutls_pk_to_sign(GNUTLS_PK_ECDSA, digest);
    default:
        return GNUTLS_SIGN_UNKNOWN;
    }
}

/* A restricted signing key names its scheme; the signature must be of that one.
 */
static bool scheme_fits(const TPMT_PUBLIC *key, const TPMT_SIGNATURE *signature)
{
    TPMI_ALG_HASH hash;
    uint16_t scheme;

    if (key->type == TPM2_ALG_RSA) {
        scheme = key->parameters.rsaDetail.scheme.scheme;
        hash = key->parameters.rsaDetail.scheme.details.anySig.hashAlg;
    } else {
        scheme = key->parameters.eccDetail.scheme.scheme;
        hash = key->parameters.eccDetail.scheme.details.anySig.hashAlg;
    }
    return scheme == signature->sigAlg &&
           hash == signature->signature.any.hashAlg;
}

static int signature_value(const TPMT_SIGNATURE *signature, gnutls_datum_t *out)
{
    const TPMS_SIGNATURE_RSA *rsa = &signature->signature.rsassa;
    const TPMS_SIGNATURE_ECC *ecc = &signature->signature.ecdsa;
    gnutls_datum_t r, s;

    if (signature->sigAlg == TPM2_ALG_ECDSA) {
        r = (gnutls_datum_t){ (void *)ecc->signatureR.buffer,
                              ecc->signatureR.size };
        s = (gnutls_datum_t){ (void *)ecc->signatureS.buffer,
                              ecc->signatureS.size };
        return r.size && s.size ? gnutls_encode_rs_value(out, &r, &s) : -1;
    }
    /* RSASSA and RSAPSS have the same layout. */
    out->data = gnutls_malloc(rsa->sig.size + 1u);
    if (!out->data) {
        return -1;
    }
    out->size = rsa->sig.size;
    for (unsigned i = 0; i < out->size; i++) {
        out->data[i] = rsa->sig.buffer[i];
    }
    return 0;
}

int tpm_signature_verify(const TPMT_PUBLIC *key,
                         const TPMT_SIGNATURE *signature,
                         const struct evtpm_blob *data, struct evtpm_error *err)
{
    gnutls_sign_algorithm_t algorithm =
        sign_algorithm(signature->sigAlg, signature->signature.any.hashAlg);
    gnutls_datum_t message = { data->data, (unsigned)data->size };
    gnutls_datum_t value = { 0 };
    gnutls_pubkey_t pub;
    int rc;

    if (algorithm == GNUTLS_SIGN_UNKNOWN) {
        return evtpm_fail(err, "signature scheme %#x is not supported",
                          signature->sigAlg);
    }
    if (!scheme_fits(key, signature)) {
        return evtpm_fail(err, "signature scheme %#x is not the key's",
                          signature->sigAlg);
    }
    pub = tpm_public_import(key, err);
    if (!pub) {
        return -1;
    }
    rc = signature_value(signature, &value);
    if (rc == 0) {
        rc = gnutls_pubkey_verify_data2(pub, algorithm, 0, &message, &value);
    }
    gnutls_free(value.data);
    gnutls_pubkey_deinit(pub);
    return rc < 0 ? evtpm_fail(err, "signature does not verify by the key") : 0;
}
