/* SPDX-License-Identifier: MIT */
/* Only the extent matters here: a relying party judges the certificates.
 * Compiles on the host too. */
#include "svsm/cert_table.h"

#include <stdbool.h>
#include <string.h>

#include "evtpm/report.h"

size_t cert_table_size(const uint8_t *table, size_t size)
{
    static const struct snp_cert_entry end;
    struct snp_cert_entry entry;
    size_t extent = 0;

    for (size_t at = 0; size - at >= sizeof(entry); at += sizeof(entry)) {
        memcpy(&entry, table + at, sizeof(entry));
        if (memcmp(&entry, &end, sizeof(entry)) == 0) {
            at += sizeof(entry);
            return extent == 0 ? 0 : extent > at ? extent : at;
        }
        if (entry.offset > size || entry.length > size - entry.offset) {
            return 0;
        }
        if (entry.offset + entry.length > extent) {
            extent = entry.offset + entry.length;
        }
    }
    return 0;
}
