/* SPDX-License-Identifier: MIT */
/* A service with its HTTPS server in the test's own process. */
#ifndef EVTPM_TESTS_SERVE_FIXTURE_H
#define EVTPM_TESTS_SERVE_FIXTURE_H

#include "serve/https.h"
#include "tests/unit/guest-sample.h"
#include "tests/unit/https-client.h"

/* The secret named "disk" */
#define FIXTURE_SECRET "a secret of forty bytes, byte for byte\r\n"

struct fixture {
    struct guest_sample guest;
    struct service_config service_config;
    struct https_config https_config;
    char *dir, *db;
    struct secrets *secrets;
    struct service *service;
    struct https *https;
    char *fingerprint;
    guint16 port;
};

/* What a test may change before fixture_start(). */
void fixture_init(struct fixture *f);
void fixture_start(struct fixture *f);
/* Ends it; db is kept until fixture_clear(). */
void fixture_stop(struct fixture *f);
void fixture_clear(struct fixture *f);

/* POST /v1/challenge; the test fails unless it is answered 200. */
struct fixture_challenge {
    char *session, *nonce, *credential;
};
void fixture_challenge(struct fixture *f, const char *secret,
                       struct fixture_challenge *out);
void fixture_challenge_clear(struct fixture_challenge *challenge);

/* POST /v1/evidence/SESSION */
void fixture_post(struct fixture *f, const char *session, const char *evidence,
                  struct https_answer *answer);

/* The audit log, a line each: "verdict link secret". */
char *fixture_audit(struct fixture *f);

#endif
