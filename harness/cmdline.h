/* SPDX-License-Identifier: MIT */
/* QEMU's command line for a VM. */
#ifndef EVTPM_HARNESS_CMDLINE_H
#define EVTPM_HARNESS_CMDLINE_H

#include "harness/config.h"

/* Listening sockets that QEMU inherits, and where it writes. */
struct cmdline_channels {
    int own, qmp, ga, console; /* own: a monitor for the supervisor */
    const char *console_log;
};

/* The whole argument vector, argv[0] included. */
GStrv cmdline_build(const struct vm_config *config,
                    const struct cmdline_channels *channels);

/* For people: quoted for a shell, one line. */
char *cmdline_text(const char *const *argv);

#endif
