/* SPDX-License-Identifier: MIT */
/* One JSON object a line over a Unix socket: what QMP and the guest agent have
 * in common. */
#ifndef EVTPM_HARNESS_JSONSTREAM_H
#define EVTPM_HARNESS_JSONSTREAM_H

#include <json-glib/json-glib.h>

#include "harness/wait.h"

struct json_stream {
    int fd;          /* owned */
    int gone;        /* pidfd of the VM, borrowed; -1: none */
    const char *who; /* "QMP", "guest agent": for messages; static */
    GByteArray *in;
};

/* Longest line accepted: an answer with a few MiB of output in base64. */
#define JSON_STREAM_LINE_MAX (64u << 20)

/* A non-blocking connection to a listening socket; -1 with an error. */
int json_stream_connect(const char *path, const char *who, GError **error);
/* Takes a connected, non-blocking socket. */
void json_stream_adopt(struct json_stream *s, int fd, int gone,
                       const char *who);
void json_stream_close(struct json_stream *s);

/* Bytes as they are; FALSE on error. */
gboolean json_stream_send_raw(struct json_stream *s, const char *data,
                              gsize size, deadline_t deadline, GError **error);
/* {"execute": command, "arguments": arguments}; takes `arguments` (may be
 * NULL). */
gboolean json_stream_execute(struct json_stream *s, const char *command,
                             JsonObject *arguments, deadline_t deadline,
                             GError **error);

/*
 * The next object. What stands before the last 0xff of a line is dropped (the
 * guest agent's flush marker). NULL on error; a line that is not a JSON object
 * is an error.
 */
JsonObject *json_stream_receive(struct json_stream *s, deadline_t deadline,
                                GError **error);

/* Parses one line; exposed for tests. NULL on error. */
JsonObject *json_stream_parse(const char *line, gsize size, const char *who,
                              GError **error);

#endif
