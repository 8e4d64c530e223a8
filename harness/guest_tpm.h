/* SPDX-License-Identifier: MIT */
/*
 * TPM work done in the guest with tpm2-tools: shell scripts that print "KEY
 * VALUE" lines, whose results are judged out here.
 */
#ifndef EVTPM_HARNESS_GUEST_TPM_H
#define EVTPM_HARNESS_GUEST_TPM_H

#include "harness/vm.h"

/* Runs a script in a directory of its own; its lines become a table. NULL on
 * error. */
GHashTable *guest_tpm_run(struct vm *vm, const char *script,
                          deadline_t deadline, GError **error);

/* The value of a key, "" if it is missing. */
const char *guest_tpm_get(GHashTable *table, const char *key);

/* One kind of work: what is done, and whether its results are right. */
struct tpm_work {
    const char *id;
    const char *title;
    const char *script;
    /* On success a text about what was seen; NULL with an error when the
     * results are wrong. */
    char *(*judge)(GHashTable *results, GError **error);
};
extern const struct tpm_work tpm_works[];
extern const size_t tpm_works_count;

/* PCRs 0 to 23 of the SHA-256 bank, "0:hex 1:hex ..."; NULL on error. */
char *guest_tpm_pcrs(struct vm *vm, deadline_t deadline, GError **error);

/* What the guest says about itself. */
struct guest_facts {
    char *kernel;     /* release */
    char *driver;     /* of /dev/tpm0 */
    char *vmpl;       /* that Linux found itself at */
    char *encryption; /* memory encryption features it saw */
    double uptime;    /* of its kernel, seconds; 0: not known */
    char *events;     /* in the firmware's event log, bytes */
};
gboolean guest_facts_get(struct vm *vm, deadline_t deadline,
                         struct guest_facts *facts, GError **error);
void guest_facts_clear(struct guest_facts *facts);

#endif
