/* SPDX-License-Identifier: MIT */
/* Attestation reports by configfs-tsm (Linux, ABI/testing/configfs-tsm-report).
 */
#ifndef EVTPM_AGENT_TSM_H
#define EVTPM_AGENT_TSM_H

#include "lib/error.h"
#include "lib/evidence.h"

/*
 * The SVSM's report about its vTPM, for evidence->nonce; fills in report,
 * manifest and certificates. `dir` is configfs-tsm's directory, where nothing
 * is left behind. 0 or -1.
 */
int tsm_report(const char *dir, struct evtpm_evidence *evidence,
               struct evtpm_error *err);

#endif
