/* SPDX-License-Identifier: MIT */
/*
 * What this machine has of what SEV-SNP guests need: found, wanted, how to
 * mend. Nothing is changed and no VM is started.
 */
#ifndef EVTPM_HARNESS_DOCTOR_H
#define EVTPM_HARNESS_DOCTOR_H

#include "harness/fail.h"
#include "harness/qemu_facts.h"

/* What an item is needed for. */
enum {
    DOCTOR_SNP = 1,
    DOCTOR_EMULATION = 2,
};

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_NOTE,    /* not as wanted, or not to be known; nothing fails of it */
    DOCTOR_MISSING, /* what it is needed for does not work */
};

struct doctor_item {
    const char *id; /* for machines, stable */
    unsigned uses;
    enum doctor_state state;
    const char *wanted;
    char *found;
    char *mend; /* NULL: nothing to mend */
};

struct doctor_options {
    const char *root; /* look below this directory instead of at this machine;
                         NULL: at this machine */
    const char *qemu; /* QEMU for hardware; NULL: $EVTPM_SNP_QEMU, else in PATH */
};

struct doctor {
    struct doctor_options options;
    GPtrArray *items; /* struct doctor_item */
};

/* Exit statuses. */
enum doctor_verdict {
    DOCTOR_READY = 0,         /* for guests with an SVSM on hardware */
    DOCTOR_EMULATED_ONLY = 3, /* those are emulated */
    DOCTOR_NEITHER = 4,
};

struct doctor *doctor_examine(const struct doctor_options *options);
void doctor_free(struct doctor *doctor);
enum doctor_verdict doctor_verdict(const struct doctor *doctor);
/* One or two lines for people; free with g_free. */
char *doctor_summary(const struct doctor *doctor);
const struct doctor_item *doctor_find(const struct doctor *doctor,
                                      const char *id);

/* ---- for its parts ---- */

/* Adds an item; "found" is formatted. */
struct doctor_item *doctor_add(struct doctor *doctor, const char *id,
                               unsigned uses, enum doctor_state state,
                               const char *wanted, const char *found, ...)
    G_GNUC_PRINTF(6, 7);
/* Says how to mend an item that is not as wanted. */
void doctor_mend(struct doctor_item *item, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);

/* A path of the examined machine; free with g_free. */
char *doctor_path(const struct doctor *doctor, const char *path);
/* A file's text without trailing space; NULL if it cannot be read. */
char *doctor_read(const struct doctor *doctor, const char *path);
/* The value of "NAME<space>: VALUE" in such a text; free with g_free. */
char *doctor_field(const char *text, const char *name);
/* Lines of the kernel's log, or NULL. */
char *doctor_kernel_log(const struct doctor *doctor);

/* Registers EAX to EDX of a CPUID leaf; FALSE if that cannot be had. */
gboolean doctor_cpuid(const struct doctor *doctor, guint32 leaf,
                      guint32 regs[4]);

/* Of family 25 and 26, what AMD calls it ("Milan"); NULL for others. */
const char *doctor_product(unsigned family, unsigned model);

void doctor_cpu(struct doctor *doctor);
void doctor_kernel(struct doctor *doctor);
void doctor_firmware(struct doctor *doctor);
void doctor_tools(struct doctor *doctor);
void doctor_resources(struct doctor *doctor);

#endif
