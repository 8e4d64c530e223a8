/* SPDX-License-Identifier: MIT */
/* QEMU's monitor protocol. */
#ifndef EVTPM_HARNESS_QMP_H
#define EVTPM_HARNESS_QMP_H

#include "harness/jsonstream.h"

struct qmp {
    struct json_stream stream;
    GQueue events; /* JsonObject, oldest first */
};

/* Connects, waits for the greeting, negotiates. qmp_adopt() does the same with
 * a socket, which it takes. */
gboolean qmp_open(struct qmp *qmp, const char *path, int gone,
                  deadline_t deadline, GError **error);
gboolean qmp_adopt(struct qmp *qmp, int fd, int gone, deadline_t deadline,
                   GError **error);
void qmp_close(struct qmp *qmp);

/*
 * Runs a command; takes `arguments` (may be NULL). The value of "return" is the
 * caller's, who may drop it by qmp_run(). QEMU's own error text is passed on.
 */
JsonNode *qmp_call(struct qmp *qmp, const char *command, JsonObject *arguments,
                   deadline_t deadline, GError **error);
gboolean qmp_run(struct qmp *qmp, const char *command, JsonObject *arguments,
                 deadline_t deadline, GError **error);

/* What follows a human monitor command, for tests and debugging. */
char *qmp_hmp(struct qmp *qmp, const char *line, deadline_t deadline,
              GError **error);

/* Takes the oldest event of that name that came so far or comes before the
 * deadline. */
JsonObject *qmp_event(struct qmp *qmp, const char *name, deadline_t deadline,
                      GError **error);

/*
 * The "reason" of a SHUTDOWN event, if one came: "guest-reset",
 * "guest-shutdown", "host-qmp-quit"
 * ...; static storage, NULL if none. Reads what is left in the socket of a QEMU
 * that ended.
 */
const char *qmp_shutdown_reason(struct qmp *qmp);

#endif
