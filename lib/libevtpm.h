/* SPDX-License-Identifier: MIT */
/*
 * libevtpm for relying parties: judging evidence of a confidential VM with its TPM.
 *
 *   struct evtpm_evidence  what the VM sent (lib/evidence.h); reading its JSON is the caller's
 *   struct evtpm_policy    what is expected (lib/verify.h)
 *   evtpm_verify()         the judgement, link by link
 *
 * Thread-safe: functions keep no state; what they are given is read, or written by one thread.
 * Versions are semantic. Before 1.0 the second number grows when anything that a program was
 * compiled against changes; structures grow at their ends, so programs are compiled again then.
 */
#ifndef LIBEVTPM_H
#define LIBEVTPM_H

#define LIBEVTPM_VERSION_MAJOR 0
#define LIBEVTPM_VERSION_MINOR 1
#define LIBEVTPM_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

#include "lib/bundle.h"
#include "lib/credential.h"
#include "lib/crl.h"
#include "lib/file.h"
#include "lib/ima.h"
#include "lib/pe_digest.h"
#include "lib/verify.h"

#ifdef __cplusplus
}
#endif

#endif
