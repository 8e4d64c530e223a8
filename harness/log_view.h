/* SPDX-License-Identifier: MIT */
/*
 * The logs of evidence in readable form: for each PCR the events that explain
 * it, and what IMA measured. Judges nothing.
 */
#ifndef EVTPM_HARNESS_LOG_VIEW_H
#define EVTPM_HARNESS_LOG_VIEW_H

#include "harness/fail.h"

struct log_view;

/*
 * Reads evidence (JSON), a firmware log in the crypto-agile format, or a list
 * of IMA's (both binary). NULL when the file is none of these or malformed.
 */
struct log_view *log_view_load(const char *path, GError **error);
void log_view_free(struct log_view *view);

/* For people: one line an event. All of it is printable ASCII. */
char *log_view_text(const struct log_view *view);
/* For machines; docs/attestation.md has the members. */
char *log_view_json(const struct log_view *view);

#endif
