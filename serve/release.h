/* SPDX-License-Identifier: MIT */
/* A secret wrapped for one TPM. */
#ifndef EVTPM_SERVE_RELEASE_H
#define EVTPM_SERVE_RELEASE_H

#include <json-glib/json-glib.h>

#include "lib/verify.h"

/*
 * {"name","credential","envelope"}: the secret in an envelope whose key is in a
 * credential for that EK and the AK of that name. NULL when that is impossible.
 */
JsonObject *release_by_credential(const char *name,
                                  const struct evtpm_blob *secret,
                                  const struct evtpm_credential *keys);

/*
 * {"name","pcrs","public","duplicate","seed","envelope"}: the key is sealed for
 * that EK and the values that the evidence has of these PCRs. NULL likewise.
 */
JsonObject *release_by_seal(const char *name, const struct evtpm_blob *secret,
                            const struct evtpm_evidence *evidence,
                            uint32_t pcrs);

#endif
