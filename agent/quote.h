/* SPDX-License-Identifier: MIT */
/* A quote, and the PCRs that it covers. */
#ifndef EVTPM_AGENT_QUOTE_H
#define EVTPM_AGENT_QUOTE_H

#include "agent/tpm.h"
#include "lib/evidence.h"

/*
 * Fills in the quote over evidence->nonce and the PCRs, which are those that
 * the quote's digest is of. `ak` is used while it is loaded, and flushed. 0 or
 * -1.
 */
int quote_make(struct tpm *tpm, const char *state, ESYS_TR *ak,
               struct evtpm_evidence *evidence, struct evtpm_error *err);

#endif
