/* SPDX-License-Identifier: MIT */
/* Messages on descriptor 2: the SVSM's console, outside the confidential VM.
 * Nothing from a command or a response may go there. */
#ifndef EVTPM_VTPM_LOG_H
#define EVTPM_VTPM_LOG_H

/* One line: "evtpm-vtpm: @message". */
void vtpm_log(const char *message);

/* The same, then the process ends with status 1. */
void vtpm_die(const char *message) __attribute__((noreturn));

#endif
