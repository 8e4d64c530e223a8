/* SPDX-License-Identifier: MIT */
/* What the agent prints: JSON on one line (docs/attestation.md). */
#ifndef EVTPM_AGENT_DOCUMENT_H
#define EVTPM_AGENT_DOCUMENT_H

#include "lib/error.h"
#include "lib/evidence.h"

/* To the standard output; 0 or -1. */
int document_print_keys(const struct evtpm_evidence *evidence,
                        struct evtpm_error *err);
int document_print(const struct evtpm_evidence *evidence,
                   struct evtpm_error *err);

#endif
