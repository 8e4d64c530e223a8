/* SPDX-License-Identifier: MIT */
/* A TLS client on the loopback, so that tests of the service need no tool. */
#ifndef EVTPM_TESTS_HTTPS_CLIENT_H
#define EVTPM_TESTS_HTTPS_CLIENT_H

#include <glib.h>
#include <gnutls/gnutls.h>

struct https_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
};

/* Connects to 127.0.0.1 and shakes hands; each read waits 60 seconds at most.
 * FALSE when the server will not. */
gboolean https_client_open(struct https_client *client, guint16 port);
void https_client_close(struct https_client *client);

/* SHA-256 of the server's certificate in hex; g_free */
char *https_client_fingerprint(struct https_client *client);

/* FALSE when the connection is gone. */
gboolean https_client_send(struct https_client *client, const void *data,
                           gsize size);
/* To the end of the connection; empty when there is nothing. */
GString *https_client_read(struct https_client *client);

struct https_answer {
    unsigned status; /* 0: there was none */
    char *body;      /* without its last newline */
    char *head;
};
void https_answer_clear(struct https_answer *answer);

/* One request on a connection of its own; `body` NULL: none. */
void https_client_call(guint16 port, const char *method, const char *path,
                       const void *body, gsize size,
                       struct https_answer *answer);

/* The member of a JSON answer, decoded by text: no parser of the product's. */
char *https_answer_string(const struct https_answer *answer, const char *name);

#endif
