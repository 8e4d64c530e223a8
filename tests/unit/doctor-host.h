/* SPDX-License-Identifier: MIT */
/* Machines for the doctor: trees of files that look like a host's. */
#ifndef EVTPM_TESTS_DOCTOR_HOST_H
#define EVTPM_TESTS_DOCTOR_HOST_H

#include <glib.h>

#include "evtpm/psp.h"

/* Writes a file of the machine, with its directories. size -1: a string. */
void host_file(const char *root, const char *path, const void *data,
               gssize size);
void host_program(const char *root, const char *path, const char *script);
void host_remove(const char *root, const char *path);

/* What /dev/sev answers on a host that is in order. */
extern const struct psp_snp_status host_status;

/* CPUID 8000001F: EAX and the number of ASIDs for SEV-ES and SNP. */
void host_cpuid(const char *root, guint32 eax, guint32 asids);

/* A new tree: an EPYC 7763 (Milan) on which everything is right, with QEMU of
 * the SVSM tree. Removed by host_free(). */
char *host_new(void);
void host_free(char *root);

/* A QEMU that answers by QMP as that version does. */
void host_qemu(const char *root, unsigned major, unsigned minor, gboolean igvm,
               gboolean plane);

#endif
