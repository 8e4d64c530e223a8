/* SPDX-License-Identifier: MIT */
/*
 * Lines in a test's TAP comments that machines read, for the report:
 *
 *   # evtpm-step: TEXT                   what is being done from here on
 *   # evtpm-timeline: vm=NAME STAGE=SECONDS...   of one boot, since power-on
 *   # evtpm-pcrs: bank=BANK INDEX=HEX... PCRs of one moment
 *   # evtpm-link: NAME STATUS TEXT       a link of the attestation chain;
 *                                        STATUS is ok, skipped or failed
 *   # evtpm-log: PATH                    a file to keep beside the report
 *
 * A line that says "evtpm-" and is none of these is output like any other.
 */
#ifndef EVTPM_HARNESS_MARKS_H
#define EVTPM_HARNESS_MARKS_H

#include <json-glib/json-glib.h>

struct marks {
    char *step;              /* the last one, or NULL */
    JsonArray *boots;        /* {"vm", "stages": [{"name",
                                "milliseconds"}]} */
    JsonArray *pcrs;         /* {"bank", "values": {INDEX: HEX}} */
    JsonArray *attestations; /* {"links": [{"name", "status", "text"}]} */
    GPtrArray *logs;         /* paths */
};

void marks_init(struct marks *marks);
void marks_clear(struct marks *marks);

/* Takes a line of output; FALSE when it is no well-formed mark. */
gboolean marks_line(struct marks *marks, const char *line);

/* The marks themselves, without "# " and newline; free with g_free. */
char *marks_timeline(const char *vm, const char *const *stages,
                     const double *seconds, gsize count);
char *marks_link(const char *name, const char *status, const char *text);
/* `pcrs` as guest_tpm_pcrs() gives them: "INDEX:HEX INDEX:HEX ..."; NULL if
 * there are none. */
char *marks_pcrs(const char *bank, const char *pcrs);

#endif
