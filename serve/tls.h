/* SPDX-License-Identifier: MIT */
/* The server's certificate and key. */
#ifndef EVTPM_SERVE_TLS_H
#define EVTPM_SERVE_TLS_H

#include "harness/fail.h"

struct tls_identity {
    char *cert, *key; /* PEM */
};
void tls_identity_clear(struct tls_identity *identity);

gboolean tls_identity_load(const char *cert, const char *key,
                           struct tls_identity *out, GError **error);

/*
 * For trying out: a new key and a certificate of its own, for the loopback
 * address. `fingerprint`: SHA-256 of the certificate in hex; `pin`: SHA-256
 * of its public key in base64, as curl --pinnedpubkey has it.
 */
gboolean tls_identity_make(struct tls_identity *out, char **fingerprint,
                           char **pin, GError **error);

#endif
