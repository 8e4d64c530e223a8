/* SPDX-License-Identifier: MIT */
/* IGVM files as the harness uses them: the default one, and what is known of
 * any. */
#ifndef EVTPM_HARNESS_IGVM_FILE_H
#define EVTPM_HARNESS_IGVM_FILE_H

#include "evtpm/snp.h"
#include "harness/config.h"
#include "harness/fail.h"

struct igvm_summary {
    gsize size;
    guint8 digest[SNP_LAUNCH_DIGEST_SIZE];
    char digest_hex[2 * SNP_LAUNCH_DIGEST_SIZE + 1];
};

/* Reads and checks a file, computes its launch digest on SEV-SNP. */
gboolean igvm_file_summary(const char *path, struct igvm_summary *out,
                           GError **error);

/* The guest policy that a file asks for. */
gboolean igvm_file_policy(const char *path, guint64 *policy, GError **error);

/*
 * The file made of this build's SVSM, vTPM program and firmware, in the cache
 * under its digest. Made if it is not there; the same inputs give the same
 * file.
 */
char *igvm_file_default(struct igvm_summary *out, GError **error);

/* The same with hashes of the VM's kernel, if it is to have them. */
char *igvm_file_svsm(const struct vm_config *config, struct igvm_summary *out,
                     GError **error);

/*
 * The same of the VM's firmware alone, without an SVSM, with hashes of its
 * kernel if it is to have them.
 */
char *igvm_file_plain(const struct vm_config *config, struct igvm_summary *out,
                      GError **error);

/* What launching that VM's firmware by -bios measures; `size` is the image's.
 */
gboolean igvm_file_plain_digest(const struct vm_config *config,
                                struct igvm_summary *out, GError **error);

/*
 * What differs between two files that were made by our builder, for people:
 * "vTPM program (page 0x8000123000)", ... NULL when nothing does or it cannot
 * be told.
 */
char *igvm_file_difference(const char *expected, const char *actual);

#endif
