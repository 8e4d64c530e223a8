/* SPDX-License-Identifier: MIT */
/*
 * Attestation of a VM from outside: a fresh nonce and a credential go in,
 * evidence comes out by the guest agent, libevtpm judges it.
 */
#ifndef EVTPM_HARNESS_ATTEST_H
#define EVTPM_HARNESS_ATTEST_H

#include "harness/vm.h"
#include "lib/verify.h"

/* What the relying party knows and trusts; all paths, each may be NULL. */
struct attest_policy {
    const char *igvm; /* the launch digest may be that of this file */
    const char *root; /* a trusted root certificate besides AMD's */
    const char *chip; /* for certificates that the host did not give to the
                         guest */
    const char *file; /* a policy (harness/policy.h), to which the rest adds */
    const char *const *roots, *const *crls; /* more; end with NULL */
    /* those that the evidence may lack, instead of the chip's; end with NULL */
    const char *const *certificates;
};

/* One exchange: what was sent, and what came back. */
struct attest {
    struct evtpm_blob nonce;
    struct evtpm_credential credential;
    struct evtpm_evidence evidence;
    struct evtpm_result result;
    time_t issued; /* when the nonce was; 0: not known */
};
void attest_clear(struct attest *attest);

/* Has the guest make an attestation key and collect evidence. The agent must be
 * there. */
gboolean attest_collect(struct vm *vm, deadline_t deadline,
                        struct attest *attest, GError **error);

/*
 * Judges what was collected into `result`. `recorded`: no nonce and no
 * credential of our own. FALSE when the policy's files cannot be read. Returns
 * TRUE whatever the judgement: look at result.failed.
 */
gboolean attest_verify(struct attest *attest,
                       const struct attest_policy *policy, gboolean recorded,
                       GError **error);

/* The evidence was good. */
gboolean attest_good(const struct attest *attest);

/*
 * One line for the first link that failed. With the file that the VM was
 * launched from (or NULL) a wrong launch digest names the component that
 * differs. Free with g_free.
 */
char *attest_failure(const struct attest *attest,
                     const struct attest_policy *policy, const char *launched);

#endif
