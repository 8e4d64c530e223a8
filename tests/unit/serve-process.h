/* SPDX-License-Identifier: MIT */
/* The program "evtpm serve" as a process of a test. */
#ifndef EVTPM_TESTS_SERVE_PROCESS_H
#define EVTPM_TESTS_SERVE_PROCESS_H

#include <gio/gio.h>

struct serve_process {
    GSubprocess *process;
    GDataInputStream *out;
    guint16 port;
    char *second_line; /* about the certificate; NULL when there was none */
};

/* NULL when the program was not built: the test is then marked as skipped. */
const char *serve_process_program(void);

/* Starts it with "--listen 127.0.0.1:0" and these arguments (ended by NULL),
 * and waits until it serves. The test fails if it does not. */
void serve_process_start(struct serve_process *p, const char *const *arguments);

/* SIGTERM: it must end with status 0. */
void serve_process_stop(struct serve_process *p);
/* SIGKILL */
void serve_process_kill(struct serve_process *p);

#endif
