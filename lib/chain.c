/* SPDX-License-Identifier: MIT */
/* Does a VCEK or VLEK descend from an ARK? Signatures, algorithms, CA flags,
 * dates. */
#include "lib/certs.h"

enum { ARK, ASK, LEAF, CERTS };
static const char *const vcek_names[CERTS] = { "ARK", "ASK", "VCEK" };
static const char *const vlek_names[CERTS] = { "ARK", "ASVK", "VLEK" };

static int check_dates(gnutls_x509_crt_t crt, const char *name, time_t now,
                       struct evtpm_error *err)
{
    time_t from = gnutls_x509_crt_get_activation_time(crt);
    time_t to = gnutls_x509_crt_get_expiration_time(crt);
    struct tm tm;
    char day[32];

    if (from == (time_t)-1 || to == (time_t)-1) {
        return evtpm_fail(err, "%s has no readable dates", name);
    }
    if (now >= from && now <= to) {
        return 0;
    }
    strftime(day, sizeof(day), "%Y-%m-%d",
             gmtime_r(now < from ? &from : &to, &tm));
    return evtpm_fail(
        err, now < from ? "%s is valid only from %s" : "%s expired on %s", name,
        day);
}

static int check_form(gnutls_x509_crt_t crt, int which, const char *name,
                      struct evtpm_error *err)
{
    unsigned ca = 0, bits = 0;
    int pk = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

    if (gnutls_x509_crt_get_signature_algorithm(crt) !=
        GNUTLS_SIGN_RSA_PSS_SHA384) {
        return evtpm_fail(err, "%s is not signed by RSASSA-PSS with SHA-384",
                          name);
    }
    if (which == LEAF) {
        return pk == GNUTLS_PK_ECDSA && bits == 384
                   ? 0
                   : evtpm_fail(err, "%s holds no P-384 key", name);
    }
    if ((pk != GNUTLS_PK_RSA && pk != GNUTLS_PK_RSA_PSS) || bits < 4096) {
        return evtpm_fail(err, "%s holds no RSA-4096 key", name);
    }
    if (gnutls_x509_crt_get_basic_constraints(crt, NULL, &ca, NULL) < 0 ||
        !ca) {
        return evtpm_fail(err, "%s is no CA certificate", name);
    }
    return 0;
}

/* Dates are checked apart, against the caller's clock. */
static int check_signature(gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
                           const char *name, const char *by,
                           struct evtpm_error *err)
{
    unsigned status = 0;
    int rc;

    if (!gnutls_x509_crt_check_issuer(crt, issuer)) {
        return evtpm_fail(err, "%s names another issuer than this %s", name,
                          by);
    }
    rc = gnutls_x509_crt_verify(crt, &issuer, 1,
                                GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status);
    if (rc < 0 || status) {
        return evtpm_fail(err, "signature of the %s does not verify by the %s",
                          name, by);
    }
    return 0;
}

/* Length of the header of the DER value at `at`, and of its contents; 0 when it
 * does not fit. */
static size_t der_header(const uint8_t *at, size_t size, size_t *contents)
{
    size_t bytes;

    if (size < 2) {
        return 0;
    }
    if (at[1] < 0x80) {
        *contents = at[1];
        return *contents <= size - 2 ? 2 : 0;
    }
    bytes = at[1] & 0x7f;
    if (bytes == 0 || bytes > 3 || size < 2 + bytes) {
        return 0;
    }
    *contents = 0;
    for (size_t i = 0; i < bytes; i++) {
        *contents = *contents << 8 | at[2 + i];
    }
    return *contents <= size - 2 - bytes ? 2 + bytes : 0;
}

/* Both are SEQUENCE { signed part, algorithm, BIT STRING }. */
static bool split(const struct evtpm_blob *der, gnutls_datum_t *signed_part,
                  gnutls_datum_t *signature)
{
    size_t at, left, header, contents;

    at = der_header(der->data, der->size, &left);
    for (int i = 0; at && i < 3; i++) {
        header = der_header(der->data + at, left, &contents);
        if (header == 0) {
            return false;
        }
        if (i == 0) {
            signed_part->data = der->data + at;
            signed_part->size = (unsigned)(header + contents);
        }
        if (i == 2) {
            /* tag, then the count of unused bits, which is 0 */
            signature->data = der->data + at + header + 1;
            signature->size = (unsigned)contents - 1;
            return der->data[at] == 3 && contents > 1 &&
                   signature->data[-1] == 0 && header + contents == left;
        }
        at += header + contents;
        left -= header + contents;
    }
    return false;
}

bool evtpm_cert_signed_by(const struct evtpm_blob *der,
                          gnutls_x509_crt_t issuer)
{
    gnutls_datum_t signed_part, signature;
    gnutls_pubkey_t key = NULL;
    bool good = split(der, &signed_part, &signature) &&
                gnutls_pubkey_init(&key) == 0 &&
                gnutls_pubkey_import_x509(key, issuer, 0) == 0 &&
                gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_RSA_PSS_SHA384, 0,
                                           &signed_part, &signature) >= 0;

    if (key) {
        gnutls_pubkey_deinit(key);
    }
    return good;
}

/*
 * GnuTLS takes a certificate that is in its list as it stands: the signature of
 * one that signs itself goes unchecked.
 */
static int check_self_signature(gnutls_x509_crt_t ark,
                                const struct evtpm_blob *der,
                                struct evtpm_error *err)
{
    if (!evtpm_cert_signed_by(der, ark)) {
        return evtpm_fail(err,
                          "signature of the ARK does not verify by itself");
    }
    return gnutls_x509_crt_check_issuer(ark, ark)
               ? 0
               : evtpm_fail(err, "ARK names another issuer than itself");
}

static int verify(const struct evtpm_blob *const der[CERTS],
                  const char *const names[CERTS], time_t now,
                  struct evtpm_error *err)
{
    gnutls_x509_crt_t crt[CERTS] = { 0 };
    int rc = 0;

    for (int i = 0; rc == 0 && i < CERTS; i++) {
        crt[i] = evtpm_cert_import(der[i], err);
        if (!crt[i]) {
            rc = evtpm_fail_prefix(err, "%s", names[i]);
        }
    }
    for (int i = 0; rc == 0 && i < CERTS; i++) {
        rc = check_form(crt[i], i, names[i], err);
        if (rc == 0) {
            rc = check_dates(crt[i], names[i], now, err);
        }
    }
    if (rc == 0) {
        rc = check_self_signature(crt[ARK], der[ARK], err);
    }
    for (int i = ASK; rc == 0 && i <= LEAF; i++) {
        rc = check_signature(crt[i], crt[i - 1], names[i], names[i - 1], err);
    }
    for (int i = 0; i < CERTS; i++) {
        if (crt[i]) {
            gnutls_x509_crt_deinit(crt[i]);
        }
    }
    return rc;
}

int evtpm_chain_verify(const struct evtpm_chain *chain, time_t now,
                       struct evtpm_error *err)
{
    const struct evtpm_blob *der[CERTS] = { &chain->ark, &chain->ask,
                                            &chain->vcek };

    return verify(der, vcek_names, now, err);
}

int evtpm_chain_verify_vlek(const struct evtpm_chain *chain, time_t now,
                            struct evtpm_error *err)
{
    const struct evtpm_blob *der[CERTS] = { &chain->ark, &chain->ask,
                                            &chain->vlek };

    return verify(der, vlek_names, now, err);
}
