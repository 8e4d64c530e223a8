/* SPDX-License-Identifier: MIT */
/* A directory of certificates, as a lab keeps what AMD's key server gave it. */
#ifndef EVTPM_HARNESS_CERTIFICATE_DIR_H
#define EVTPM_HARNESS_CERTIFICATE_DIR_H

#include "harness/fail.h"
#include "lib/certs.h"

/*
 * Takes the certificates of the key that signs this report: of any number of
 * chips, TCBs and products the VCEK (or VLEK) of its chip and reported TCB, and
 * what that descends from. Files that are no certificates do not matter. An
 * error when the directory or the report cannot be read, or has no such key.
 */
gboolean certificate_dir_add(const char *dir, const struct evtpm_blob *report,
                             struct evtpm_chain *chain, GError **error);

#endif
