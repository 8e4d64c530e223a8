/* SPDX-License-Identifier: MIT */
/* Evidence: judged, recorded, answered, in this order. */
#include <gnutls/crypto.h>

#include "harness/evidence_json.h"
#include "serve/release.h"
#include "serve/service_priv.h"

/* One decision on its way */
struct judgement {
    struct session session;
    struct evtpm_evidence evidence;
    struct evtpm_result result;
    struct audit_record record;
    char digest[65];
    GError *error; /* why the document cannot be read */
    JsonObject *released;
    unsigned status;
};

static void judgement_clear(struct judgement *j)
{
    session_clear(&j->session);
    evtpm_evidence_clear(&j->evidence);
    g_clear_error(&j->error);
    g_clear_pointer(&j->released, json_object_unref);
}

/* No more at once than there are processors: others wait with their request
 * unparsed. */
static void worker_begin(struct service *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->free_workers == 0) {
        pthread_cond_wait(&s->worker_free, &s->lock);
    }
    s->free_workers--;
    pthread_mutex_unlock(&s->lock);
}

static void worker_end(struct service *s)
{
    pthread_mutex_lock(&s->lock);
    s->free_workers++;
    pthread_cond_signal(&s->worker_free);
    pthread_mutex_unlock(&s->lock);
}

/* FALSE: `reply` says that the decision does not count. */
static gboolean record(struct service *s, struct audit_record *r,
                       struct reply *reply)
{
    g_autoptr(GError) error = NULL;
    if (audit_append(s->config.audit, r, &error)) {
        return TRUE;
    }
    g_printerr("evtpm: %s\n", error->message);
    reply_error(reply, 500, "the decision could not be recorded");
    return FALSE;
}

/* About a session that can take no evidence */
static void refuse_session(struct service *s, enum session_state state,
                           const char *session, const char *peer,
                           const char *digest, struct reply *reply)
{
    gboolean used = state == SESSION_USED;
    struct audit_record r = { .session = session,
                              .peer = peer,
                              .verdict = used ? "replayed" : "expired",
                              .evidence = digest };
    if (state == SESSION_UNKNOWN) {
        reply_error(reply, 404, "there is no such session");
    } else if (record(s, &r, reply)) {
        reply_error(reply, used ? 409 : 410, "the session %s",
                    used ? "has had its evidence" : "has expired");
    }
}

gboolean service_session_ready(struct service *s, const char *session,
                               const char *peer, struct reply *reply)
{
    enum session_state state =
        sessions_peek(s->sessions, session, g_get_monotonic_time());
    if (state == SESSION_OPEN) {
        return TRUE;
    }
    refuse_session(s, state, session, peer, NULL, reply);
    return FALSE;
}

static void verify(struct service *s, struct judgement *j, const char *body,
                   gsize size)
{
    struct evtpm_policy policy = *s->config.policy;
    policy.nonce = &j->session.nonce;
    policy.credential = &j->session.credential;
    policy.recorded = false;
    policy.nonce_issued = j->session.issued;
    if (s->config.seal_pcrs) {
        /* What is sealed to must be proven. */
        policy.required_pcrs = (policy.required_pcrs ? policy.required_pcrs
                                                     : EVTPM_REQUIRED_PCRS) |
                               s->config.seal_pcrs;
    }
    worker_begin(s);
    if (evidence_from_json(body, (gssize)size, &j->evidence, &j->error)) {
        evtpm_verify(&j->evidence, &policy, &j->result);
    }
    worker_end(s);
}

static JsonObject *release(struct service *s, struct judgement *j)
{
    const char *name = j->session.secret;
    const struct evtpm_blob *secret = secrets_get(s->config.secrets, name);
    return s->config.seal_pcrs
               ? release_by_seal(name, secret, &j->evidence,
                                 s->config.seal_pcrs)
               : release_by_credential(name, secret, &j->session.credential);
}

static void decide(struct service *s, struct judgement *j)
{
    const char *name = j->session.secret;
    j->status = 403;
    if (j->error) {
        j->record.verdict = "malformed";
        j->record.link = evtpm_link_name(EVTPM_LINK_EVIDENCE);
        j->status = 400;
    } else if (j->result.failed != EVTPM_LINK_COUNT) {
        j->record.verdict = "refused";
        j->record.link = evtpm_link_name(j->result.failed);
    } else if (!name) {
        j->record.verdict = "accepted";
        j->status = 200;
    } else if (!secrets_get(s->config.secrets, name)) {
        j->record.verdict = "unknown-secret";
        j->status = 404;
    } else {
        j->released = release(s, j);
        j->record.verdict = j->released ? "released" : "failed";
        j->record.secret = j->released ? name : NULL;
        j->status = j->released ? 200 : 500;
    }
}

static JsonArray *links_json(const struct evtpm_result *result)
{
    static const char *const status[] = { "skipped", "passed", "failed" };
    JsonArray *links = json_array_new();
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        JsonObject *o = json_object_new();
        json_object_set_string_member(o, "link", evtpm_link_name(i));
        json_object_set_string_member(o, "status",
                                      status[result->link[i].status]);
        json_object_set_string_member(o, "detail", result->link[i].detail);
        json_array_add_object_element(links, o);
    }
    return links;
}

static void answer(struct judgement *j, struct reply *reply)
{
    JsonObject *o = reply_begin();
    json_object_set_string_member(o, "verdict", j->record.verdict);
    json_object_set_int_member(o, "record", j->record.id);
    if (j->record.link) {
        json_object_set_string_member(o, "failed", j->record.link);
    }
    if (j->error) {
        json_object_set_string_member(o, "error", j->error->message);
    } else {
        json_object_set_array_member(o, "links", links_json(&j->result));
    }
    if (j->released) {
        json_object_set_object_member(o, "secret",
                                      g_steal_pointer(&j->released));
    }
    reply_object(reply, j->status, o);
}

static void judge(struct service *s, struct judgement *j, const char *body,
                  gsize size, struct reply *reply)
{
    verify(s, j, body, size);
    decide(s, j);
    if (record(s, &j->record, reply)) {
        answer(j, reply);
    }
}

void service_evidence(struct service *s, const char *session, const char *peer,
                      const char *body, gsize size, struct reply *reply)
{
    struct judgement j = { 0 };
    guint8 digest[32];
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, body ? body : "", size, digest)) {
        reply_error(reply, 500, "no digest");
        return;
    }
    evtpm_hex(j.digest, sizeof(j.digest), digest, sizeof(digest));
    enum session_state state =
        sessions_take(s->sessions, session, g_get_monotonic_time(), &j.session);
    if (state == SESSION_OPEN) {
        j.record = (struct audit_record){ .session = session,
                                          .peer = peer,
                                          .evidence = j.digest };
        judge(s, &j, body, size, reply);
    } else {
        refuse_session(s, state, session, peer, j.digest, reply);
    }
    judgement_clear(&j);
}
