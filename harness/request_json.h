/* SPDX-License-Identifier: MIT */
/*
 * The relying party's own record of a request: the nonce, when it was issued,
 * and the credential that was made. With it, recorded evidence is judged as if
 * it had just come: no link is skipped for want of it. It holds the
 * credential's secret, so its file is of mode 0600.
 */
#ifndef EVTPM_HARNESS_REQUEST_JSON_H
#define EVTPM_HARNESS_REQUEST_JSON_H

#include "harness/attest.h"

gboolean request_write(const char *path, const struct attest *attest,
                       GError **error);
/* Into nonce, credential and issued; the rest is left alone. */
gboolean request_read(const char *path, struct attest *attest, GError **error);

#endif
