/* SPDX-License-Identifier: MIT */
/*
 * The relying party's policy as a file: JSON with comments (docs/policy.md).
 * What it says ends up in a struct evtpm_policy; nothing else knows the format.
 */
#ifndef EVTPM_HARNESS_POLICY_H
#define EVTPM_HARNESS_POLICY_H

#include <glib.h>

#include "harness/fail.h"
#include "lib/verify.h"

struct policy;

/* An empty policy: it accepts nothing until launch digests were added. */
struct policy *policy_new(void);

/*
 * Reads a policy and the files that it names, relative to its own place.
 * Strict: unknown and repeated members, wrong types, bad hex and empty lists
 * are errors that name file and member. NULL on error.
 */
struct policy *policy_load(const char *path, GError **error);

/* The same of a text in memory, `path` being where it would lie. */
struct policy *policy_parse(const char *path, const char *text, gsize size,
                            GError **error);

void policy_free(struct policy *policy);

/* Additions from the command line. */
gboolean policy_add_root(struct policy *policy, const char *path,
                         GError **error);
gboolean policy_add_crl(struct policy *policy, const char *path,
                        GError **error);
void policy_add_launch_digest(struct policy *policy, const guint8 digest[48]);

/* It says which launch digests or keys it accepts. */
gboolean policy_names_image(const struct policy *policy);

/*
 * For evtpm_verify(); valid until the policy is changed or freed. A copy of the
 * structure may be given nonce, credential and time; several threads may use
 * one policy.
 */
const struct evtpm_policy *policy_get(struct policy *policy);

#endif
