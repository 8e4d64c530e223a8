/* SPDX-License-Identifier: MIT */
/* Writing event logs and IMA lists, right and wrong ones. */
#ifndef EVTPM_TESTS_LOG_SAMPLE_H
#define EVTPM_TESTS_LOG_SAMPLE_H

#include <glib.h>

#include "lib/eventlog.h"

/* The header event, naming the banks of `hashes` (bit n: enum evtpm_hash n). */
void log_header(GByteArray *log, unsigned hashes);

/* An event whose digests are those of `digested` (NULL: of the data). */
void log_event(GByteArray *log, unsigned hashes, uint32_t pcr, uint32_t type,
               const void *data, size_t size, const char *digested);
/* The same with text as data. */
void log_text(GByteArray *log, unsigned hashes, uint32_t pcr, uint32_t type,
              const char *text);
/* An EFI variable, digested whole or only its value. */
void log_variable(GByteArray *log, unsigned hashes, uint32_t pcr, uint32_t type,
                  const char *name, const char *value, gboolean value_only);

/* What a firmware like OVMF writes before it boots: PCRs 0 to 7. */
void log_platform(GByteArray *log, unsigned hashes);
/* What was booted: PCRs 4 and 9. */
#define LOG_KERNEL "the kernel image"
#define LOG_INITRD "the initial RAM disk"
#define LOG_COMMAND_LINE "console=ttyS0 quiet"
struct log_boot {
    const char *kernel, *initrd, *command_line;
};
void log_boot(GByteArray *log, unsigned hashes, const struct log_boot *boot);
/* Both, of LOG_KERNEL and so on. */
void log_firmware(GByteArray *log, unsigned hashes);

/* An entry of the template ima-ng. */
void ima_file(GByteArray *list, const char *algorithm, const uint8_t *digest,
              size_t digest_size, const char *path);
/* IMA's first entry: SHA-256 over PCRs 0 to 9. */
void ima_boot_aggregate(GByteArray *list, const uint8_t pcr[][32]);
/* The same of a file whose contents are its path; `violation`: its hash is zero. */
void ima_entry(GByteArray *list, uint32_t pcr, const char *path,
               gboolean violation);

#endif
