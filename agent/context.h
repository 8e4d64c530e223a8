/* SPDX-License-Identifier: MIT */
/* Loaded objects in files, as tpm2-tools has them: what one program saved, the
 * other loads. */
#ifndef EVTPM_AGENT_CONTEXT_H
#define EVTPM_AGENT_CONTEXT_H

#include "agent/tpm.h"

/* 0 or -1; the object stays loaded. */
int context_save(struct tpm *tpm, ESYS_TR object, const char *path,
                 struct evtpm_error *err);
int context_load(struct tpm *tpm, const char *path, ESYS_TR *object,
                 struct evtpm_error *err);

#endif
