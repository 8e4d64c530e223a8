/* SPDX-License-Identifier: MIT */
/* What the service accepts: read once, at the start. */
#ifndef EVTPM_SERVE_POLICY_H
#define EVTPM_SERVE_POLICY_H

#include "harness/policy.h"

/* From the command line; the lists end with NULL, or are NULL. */
struct serve_policy_sources {
    char *policy;  /* a policy file, or NULL */
    char **igvm;   /* files: the launch digest of each is accepted */
    char **digest; /* launch digests in hex */
    char **root;   /* files: trusted root certificates, besides AMD's */
    char **crl;    /* files: revocation lists */
};

/* All of them together. NULL on error, and when no image would be accepted. */
struct policy *serve_policy_load(const struct serve_policy_sources *from,
                                 GError **error);

#endif
