/* SPDX-License-Identifier: MIT */
/*
 * What the relying party answers, without the transport: a challenge, then a
 * judgement of the evidence that comes back, and a secret for those who pass.
 * docs/serve.md has the messages. All from any thread.
 */
#ifndef EVTPM_SERVE_SERVICE_H
#define EVTPM_SERVE_SERVICE_H

#include "serve/audit.h"
#include "serve/secrets.h"
#include "serve/sessions.h"

/* Longest request bodies, in bytes. */
#define SERVICE_KEYS_MAX 0x4000
#define SERVICE_EVIDENCE_MAX (8u << 20)

/* What the service stands on; all stay the caller's. */
struct service_config {
    const struct evtpm_policy *policy; /* but nonce and credential */
    const struct secrets *secrets;     /* or NULL */
    struct audit *audit;
    gint64 lifetime; /* of a nonce, microseconds */
    unsigned sessions_most;
    unsigned workers; /* verifications at once */
    /* Bit n: secrets can be opened only while PCR n has the value that the
     * evidence shows. 0: whatever the PCRs say. */
    uint32_t seal_pcrs;
};

struct service;
struct service *service_new(const struct service_config *config);
void service_free(struct service *service);

/* An answer: HTTP status and JSON on one line. */
struct reply {
    unsigned status;
    char *json; /* g_free */
};
void reply_clear(struct reply *reply);

/* {"version":1,"error":TEXT} */
void reply_error(struct reply *reply, unsigned status, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

/*
 * `body`: the JSON that "evtpm-agent ak" prints. `secret`: the name of the
 * secret that is wanted, or NULL.
 */
void service_challenge(struct service *service, const char *body, gsize size,
                       const char *secret, struct reply *reply);

/* TRUE when evidence for that session may come; else the answer that says why
 * not, with a record where it is about a session that there was. */
gboolean service_session_ready(struct service *service, const char *session,
                               const char *peer, struct reply *reply);

/* `body`: the JSON that "evtpm-agent collect" prints. The session is used,
 * whatever comes of it. */
void service_evidence(struct service *service, const char *session,
                      const char *peer, const char *body, gsize size,
                      struct reply *reply);

void service_health(struct service *service, struct reply *reply);

#endif
