/* SPDX-License-Identifier: MIT */
/* One HTTP request: its route, its body within the limits, its answer. */
#include <netinet/in.h>
#include <string.h>

#include "serve/https_priv.h"

#define EVIDENCE_PATH "/v1/evidence/"

enum route { ROUTE_NONE, ROUTE_HEALTH, ROUTE_CHALLENGE, ROUTE_EVIDENCE };

struct request {
    enum route route;
    char *session, *secret, *peer;
    GByteArray *body;
    gsize most;          /* of the body */
    struct reply refuse; /* status 0: nothing is wrong so far */
};

static enum MHD_Result answer(MHD_Connection *connection, struct reply *reply)
{
    char *text = g_strconcat(reply->json, "\n", NULL);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result sent = MHD_NO;
    g_free(text);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "application/json");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                                "no-store");
        if (reply->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
            MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        }
        if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
            MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                    "GET, POST");
        }
        sent = MHD_queue_response(connection, reply->status, response);
        MHD_destroy_response(response);
    }
    reply_clear(reply);
    return sent;
}

static char *peer_of(MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    g_autoptr(GSocketAddress) address =
        info && info->client_addr
            ? g_socket_address_new_from_native(
                  info->client_addr, info->client_addr->sa_family == AF_INET6
                                         ? sizeof(struct sockaddr_in6)
                                         : sizeof(struct sockaddr_in))
            : NULL;
    return address ? https_address_text(address) : g_strdup("unknown");
}

static gboolean is_session_id(const char *text)
{
    return strlen(text) == SESSION_ID_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == SESSION_ID_SIZE - 1;
}

static void route(struct request *r, const char *url, const char *method)
{
    gboolean get = strcmp(method, MHD_HTTP_METHOD_GET) == 0;
    gboolean post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    if (strcmp(url, "/v1/health") == 0) {
        r->route = ROUTE_HEALTH;
    } else if (strcmp(url, "/v1/challenge") == 0) {
        r->route = ROUTE_CHALLENGE;
        r->most = SERVICE_KEYS_MAX;
    } else if (g_str_has_prefix(url, EVIDENCE_PATH)) {
        r->route = ROUTE_EVIDENCE;
        r->most = SERVICE_EVIDENCE_MAX;
        r->session = g_strdup(url + strlen(EVIDENCE_PATH));
    }
    if (r->route == ROUTE_NONE || (r->session && !is_session_id(r->session))) {
        reply_error(&r->refuse, 404, "%s",
                    r->session ? "there is no such session"
                               : "there is no such path");
    } else if (r->route == ROUTE_HEALTH ? !get : !post) {
        reply_error(&r->refuse, 405, "the method is %s",
                    r->route == ROUTE_HEALTH ? "GET" : "POST");
    }
}

static void check_length(struct request *r, MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(
        connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    guint64 length = 0;
    if (text &&
        (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &length, NULL) ||
         length > r->most)) {
        reply_error(&r->refuse, 413, "at most %zu bytes are taken", r->most);
    }
}

static gboolean crowded(struct https *h)
{
    pthread_mutex_lock(&h->lock);
    gboolean over = h->client_count > h->config.clients_most;
    pthread_mutex_unlock(&h->lock);
    return over;
}

/* The request's headers are here. What can be refused by them is refused, and
 * its body is not waited for. */
static enum MHD_Result begin(struct https *h, MHD_Connection *connection,
                             const char *url, const char *method,
                             void **context)
{
    struct request *r = g_new0(struct request, 1);
    *context = r;
    https_client_busy(h, connection, TRUE);
    r->peer = peer_of(connection);
    r->secret = g_strdup(MHD_lookup_connection_value(
        connection, MHD_GET_ARGUMENT_KIND, "secret"));
    route(r, url, method);
    if (!r->refuse.status && crowded(h)) {
        reply_error(&r->refuse, 503, "too many clients");
    }
    if (!r->refuse.status) {
        check_length(r, connection);
    }
    if (!r->refuse.status && r->route == ROUTE_EVIDENCE) {
        service_session_ready(h->config.service, r->session, r->peer,
                              &r->refuse);
    }
    return r->refuse.status ? answer(connection, &r->refuse) : MHD_YES;
}

/* Bytes of all requests together; FALSE when there is no room. */
static gboolean hold(struct https *h, gsize size)
{
    pthread_mutex_lock(&h->lock);
    gboolean fits = size <= h->config.bodies_most - h->bodies;
    h->bodies += fits ? size : 0;
    pthread_mutex_unlock(&h->lock);
    return fits;
}

static void let_go(struct https *h, struct request *r)
{
    if (r->body) {
        pthread_mutex_lock(&h->lock);
        h->bodies -= r->body->len;
        pthread_mutex_unlock(&h->lock);
        g_clear_pointer(&r->body, g_byte_array_unref);
    }
}

/* Once refused, the rest is dropped: an answer comes after a request. */
static void take(struct https *h, struct request *r, const char *data,
                 gsize size)
{
    gsize have = r->body ? r->body->len : 0;
    if (r->refuse.status) {
        return;
    }
    if (size > r->most - have) {
        reply_error(&r->refuse, 413, "at most %zu bytes are taken", r->most);
    } else if (!hold(h, size)) {
        reply_error(&r->refuse, 503, "too much is being sent at once");
    }
    if (r->refuse.status) {
        let_go(h, r);
        return;
    }
    if (!r->body) {
        r->body = g_byte_array_new();
    }
    g_byte_array_append(r->body, (const guint8 *)data, (guint)size);
}

static enum MHD_Result finish(struct https *h, struct request *r,
                              MHD_Connection *connection)
{
    const char *body = r->body ? (const char *)r->body->data : "";
    gsize size = r->body ? r->body->len : 0;
    struct reply reply = { 0 };
    if (r->refuse.status) {
        return answer(connection, &r->refuse);
    }
    if (r->route == ROUTE_HEALTH) {
        service_health(h->config.service, &reply);
    } else if (r->route == ROUTE_CHALLENGE) {
        service_challenge(h->config.service, body, size, r->secret, &reply);
    } else {
        service_evidence(h->config.service, r->session, r->peer, body, size,
                         &reply);
    }
    let_go(h, r);
    return answer(connection, &reply);
}

enum MHD_Result https_request(void *user, MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *size, void **context)
{
    (void)version;
    if (!*context) {
        return begin(user, connection, url, method, context);
    }
    if (*size) {
        take(user, *context, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return finish(user, *context, connection);
}

void https_request_end(void *user, MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode why)
{
    struct request *r = *context;
    (void)why;
    if (r) {
        let_go(user, r);
        reply_clear(&r->refuse);
        g_free(r->session);
        g_free(r->secret);
        g_free(r->peer);
        g_free(r);
        *context = NULL;
    }
    https_client_busy(user, connection, FALSE);
}
