/* SPDX-License-Identifier: MIT */
/*
 * The guest agent of test images: commands run in the guest without a network.
 * It is a door into the guest that the host holds the key to, so production
 * guests must not have it.
 */
#ifndef EVTPM_HARNESS_GA_H
#define EVTPM_HARNESS_GA_H

#include "harness/jsonstream.h"

struct ga {
    struct json_stream stream;
};

/* Connects and waits until the agent answers. ga_adopt() does the same with a
 * socket, which it takes. */
gboolean ga_open(struct ga *ga, const char *path, int gone, deadline_t deadline,
                 GError **error);
gboolean ga_adopt(struct ga *ga, int fd, int gone, deadline_t deadline,
                  GError **error);
void ga_close(struct ga *ga);

/* Runs an agent command; takes `arguments`. NULL on error, the agent's own text
 * passed on. */
JsonNode *ga_call(struct ga *ga, const char *command, JsonObject *arguments,
                  deadline_t deadline, GError **error);

struct ga_result {
    int status;  /* exit status, 128 + signal when killed */
    GBytes *out; /* standard output */
    GBytes *err; /* standard error */
};
void ga_result_clear(struct ga_result *result);

/* Runs `command` by the guest's /bin/sh. TRUE if it ran to its end, whatever
 * its status. */
gboolean ga_exec(struct ga *ga, const char *command, GBytes *input,
                 deadline_t deadline, struct ga_result *result, GError **error);

/* The same for commands that must succeed: their output without trailing
 * newlines, or NULL. */
char *ga_shell(struct ga *ga, deadline_t deadline, GError **error,
               const char *fmt, ...) G_GNUC_PRINTF(4, 5);

#endif
