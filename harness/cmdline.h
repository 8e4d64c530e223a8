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

/* What an SNP guest is told about its processor: AMD's C-bit and the address
 * bits it costs; the default guest policy (SMT allowed, reserved bit 17). */
#define CMDLINE_CBITPOS 51
#define CMDLINE_REDUCED_BITS 1
#define CMDLINE_POLICY 0x30000

/* The whole argument vector, argv[0] included. */
GStrv cmdline_build(const struct vm_config *config,
                    const struct cmdline_channels *channels);

/* What libvirt has no elements for, as arguments beside those that it makes of
 * the domain; no argv[0]. */
GStrv cmdline_beside_libvirt(const struct vm_config *config);

/* The VM's ID block has an author's key besides its own. */
gboolean cmdline_has_author(const struct vm_config *config);

/* "raw" or "qcow2", named so that nothing is probed. */
const char *cmdline_disk_format(const char *path);

/* For people: quoted for a shell, one line. */
char *cmdline_text(const char *const *argv);

#endif
