/* SPDX-License-Identifier: MIT */
/*
 * The requests for evidence that are under way: each has a nonce and a
 * credential, answers once, and only for a time. In memory: after a restart no
 * earlier nonce is good. All functions may be called from any thread.
 *
 * `now` is a point of the monotonic clock in microseconds.
 */
#ifndef EVTPM_SERVE_SESSIONS_H
#define EVTPM_SERVE_SESSIONS_H

#include <glib.h>

#include "lib/verify.h"

#define SESSION_ID_SIZE 33 /* 32 hex digits and a zero */

struct session {
    char id[SESSION_ID_SIZE];
    struct evtpm_blob nonce;
    struct evtpm_credential credential;
    char *secret;  /* the name of the secret that is asked for, or NULL */
    time_t issued; /* when the nonce was made, by the clock */
};
void session_clear(struct session *session);

enum session_state {
    SESSION_OPEN,
    SESSION_UNKNOWN,
    SESSION_USED,
    SESSION_EXPIRED,
};

struct sessions;

/* Holds `most` at once, used ones included; each lives for `lifetime`
 * microseconds. */
struct sessions *sessions_new(unsigned most, gint64 lifetime);
void sessions_free(struct sessions *sessions);

/* Takes over what is in `session`, and empties it. FALSE when the table is full
 * of sessions that live, or the id is there already; it then stays the
 * caller's. */
gboolean sessions_add(struct sessions *sessions, struct session *session,
                      gint64 now);

/* The state that sessions_take() would tell, if nobody comes first. */
enum session_state sessions_peek(struct sessions *sessions, const char *id,
                                 gint64 now);

/*
 * One caller gets SESSION_OPEN and the session's contents, which are then its
 * own; all others SESSION_USED. An expired session is told as such for one more
 * lifetime, if there is room; later it is unknown.
 */
enum session_state sessions_take(struct sessions *sessions, const char *id,
                                 gint64 now, struct session *out);

unsigned sessions_count(struct sessions *sessions);

#endif
