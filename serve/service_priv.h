/* SPDX-License-Identifier: MIT */
/* Shared by the files of struct service. */
#ifndef EVTPM_SERVE_SERVICE_PRIV_H
#define EVTPM_SERVE_SERVICE_PRIV_H

#include <json-glib/json-glib.h>
#include <pthread.h>

#include "serve/service.h"

struct service {
    struct service_config config;
    struct sessions *sessions;
    pthread_mutex_t lock;
    pthread_cond_t worker_free;
    unsigned free_workers; /* under `lock` */
};

/* {"version":1, to be continued. */
JsonObject *reply_begin(void);
/* Takes the object over. */
void reply_object(struct reply *reply, unsigned status, JsonObject *object);
void reply_set_base64(JsonObject *object, const char *name,
                      const struct evtpm_blob *blob);

#endif
