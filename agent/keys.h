/* SPDX-License-Identifier: MIT */
/* The endorsement key, the attestation key, and what joins them. */
#ifndef EVTPM_AGENT_KEYS_H
#define EVTPM_AGENT_KEYS_H

#include "agent/credential.h"
#include "agent/tpm.h"
#include "lib/evidence.h"

/* Makes both and keeps them in the directory `state`; 0 or -1. */
int keys_make(struct tpm *tpm, const char *state, struct evtpm_error *err);

/* Fills in ek_public, ak_public and ak_name, without the TPM. */
int keys_read(const char *state, struct evtpm_evidence *evidence,
              struct evtpm_error *err);

/* The TPM opens the credential only when EK and AK are both its own. Leaves the
 * AK loaded for the quote. */
int keys_activate(struct tpm *tpm, const char *state,
                  const struct credential *credential, ESYS_TR *ak,
                  struct evtpm_blob *secret, struct evtpm_error *err);

/* A policy session that ends with the command it is used in; one for which the
 * EK's policy holds, too. On failure it may have to be flushed. */
int keys_policy_session(struct tpm *tpm, ESYS_TR *session,
                        struct evtpm_error *err);
int keys_ek_session(struct tpm *tpm, ESYS_TR *session, struct evtpm_error *err);

int keys_load_ek(struct tpm *tpm, const char *state, ESYS_TR *ek,
                 struct evtpm_error *err);
int keys_load_ak(struct tpm *tpm, const char *state, ESYS_TR *ak,
                 struct evtpm_error *err);

#endif
