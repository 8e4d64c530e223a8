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

/* What a firmware like OVMF writes: PCRs 0 to 7. */
void log_firmware(GByteArray *log, unsigned hashes);

/* An entry of the template ima-ng; `violation`: its hash is zero. */
void ima_entry(GByteArray *list, uint32_t pcr, const char *path,
               gboolean violation);

#endif
