/* SPDX-License-Identifier: MIT */
/* A guest that talks to the relying party's service: evidence-sample.h for
 * nonces that are not its own. */
#ifndef EVTPM_TESTS_GUEST_SAMPLE_H
#define EVTPM_TESTS_GUEST_SAMPLE_H

#include "tests/unit/credential-open.h"
#include "tests/unit/evidence-sample.h"

struct guest_sample {
    struct sample sample;
    struct opener opener;
    GMutex lock; /* sample and its chip make evidence one at a time */
};

/* VM and chip as in sample_init(), whose chips must be there. */
void guest_sample_init(struct guest_sample *guest, unsigned vm, unsigned chip);
void guest_sample_clear(struct guest_sample *guest);

/* What "evtpm-agent ak" prints; g_free */
char *guest_sample_keys(struct guest_sample *guest);

/* What "evtpm-agent collect" prints for a challenge in base64; g_free */
char *guest_sample_evidence(struct guest_sample *guest, const char *nonce,
                            const char *credential);

/* The evidence as it is, after a change; g_free */
char *guest_sample_document(struct guest_sample *guest);

/* What "evtpm-agent unwrap" prints, of both in base64. */
GBytes *guest_sample_unwrap(struct guest_sample *guest, const char *credential,
                            const char *envelope);

#endif
