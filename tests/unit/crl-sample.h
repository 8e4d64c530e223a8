/* SPDX-License-Identifier: MIT */
/* Writing revocation lists, right and wrong ones. */
#ifndef EVTPM_TESTS_CRL_SAMPLE_H
#define EVTPM_TESTS_CRL_SAMPLE_H

#include <glib.h>
#include <gnutls/x509.h>

#include "lib/blob.h"

struct crl_sample {
    const struct evtpm_blob *issuer;  /* certificate, DER */
    const char *key;                  /* path of its private key, PEM */
    const struct evtpm_blob *revoked; /* a certificate, DER; NULL: nobody */
    time_t from, to;
    gboolean not_pss; /* signed by RSASSA-PKCS1-v1_5 */
};

/* The list as DER. */
void crl_sample_make(const struct crl_sample *params, struct evtpm_blob *der);

#endif
