/* SPDX-License-Identifier: MIT */
/*
 * Revocation lists, as AMD publishes them (kdsintf: /vcek/v1/PRODUCT/crl): signed by the ARK, they
 * name ASKs and ASVKs by serial number. VCEKs all have serial 0; AMD revokes them by raising
 * the TCB. A list that an ASK signed is looked at for the VCEK all the same.
 */
#ifndef EVTPM_LIB_CRL_H
#define EVTPM_LIB_CRL_H

#include "lib/certs.h"

/* One PEM or DER list of a file's contents, as DER. Returns 0 or -1. */
int evtpm_crl_decode(const void *data, size_t size, struct evtpm_blob *der,
                     struct evtpm_error *err);

/*
 * Is a certificate of the chain (its VLEK when `vlek`) revoked by one of the lists? Lists of other
 * issuers than the chain's ARK and ASK are passed over; one of theirs must carry its issuer's
 * signature and be valid at `now`. `covered` receives how many of them were of the ARK.
 * Returns 0, or -1 with the reason.
 */
int evtpm_crls_check(const struct evtpm_chain *chain, bool vlek,
                     const struct evtpm_blob *crls, size_t count, time_t now,
                     unsigned *covered, struct evtpm_error *err);

#endif
