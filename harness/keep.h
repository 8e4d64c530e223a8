/* SPDX-License-Identifier: MIT */
/* Logs that a test program made, kept when it failed or asked for it. */
#ifndef EVTPM_HARNESS_KEEP_H
#define EVTPM_HARNESS_KEEP_H

#include "harness/outcome.h"

/*
 * Copies into the directory `kept`, made when needed, the end of each file that
 * a mark of the outcome names, and, if it failed, of all logs below `tmp`. The
 * outcome learns of the copies, and of the last console lines.
 */
void keep_logs(struct outcome *outcome, const char *tmp, const char *kept);

#endif
