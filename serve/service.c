/* SPDX-License-Identifier: MIT */
/* Challenges. serve/judge.c has what comes after. */
#include "serve/service.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "harness/json_depth.h"
#include "lib/credential.h"
#include "lib/tpm_structs.h"
#include "serve/service_priv.h"

#define CREDENTIAL_SECRET_SIZE 32

struct service *service_new(const struct service_config *config)
{
    struct service *s = g_new0(struct service, 1);
    s->config = *config;
    s->sessions = sessions_new(config->sessions_most, config->lifetime);
    s->free_workers = MAX(config->workers, 1);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->worker_free, NULL);
    return s;
}

void service_free(struct service *s)
{
    if (!s) {
        return;
    }
    sessions_free(s->sessions);
    pthread_cond_destroy(&s->worker_free);
    pthread_mutex_destroy(&s->lock);
    g_free(s);
}

void reply_clear(struct reply *reply)
{
    g_clear_pointer(&reply->json, g_free);
    reply->status = 0;
}

void reply_object(struct reply *reply, unsigned status, JsonObject *object)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    json_node_take_object(root, object);
    reply_clear(reply);
    reply->status = status;
    reply->json = json_to_string(root, FALSE);
}

JsonObject *reply_begin(void)
{
    JsonObject *object = json_object_new();
    json_object_set_int_member(object, "version", 1);
    return object;
}

void reply_error(struct reply *reply, unsigned status, const char *fmt, ...)
{
    JsonObject *object = reply_begin();
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    json_object_set_string_member(object, "error", text);
    reply_object(reply, status, object);
}

void reply_set_base64(JsonObject *object, const char *name,
                      const struct evtpm_blob *blob)
{
    g_autofree char *text = g_base64_encode(blob->data, blob->size);
    json_object_set_string_member(object, name, text);
}

/* {"ek_public", "ak_public", "ak_name"} */
static gboolean read_keys(const char *body, gsize size,
                          struct evtpm_evidence *keys, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    const char *refused = json_depth_refuse(body, (gssize)size);
    if (size == 0 || refused) {
        return fail(error, HARNESS_ERROR_FAILED, "%s",
                    refused ? refused : "no keys were sent");
    }
    JsonNode *root =
        json_parser_load_from_data(parser, body, (gssize)size, NULL)
            ? json_parser_get_root(parser)
            : NULL;
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return fail(error, HARNESS_ERROR_FAILED, "not a JSON object");
    }
    JsonObject *o = json_node_get_object(root);
    return json_get_base64(o, "ek_public", 0x1000, &keys->ek_public, error) &&
           json_get_base64(o, "ak_public", 0x1000, &keys->ak_public, error) &&
           json_get_base64(o, "ak_name", 0x100, &keys->ak_name, error);
}

/* What would fail later fails now, with the reason. */
static gboolean check_keys(const struct evtpm_evidence *keys, GError **error)
{
    uint8_t bytes[TPM_NAME_MAX];
    struct evtpm_error err = { "" };
    TPMT_PUBLIC ak;
    if (tpm_parse_tpm2b_public(&keys->ak_public, &ak, &err) < 0) {
        return fail(error, HARNESS_ERROR_FAILED, "ak_public: %s", err.text);
    }
    struct evtpm_blob name = { bytes, tpm_public_name(&ak, bytes) };
    return (name.size && evtpm_blob_equal(&name, &keys->ak_name)) ||
           fail(error, HARNESS_ERROR_FAILED,
                "ak_name is not that of ak_public");
}

static gboolean random_blob(struct evtpm_blob *blob, gsize size)
{
    guint8 bytes[EVTPM_NONCE_SIZE];
    gboolean ok = gnutls_rnd(GNUTLS_RND_KEY, bytes, size) == 0 &&
                  evtpm_blob_set(blob, bytes, size);
    gnutls_memset(bytes, 0, sizeof(bytes));
    return ok;
}

static gboolean open_session(struct session *session,
                             const struct evtpm_evidence *keys,
                             struct evtpm_blob *credential, GError **error)
{
    struct evtpm_credential *c = &session->credential;
    struct evtpm_error err = { "" };
    guint8 id[(SESSION_ID_SIZE - 1) / 2];
    if (gnutls_rnd(GNUTLS_RND_NONCE, id, sizeof(id)) < 0 ||
        !random_blob(&session->nonce, EVTPM_NONCE_SIZE) ||
        !random_blob(&c->secret, CREDENTIAL_SECRET_SIZE) ||
        !evtpm_blob_set(&c->ek_public, keys->ek_public.data,
                        keys->ek_public.size) ||
        !evtpm_blob_set(&c->ak_name, keys->ak_name.data, keys->ak_name.size)) {
        return fail(error, HARNESS_ERROR_BUSY, "no memory or random numbers");
    }
    session->issued = time(NULL);
    evtpm_hex(session->id, sizeof(session->id), id, sizeof(id));
    return evtpm_make_credential(&c->ek_public, &c->ak_name, &c->secret,
                                 credential, &err) == 0 ||
           fail(error, HARNESS_ERROR_FAILED, "ek_public: %s", err.text);
}

static void tell_challenge(const struct service *s,
                           const struct session *session,
                           const struct evtpm_blob *credential,
                           struct reply *reply)
{
    JsonObject *o = reply_begin();
    json_object_set_string_member(o, "session", session->id);
    reply_set_base64(o, "nonce", &session->nonce);
    reply_set_base64(o, "credential", credential);
    json_object_set_int_member(o, "lifetime",
                               s->config.lifetime / G_USEC_PER_SEC);
    reply_object(reply, 200, o);
}

static void challenge(struct service *s, struct session *session,
                      const struct evtpm_evidence *keys, struct reply *reply)
{
    struct evtpm_blob credential = { 0 };
    g_autoptr(GError) error = NULL;
    if (!open_session(session, keys, &credential, &error)) {
        gboolean ours =
            g_error_matches(error, HARNESS_ERROR, HARNESS_ERROR_BUSY);
        reply_error(reply, ours ? 500 : 400, "%s", error->message);
    } else {
        tell_challenge(s, session, &credential, reply);
        if (!sessions_add(s->sessions, session, g_get_monotonic_time())) {
            reply_error(reply, 503, "too many sessions are open");
        }
    }
    evtpm_blob_clear(&credential);
}

void service_challenge(struct service *s, const char *body, gsize size,
                       const char *secret, struct reply *reply)
{
    struct evtpm_evidence keys = { 0 };
    struct session session = { 0 };
    g_autoptr(GError) error = NULL;
    if (secret && !secrets_name_ok(secret)) {
        reply_error(reply, 400, "not the name of a secret");
        return;
    }
    if (!read_keys(body, size, &keys, &error) || !check_keys(&keys, &error)) {
        reply_error(reply, 400, "%s", error->message);
    } else {
        session.secret = g_strdup(secret);
        challenge(s, &session, &keys, reply);
    }
    session_clear(&session);
    evtpm_evidence_clear(&keys);
}

void service_health(struct service *s, struct reply *reply)
{
    JsonObject *o = reply_begin();
    json_object_set_string_member(o, "status", "ok");
    json_object_set_int_member(o, "sessions", sessions_count(s->sessions));
    reply_object(reply, 200, o);
}
