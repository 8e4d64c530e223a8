/* SPDX-License-Identifier: MIT */
/*
 * What was decided about whom, in an SQLite database that only grows. A record
 * that audit_append() has returned for is on the disk: write-ahead log, synced
 * at each commit. No record has a secret in it, only its name.
 */
#ifndef EVTPM_SERVE_AUDIT_H
#define EVTPM_SERVE_AUDIT_H

#include "harness/fail.h"

struct audit_record {
    gint64 id;            /* 1 and up, in the order of the decisions */
    char time[32];        /* UTC, RFC 3339 with milliseconds */
    const char *session;  /* its id */
    const char *peer;     /* "ADDRESS:PORT" of whoever sent the evidence */
    const char *verdict;  /* "released", "refused", ...: docs/serve.md */
    const char *link;     /* the first link that failed, or NULL */
    const char *evidence; /* SHA-256 of the document in hex, or NULL */
    const char *secret;   /* the name of what was released, or NULL */
};

struct audit;

/* Makes the file if need be, mode 0600. Several processes may have it open. */
struct audit *audit_open(const char *path, GError **error);
void audit_close(struct audit *audit);

/*
 * Appends; fills in `id` and `time`. From any thread: records that come at once
 * share one commit. FALSE: it is not there, and what it says must not happen.
 */
gboolean audit_append(struct audit *audit, struct audit_record *record,
                      GError **error);

/* Calls for each record in order; strings are valid during the call. */
typedef void (*audit_fn)(const struct audit_record *record, void *user);
gboolean audit_list(const char *path, audit_fn each, void *user,
                    GError **error);

#endif
