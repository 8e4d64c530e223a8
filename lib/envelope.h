/* SPDX-License-Identifier: MIT */
/*
 * A secret under a symmetric key, as a document that others' tools open: CMS
 * AuthEnvelopedData (RFC 5083), AES-256-GCM (RFC 5084), for one recipient who
 * has the key (KEKRecipientInfo with AES-256 key wrap, RFC 3394). For example:
 *
 *   openssl cms -decrypt -inform DER -in FILE -secretkey HEX
 */
#ifndef EVTPM_LIB_ENVELOPE_H
#define EVTPM_LIB_ENVELOPE_H

#include "lib/blob.h"
#include "lib/error.h"

#define EVTPM_ENVELOPE_KEY_SIZE 32
#define EVTPM_ENVELOPE_PLAIN_MAX 0x10000

/*
 * `out` becomes the DER of ContentInfo. The content's key and nonce are new
 * each time. 0 or -1.
 */
int evtpm_envelope_seal(const uint8_t key[EVTPM_ENVELOPE_KEY_SIZE],
                        const struct evtpm_blob *plain, struct evtpm_blob *out,
                        struct evtpm_error *err);

#endif
