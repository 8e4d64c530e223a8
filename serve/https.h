/* SPDX-License-Identifier: MIT */
/*
 * HTTPS for a service: routes, limits and time. What it holds at most: so many
 * connections, so many bytes of request bodies, each for so long.
 */
#ifndef EVTPM_SERVE_HTTPS_H
#define EVTPM_SERVE_HTTPS_H

#include "harness/fail.h"
#include "serve/service.h"

struct https_config {
    const char *listen;      /* "ADDRESS:PORT", port 0: any that is free */
    const char *cert, *key;  /* PEM, in memory */
    unsigned clients_most;   /* more get 503 */
    unsigned seconds;        /* for a request, from connecting to answer */
    gsize bodies_most;       /* bytes of all bodies together */
    struct service *service; /* stays the caller's */
};

struct https;
struct https *https_start(const struct https_config *config, GError **error);
/* Takes no more connections; requests that are here get their answers. */
void https_stop(struct https *https);

/* "127.0.0.1:43221" */
const char *https_address(const struct https *https);

#endif
