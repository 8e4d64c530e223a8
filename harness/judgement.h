/* SPDX-License-Identifier: MIT */
/* A verdict on evidence, for people and for machines. */
#ifndef EVTPM_HARNESS_JUDGEMENT_H
#define EVTPM_HARNESS_JUDGEMENT_H

#include "harness/attest.h"

enum judgement_form {
    JUDGEMENT_TEXT,
    JUDGEMENT_EXPLAIN, /* each link with the values seen and wanted */
    JUDGEMENT_JSON,
};

/* A link that was skipped because the policy asks for nothing there. */
gboolean judgement_not_asked(const struct attest *attest, enum evtpm_link link);

/*
 * Verifies, prints to standard output, and on failure one line to standard
 * error. Returns 0, or the exit status of the first link that failed, or -1
 * with an error when the policy cannot be read. `recorded` and `launched` are
 * those of attest_verify() and attest_failure().
 */
int judgement_print(struct attest *attest, const struct attest_policy *policy,
                    gboolean recorded, const char *launched,
                    enum judgement_form form, GError **error);

#endif
