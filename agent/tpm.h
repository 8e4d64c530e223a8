/* SPDX-License-Identifier: MIT */
/* The connection to the TPM. */
#ifndef EVTPM_AGENT_TPM_H
#define EVTPM_AGENT_TPM_H

#include <tss2/tss2_esys.h>

#include "lib/error.h"

struct tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
};

/* `tcti` as Tss2_TctiLdr_Initialize() takes it. 0 or -1. */
int tpm_open(struct tpm *tpm, const char *tcti, struct evtpm_error *err);
void tpm_close(struct tpm *tpm);

/* "WHAT: the code in words"; returns -1. `what` is the name of the tool in
 * tpm2-tools that sends this command, as in the messages of evtpm-evidence. */
int tpm_fail(struct evtpm_error *err, const char *what, TSS2_RC rc);

/* An object or a session, if it is there; it then is ESYS_TR_NONE. */
void tpm_flush(struct tpm *tpm, ESYS_TR *handle);

#endif
