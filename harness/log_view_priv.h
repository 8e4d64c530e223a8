/* SPDX-License-Identifier: MIT */
/* Between the files that show logs only. */
#ifndef EVTPM_HARNESS_LOG_VIEW_PRIV_H
#define EVTPM_HARNESS_LOG_VIEW_PRIV_H

#include "harness/log_view.h"
#include "lib/event_rules.h"
#include "lib/ima.h"

struct log_view {
    struct evtpm_evidence evidence; /* of a log alone: that log and no more */
    struct evtpm_eventlog log;
    struct evtpm_pcrs pcrs; /* that the firmware's log leads to */
    char *fault;            /* why it does not replay, or NULL */
    /* IMA's entries that lead to the evidence's PCR 10, and whether they do */
    guint32 ima_count;
    gboolean ima_explains;
    guint8 pcr10[32]; /* after ima_count entries, or all */
};

/* The PCR as the logs lead to it. */
const guint8 *log_view_pcr(const struct log_view *view, unsigned pcr);
/* "as in the evidence", "not what the evidence has", "" when it has none */
const char *log_view_agreement(const struct log_view *view, unsigned pcr);
/* Something in a log is about this PCR. */
gboolean log_view_has_pcr(const struct log_view *view, unsigned pcr);

#endif
