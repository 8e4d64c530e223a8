/* SPDX-License-Identifier: MIT */
/*
 * What the scenarios named test-* share: a state directory of their own, VMs of
 * the test image, the evtpm program, evidence. A scenario without its artefacts
 * is skipped, with the reason.
 */
#ifndef EVTPM_TESTS_E2E_H
#define EVTPM_TESTS_E2E_H

#include "harness/attest.h"
#include "harness/guest_tpm.h"
#include "harness/vm.h"

/* Longest that one step may take; a loaded machine with two cores is slow. */
#define E2E_SECONDS 180

/* Calls g_test_init(), makes the directories. Ends with e2e_main_end(). */
void e2e_main(int *argc, char ***argv);
int e2e_main_end(void);

/* FALSE, and the test is marked as skipped, when the artefacts are not there.
 */
gboolean e2e_ready(void);

/* The test's own directory, empty at its start, removed at the end. */
const char *e2e_dir(void);

/* The test image's configuration, name "t"; free with vm_config_free(). */
struct vm_config *e2e_config(void);

/* Starts a VM and waits until its guest is up; the test fails if that does not
 * work. */
struct vm *e2e_boot(const struct vm_config *config);

/*
 * One VM for all tests of a program that only look: booted at first use with
 * debug_read, ended by e2e_main_end().
 */
struct vm *e2e_shared_vm(void);

/* Runs in the guest; the test fails unless its status is 0. Output without
 * trailing newlines. */
char *e2e_guest(struct vm *vm, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* Collects evidence from a VM; the test fails if that does not work. */
void e2e_collect(struct vm *vm, struct attest *attest);

/* The policy that an honest VM of this configuration fulfils; strings are kept
 * until the end. */
struct attest_policy e2e_policy(const struct vm_config *config);

/* The outcome of a run of evtpm. */
struct e2e_result {
    int status; /* exit status, 128 + signal */
    char *out, *err;
};
void e2e_result_clear(struct e2e_result *result);

/* Runs "evtpm ARGUMENTS..." (ended by NULL) to its end in e2e_dir(). */
void e2e_evtpm(struct e2e_result *result, ...) G_GNUC_NULL_TERMINATED;
/* The same in the background, with descriptors; see process.h. */
void e2e_evtpm_start(struct process *process, int in, int out, int err,
                     ...) G_GNUC_NULL_TERMINATED;

/* The failure that users must see: this status, one line "evtpm: ...TEXT..."
 * first, no VM left. */
void e2e_assert_refused(const struct e2e_result *result, int status,
                        const char *text);

/* No VM of ours runs and no directory of one is left. */
void e2e_assert_no_vms(void);

/* Waits for a condition; the test fails when it does not come true. */
#define e2e_await(condition)                                                   \
    do {                                                                       \
        deadline_t e2e_end = deadline_in(E2E_SECONDS);                         \
        while (!(condition)) {                                                 \
            g_assert_false(deadline_passed(e2e_end));                          \
            g_usleep(20000);                                                   \
        }                                                                      \
    } while (0)

#endif
