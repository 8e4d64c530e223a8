/* SPDX-License-Identifier: MIT */
/* What a QEMU program can do, as it says itself by QMP. */
#ifndef EVTPM_HARNESS_QEMU_FACTS_H
#define EVTPM_HARNESS_QEMU_FACTS_H

#include "harness/wait.h"

struct qemu_facts {
    unsigned major, minor, micro;
    gboolean kvm;          /* it can use KVM, and KVM is there */
    gboolean igvm_cfg;     /* object igvm-cfg */
    gboolean igvm_machine; /* PC machines take igvm-cfg */
    gboolean snp_guest;    /* object sev-snp-guest */
    gboolean snp_emulated; /* object sev-snp-emulated: evtpm's own QEMU */
    gboolean device_plane; /* PC machines take device-plane: the SVSM tree */
};

/* Starts the program with no machine, asks, ends it. */
gboolean qemu_facts_get(const char *program, struct qemu_facts *facts,
                        GError **error);

/* Of its answers, one a line; exposed for tests. */
gboolean qemu_facts_read(const char *answers, struct qemu_facts *facts,
                         GError **error);

#endif
