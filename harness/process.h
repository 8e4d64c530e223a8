/* SPDX-License-Identifier: MIT */
/* Child processes that cannot outlive the harness unless they are meant to. */
#ifndef EVTPM_HARNESS_PROCESS_H
#define EVTPM_HARNESS_PROCESS_H

#include <sys/types.h>

#include "harness/wait.h"

struct process {
    pid_t pid;       /* 0: not known, libvirt's */
    int pidfd;       /* readable once it ended */
    gboolean ours;   /* our child: its status can be collected */
    gboolean waited; /* `status` is valid */
    int status;      /* as from waitpid */
};
#define PROCESS_NONE                                                           \
    {                                                                          \
        .pid = 0, .pidfd = -1                                                  \
    }

struct process_options {
    gboolean detach;  /* survives us; else the kernel kills it when we die */
    int in, out, err; /* 0: /dev/null */
    const int *keep;  /* further descriptors it inherits, ended by -1 */
    const char *cwd;  /* or NULL */
    const char *const *environ; /* "NAME=value" to add, or NULL */
};

/* Starts argv[0] (looked up in PATH) in a session of its own. */
gboolean process_spawn(const char *const *argv,
                       const struct process_options *options,
                       struct process *process, GError **error);

/* Attaches to a process that is not our child; FALSE if there is none. */
gboolean process_attach(pid_t pid, struct process *process);

gboolean process_alive(const struct process *process);

/* Waits for the end. */
gboolean process_wait(struct process *process, deadline_t deadline,
                      const char *what, GError **error);

/* Ends the process and its group: SIGTERM, after `grace_ms` SIGKILL. Waits,
 * whatever signals come. */
void process_end(struct process *process, unsigned grace_ms);

/* Forgets about it. */
void process_clear(struct process *process);

/* "status 3" or "signal 9 (Killed)"; free with g_free. */
char *process_status_text(int status);

typedef void (*process_line_fn)(const char *line, void *user);

/*
 * Runs to the end with `input` (or NULL) on descriptor 0; each line of its
 * output goes to `on_line` (NULL: dropped), standard error too when `merge`;
 * else the latter is collected in *err_text (may be NULL). TRUE if it ended in
 * time; *status tells how.
 */
gboolean process_run(const char *const *argv,
                     const struct process_options *options, GBytes *input,
                     gboolean merge, process_line_fn on_line, void *user,
                     char **err_text, int *status, deadline_t deadline,
                     GError **error);

#endif
