/* SPDX-License-Identifier: MIT */
/* The files that a test run leaves on request. */
#ifndef EVTPM_HARNESS_REPORTS_H
#define EVTPM_HARNESS_REPORTS_H

#include "harness/fail.h"
#include "harness/results.h"

struct reports {
    char *junit; /* file, or NULL */
    char *dir;   /* for results.json, index.html and logs/, or NULL */
    char *logs;  /* where the programs' output goes; never NULL once prepared */
};

/*
 * Before anything runs: what cannot be written is an error now. `build` is
 * where logs go without a directory for the report.
 */
gboolean reports_prepare(struct reports *reports, const char *build,
                         GError **error);

/* Takes `about->environment`. Writes each file whole or not at all. */
gboolean reports_write(const struct reports *reports,
                       const struct results_about *about,
                       const GPtrArray *outcomes, GError **error);

/* Is any asked for? */
gboolean reports_wanted(const struct reports *reports);

void reports_clear(struct reports *reports);

#endif
