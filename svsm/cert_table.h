/* SPDX-License-Identifier: MIT */
/* The host's certificate table (GHCB 56421, extended guest request). */
#ifndef SVSM_CERT_TABLE_H
#define SVSM_CERT_TABLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of the table at @table, of at most @size: entries, terminator and all
 * certificates. 0: no certificates, or not a table.
 */
size_t cert_table_size(const uint8_t *table, size_t size);

#endif
