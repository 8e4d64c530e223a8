/* SPDX-License-Identifier: MIT */
#include "tests/unit/serve-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "harness/tree.h"
#include "serve/tls.h"

static void write_secret(struct fixture *f, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(f->dir, "secrets", name, NULL);
    g_autoptr(GError) error = NULL;

    tree_write(path, text, -1, &error);
    g_assert_no_error(error);
}

void fixture_init(struct fixture *f)
{
    g_autoptr(GError) error = NULL;

    memset(f, 0, sizeof(*f));
    guest_sample_init(&f->guest, 0, 0);
    f->dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    f->db = g_build_filename(f->dir, "audit.db", NULL);
    g_autofree char *secrets = g_build_filename(f->dir, "secrets", NULL);
    g_assert_cmpint(g_mkdir(secrets, 0700), ==, 0);
    write_secret(f, "disk", FIXTURE_SECRET);
    write_secret(f, "other.key-2", "another");
    f->secrets = secrets_load(secrets, &error);
    g_assert_no_error(error);
    f->service_config = (struct service_config){
        .policy = &f->guest.sample.policy,
        .secrets = f->secrets,
        .lifetime = 60 * G_USEC_PER_SEC,
        .sessions_most = 1000,
        .workers = 2,
    };
    f->https_config = (struct https_config){
        .listen = "127.0.0.1:0",
        .clients_most = 256,
        .seconds = 30,
        .bodies_most = 64u << 20,
    };
}

void fixture_start(struct fixture *f)
{
    struct tls_identity identity;
    g_autoptr(GError) error = NULL;
    g_autofree char *pin = NULL;

    f->service_config.audit = audit_open(f->db, &error);
    g_assert_no_error(error);
    f->service = service_new(&f->service_config);
    g_assert_true(tls_identity_make(&identity, &f->fingerprint, &pin, &error));
    f->https_config.cert = identity.cert;
    f->https_config.key = identity.key;
    f->https_config.service = f->service;
    f->https = https_start(&f->https_config, &error);
    g_assert_no_error(error);
    tls_identity_clear(&identity);
    f->port = (guint16)g_ascii_strtoull(
        strchr(https_address(f->https), ':') + 1, NULL, 10);
}

void fixture_stop(struct fixture *f)
{
    g_clear_pointer(&f->https, https_stop);
    g_clear_pointer(&f->service, service_free);
    g_clear_pointer(&f->service_config.audit, audit_close);
    g_clear_pointer(&f->fingerprint, g_free);
}

void fixture_clear(struct fixture *f)
{
    fixture_stop(f);
    secrets_free(f->secrets);
    tree_remove(f->dir);
    g_free(f->dir);
    g_free(f->db);
    guest_sample_clear(&f->guest);
}

void fixture_challenge(struct fixture *f, const char *secret,
                       struct fixture_challenge *out)
{
    g_autofree char *keys = guest_sample_keys(&f->guest);
    g_autofree char *path =
        g_strconcat("/v1/challenge", secret ? "?secret=" : "", secret, NULL);
    struct https_answer answer;

    https_client_call(f->port, "POST", path, keys, strlen(keys), &answer);
    if (answer.status != 200) {
        g_error("challenge: %u %s", answer.status, answer.body);
    }
    out->session = https_answer_string(&answer, "session");
    out->nonce = https_answer_string(&answer, "nonce");
    out->credential = https_answer_string(&answer, "credential");
    g_assert_nonnull(out->session);
    g_assert_nonnull(out->nonce);
    g_assert_nonnull(out->credential);
    https_answer_clear(&answer);
}

void fixture_challenge_clear(struct fixture_challenge *c)
{
    g_free(c->session);
    g_free(c->nonce);
    g_free(c->credential);
    memset(c, 0, sizeof(*c));
}

void fixture_post(struct fixture *f, const char *session, const char *evidence,
                  struct https_answer *answer)
{
    g_autofree char *path = g_strconcat("/v1/evidence/", session, NULL);

    https_client_call(f->port, "POST", path, evidence, strlen(evidence),
                      answer);
}

static void line(const struct audit_record *r, void *user)
{
    g_string_append_printf(user, "%s %s %s\n", r->verdict,
                           r->link ? r->link : "-",
                           r->secret ? r->secret : "-");
}

char *fixture_audit(struct fixture *f)
{
    GString *all = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    audit_list(f->db, line, all, &error);
    g_assert_no_error(error);
    return g_string_free(all, FALSE);
}
