/* SPDX-License-Identifier: MIT */
/*
 * All that a boot leaves in its TPM, in memory and on the host, and looking for
 * it: within the same boot (the control), and after it.
 */
#ifndef EVTPM_TESTS_E2E_TRACES_H
#define EVTPM_TESTS_E2E_TRACES_H

#include "harness/canary.h"
#include "tests/e2e/memory.h"

enum trace {
    TRACE_EK,
    TRACE_SRK,
    TRACE_PCR,
    TRACE_NV,
    TRACE_PERSISTENT,
    TRACE_SEALED,
    TRACE_CONTEXT,
    TRACE_CLOCK,
    TRACE_FILES,
    TRACE_SHARED,
    TRACE_PRIVATE,
    TRACE_SWAP,
    TRACE_COUNT,
};
/* Column heads. */
extern const char *const trace_name[TRACE_COUNT];

/* What is to be seen in the boot that left the traces, and in any other. */
extern const char *const trace_kept[TRACE_COUNT];
extern const char *const trace_lost[TRACE_COUNT];

struct traces {
    struct canary canary;
    char *srk;     /* name of the owner's primary */
    char *context; /* a saved object, base64 */
    gint64 clock;  /* milliseconds, an hour ahead of what it had */
    char *counts;  /* resets and restarts */
    struct secret secret;
    struct secret given; /* on the console and in a shared page */
};

/* Leaves all of it; the VM needs debug_read. */
void traces_leave(struct vm *vm, struct traces *traces);
void traces_clear(struct traces *traces);

/* What is to be seen of it in a VM, in the words of trace_kept and trace_lost;
 * something else when neither is true. The words are static. */
void traces_look(struct vm *vm, const struct traces *traces,
                 const char *seen[TRACE_COUNT]);

#endif
