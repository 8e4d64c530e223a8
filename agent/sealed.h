/* SPDX-License-Identifier: MIT */
/* An object that was sealed for the EK and for values of PCRs (lib/seal.h). */
#ifndef EVTPM_AGENT_SEALED_H
#define EVTPM_AGENT_SEALED_H

#include "agent/tpm.h"
#include "lib/blob.h"

struct sealed {
    struct evtpm_blob public, duplicate, seed; /* as lib/seal.h has them */
    const char *pcrs;                          /* "0,5,7" */
};

/* Imports it below the EK of the directory `state` and unseals it, which the
 * TPM does only while the PCRs have the values. 0 or -1. */
int sealed_open(struct tpm *tpm, const char *state, const struct sealed *sealed,
                struct evtpm_blob *data, struct evtpm_error *err);

#endif
