/* SPDX-License-Identifier: MIT */
/* Revocation lists: issuer, signature, dates, serial numbers. */
#include "lib/crl.h"

#include <string.h>

#define SERIAL_MAX 64

int evtpm_crl_decode(const void *data, size_t size, struct evtpm_blob *der,
                     struct evtpm_error *err)
{
    gnutls_datum_t in = { (void *)data, (unsigned)size };
    gnutls_datum_t out = { 0 };
    gnutls_x509_crl_t crl;
    bool kept;
    int rc = gnutls_x509_crl_init(&crl);

    if (rc == 0) {
        rc = gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_PEM);
        if (rc < 0) {
            rc = gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_DER);
        }
        if (rc == 0) {
            rc = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_DER, &out);
        }
        gnutls_x509_crl_deinit(crl);
    }
    if (rc < 0) {
        return evtpm_fail(err, "not a revocation list: %s",
                          gnutls_strerror(rc));
    }
    kept = evtpm_blob_set(der, out.data, out.size);
    gnutls_free(out.data);
    return kept ? 0 : evtpm_fail(err, "out of memory");
}

/*
 * Not gnutls_x509_crl_verify(): that insists on the key usage "CRL sign", which
 * AMD's roots do not have.
 */
static int check_signature(gnutls_x509_crl_t crl, const struct evtpm_blob *der,
                           gnutls_x509_crt_t issuer, const char *name,
                           struct evtpm_error *err)
{
    if (gnutls_x509_crl_get_signature_algorithm(crl) !=
        GNUTLS_SIGN_RSA_PSS_SHA384) {
        return evtpm_fail(
            err,
            "the %s's revocation list is not signed by RSASSA-PSS "
            "with SHA-384",
            name);
    }
    if (!evtpm_cert_signed_by(der, issuer)) {
        return evtpm_fail(err,
                          "signature of the revocation list does not verify by "
                          "the %s",
                          name);
    }
    return 0;
}

static int check_dates(gnutls_x509_crl_t crl, const char *name, time_t now,
                       struct evtpm_error *err)
{
    time_t from = gnutls_x509_crl_get_this_update(crl);
    time_t to = gnutls_x509_crl_get_next_update(crl);
    struct tm tm;
    char day[32];

    if (from == (time_t)-1 || to == (time_t)-1) {
        return evtpm_fail(err, "the %s's revocation list has no dates", name);
    }
    if (now >= from && now <= to) {
        return 0;
    }
    strftime(day, sizeof(day), "%Y-%m-%d",
             gmtime_r(now < from ? &from : &to, &tm));
    return evtpm_fail(err,
                      now < from ? "the %s's revocation list is valid only "
                                   "from %s"
                                 : "the %s's revocation list ended on %s: get "
                                   "a newer one",
                      name, day);
}

/* Serial numbers are compared as numbers: leading zeros do not count. */
static size_t strip(const uint8_t **serial, size_t size)
{
    while (size > 0 && **serial == 0) {
        ++*serial;
        size--;
    }
    return size;
}

static bool lists(gnutls_x509_crl_t crl, gnutls_x509_crt_t crt)
{
    uint8_t wanted[SERIAL_MAX], entry[SERIAL_MAX];
    size_t wanted_size = sizeof(wanted), size;
    const uint8_t *want = wanted, *have;
    int count = gnutls_x509_crl_get_crt_count(crl);

    if (count < 0 ||
        gnutls_x509_crt_get_serial(crt, wanted, &wanted_size) < 0) {
        return true; /* what cannot be read counts as revoked */
    }
    wanted_size = strip(&want, wanted_size);
    for (int i = 0; i < count; i++) {
        time_t when;

        size = sizeof(entry);
        if (gnutls_x509_crl_get_crt_serial(crl, (unsigned)i, entry, &size,
                                           &when) < 0) {
            return true;
        }
        have = entry;
        size = strip(&have, size);
        if (size == wanted_size && memcmp(have, want, size) == 0) {
            return true;
        }
    }
    return false;
}

/* One list against one issuer and the certificate below it. 1: it is of that
 * issuer and does not name the certificate; 0: it is of another; -1. */
static int check_one(const struct evtpm_blob *der, gnutls_x509_crt_t issuer,
                     gnutls_x509_crt_t below, const char *const names[2],
                     time_t now, struct evtpm_error *err)
{
    gnutls_datum_t data = { der->data, (unsigned)der->size };
    gnutls_x509_crl_t crl;
    int rc;

    if (gnutls_x509_crl_init(&crl) < 0) {
        return evtpm_fail(err, "out of memory");
    }
    if (gnutls_x509_crl_import(crl, &data, GNUTLS_X509_FMT_DER) < 0) {
        rc = evtpm_fail(err, "not a revocation list");
    } else if (!gnutls_x509_crl_check_issuer(crl, issuer)) {
        rc = 0;
    } else if (check_signature(crl, der, issuer, names[0], err) < 0 ||
               check_dates(crl, names[0], now, err) < 0) {
        rc = -1;
    } else if (lists(crl, below)) {
        rc =
            evtpm_fail(err, "the %s was revoked by the %s", names[1], names[0]);
    } else {
        rc = 1;
    }
    gnutls_x509_crl_deinit(crl);
    return rc;
}

int evtpm_crls_check(const struct evtpm_chain *chain, bool vlek,
                     const struct evtpm_blob *crls, size_t count, time_t now,
                     unsigned *covered, struct evtpm_error *err)
{
    static const char *const names[2][3] = { { "ARK", "ASK", "VCEK" },
                                             { "ARK", "ASVK", "VLEK" } };
    const struct evtpm_blob *der[3] = { &chain->ark, &chain->ask,
                                        vlek ? &chain->vlek : &chain->vcek };
    gnutls_x509_crt_t crt[3] = { 0 };
    int rc = 0;

    *covered = 0;
    for (int i = 0; rc >= 0 && i < 3; i++) {
        crt[i] = evtpm_cert_import(der[i], err);
        if (!crt[i]) {
            rc = evtpm_fail_prefix(err, "%s", names[vlek][i]);
        }
    }
    for (size_t n = 0; rc >= 0 && n < count; n++) {
        for (int i = 0; rc >= 0 && i < 2; i++) {
            rc = check_one(&crls[n], crt[i], crt[i + 1], &names[vlek][i], now,
                           err);
            *covered += rc == 1 && i == 0;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (crt[i]) {
            gnutls_x509_crt_deinit(crt[i]);
        }
    }
    return rc < 0 ? -1 : 0;
}
