/* SPDX-License-Identifier: MIT */
/* Linux IMA's measurement list, binary form (securityfs ima/binary_runtime_measurements). */
#ifndef EVTPM_LIB_IMA_H
#define EVTPM_LIB_IMA_H

#include "lib/eventlog.h"

#define EVTPM_IMA_PCR 10

/*
 * One entry, in place. What PCR 10 vouches for is the template data: of ima-ng, ima-sig and the
 * like a digest with its algorithm, then a path. The template's name it does not vouch for.
 */
struct evtpm_ima_entry {
    uint32_t number; /* from 0 */
    const uint8_t *data;
    uint32_t data_size;
    bool violation; /* the file changed while it was measured: no digest is true */
    uint8_t template_digest[32]; /* what the SHA-256 bank is extended by */
    /* NULL where the template data are not of that form; not NUL-terminated */
    const char *algorithm; /* "sha256" */
    size_t algorithm_size;
    const uint8_t *digest;
    size_t digest_size;
    const char *path;
    size_t path_size;
};

/* The entry at *offset (0: the first), and moves *offset on. 1; 0 at the end; -1: malformed.
 * entry->number counts by itself. */
int evtpm_ima_next(const void *list, size_t size, size_t *offset,
                   struct evtpm_ima_entry *entry, struct evtpm_error *err);

/* "/usr/bin/init", printable ASCII only, cut to fit; returns `out`. */
char *evtpm_ima_path(const struct evtpm_ima_entry *entry, char *out,
                     size_t size);

/*
 * Extends PCR 10 in the SHA-256 bank, entry by entry, from its value in `pcrs` until it equals
 * `wanted`. The list may go on after that: it was read later than the quote was made. *count
 * receives the entries used. -1: malformed, or `wanted` is never reached.
 */
int evtpm_ima_replay(const void *list, size_t size, struct evtpm_pcrs *pcrs,
                     const uint8_t wanted[32], uint32_t *count,
                     struct evtpm_error *err);

#endif
