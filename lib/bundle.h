/* SPDX-License-Identifier: MIT */
/* Certificates as key servers give them: bundles in PEM, single ones in DER. */
#ifndef EVTPM_LIB_BUNDLE_H
#define EVTPM_LIB_BUNDLE_H

#include "lib/certs.h"

/*
 * Puts the certificates of a PEM bundle, or one in DER, where they belong: what names itself as
 * issuer is the ARK, another CA the ASK or ASVK, what names a chip the VCEK, what names a provider
 * the VLEK. That is what they say; evtpm_chain_verify() comes later. Two of one place are an
 * error. Returns 0 or -1; the chain then has what came before.
 */
int evtpm_chain_add(struct evtpm_chain *chain, const void *data, size_t size,
                    struct evtpm_error *err);

#endif
