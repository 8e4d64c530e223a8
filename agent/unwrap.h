/* SPDX-License-Identifier: MIT */
/* The secret in the relying party's answer (docs/serve.md). */
#ifndef EVTPM_AGENT_UNWRAP_H
#define EVTPM_AGENT_UNWRAP_H

#include "agent/tpm.h"
#include "lib/blob.h"

/*
 * Opens the answer's credential, or what is sealed in it, with the keys in the
 * directory `state`, and with what that holds the answer's envelope. Nothing is in `secret` unless all
 * of it is authentic. 0 or -1.
 */
int unwrap(struct tpm *tpm, const char *state, const struct evtpm_blob *answer,
           struct evtpm_blob *secret, struct evtpm_error *err);

#endif
