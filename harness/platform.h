/* SPDX-License-Identifier: MIT */
/* Where a confidential VM runs: AMD hardware under KVM, or SEV-SNP emulated by
 * QEMU's TCG. */
#ifndef EVTPM_HARNESS_PLATFORM_H
#define EVTPM_HARNESS_PLATFORM_H

#include <glib.h>

enum platform {
    PLATFORM_EMULATED,
    PLATFORM_SNP,
};

const char *platform_name(enum platform platform);

/* "emulated", "snp", or "auto": snp if this machine's KVM offers it, else
 * emulated. */
gboolean platform_parse(const char *text, enum platform *platform,
                        GError **error);

/* Does this machine's KVM start SEV-SNP guests? */
gboolean platform_snp_available(void);

/* FALSE with an error for guests that this machine does not start. */
gboolean platform_check_here(enum platform platform, GError **error);

#endif
