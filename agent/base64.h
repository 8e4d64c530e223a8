/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648, section 4) on one line. */
#ifndef EVTPM_AGENT_BASE64_H
#define EVTPM_AGENT_BASE64_H

#include "lib/blob.h"

/* The text, for free(); NULL when memory is short. */
char *base64_encode(const struct evtpm_blob *blob);

/* False for anything that base64_encode() would not have written. */
bool base64_decode(const char *text, struct evtpm_blob *out);

#endif
