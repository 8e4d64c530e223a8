/* SPDX-License-Identifier: MIT */
/* The server's connections, and its requests. */
#ifndef EVTPM_SERVE_HTTPS_PRIV_H
#define EVTPM_SERVE_HTTPS_PRIV_H

#include <gio/gio.h>
#include <microhttpd.h>
#include <pthread.h>

#include "serve/https.h"

typedef struct MHD_Connection MHD_Connection;
struct client;

struct https {
    struct https_config config;
    GSocket *socket;
    char *address;
    struct MHD_Daemon *daemon;
    pthread_t watcher;
    gboolean watching;
    pthread_mutex_t lock; /* all below */
    pthread_cond_t wake, gone;
    gboolean draining, stopping;
    struct client *clients;
    unsigned client_count;
    gsize bodies; /* bytes that are held now */
};

/* "ADDRESS:PORT", an IPv6 address in brackets; g_free */
char *https_address_text(GSocketAddress *address);

/* A request began, or was answered: the next one's time starts. */
void https_client_busy(struct https *https, MHD_Connection *connection,
                       gboolean busy);

/* libmicrohttpd's callbacks for a request and its end */
enum MHD_Result https_request(void *user, MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *size, void **context);
void https_request_end(void *user, MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode why);

#endif
