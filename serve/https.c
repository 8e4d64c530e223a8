/* SPDX-License-Identifier: MIT */
/*
 * The server: libmicrohttpd with a thread for each connection, so that a slow
 * client, a handshake or a sync of the disk holds up nobody else.
 */
#include "serve/https_priv.h"

#include <stdarg.h>
#include <string.h>

/* Connections beyond clients_most that are answered 503; more are closed. */
#define SPARE_CLIENTS 64
#define IDLE_SECONDS 10
#define HEADER_BYTES 0x8000
#define BACKLOG 512

/* Accepted connections, so that their time can be limited. libmicrohttpd's own
 * limit is one for silence, which a byte now and then satisfies. */
struct client {
    struct client *next, *previous;
    int fd;
    gint64 since;  /* connected, or answered before */
    gboolean busy; /* a request has begun */
};

static void client_begin(struct https *h, MHD_Connection *connection,
                         void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *c = g_new0(struct client, 1);
    c->fd = info ? info->connect_fd : -1;
    c->since = g_get_monotonic_time();
    pthread_mutex_lock(&h->lock);
    c->next = h->clients;
    if (c->next) {
        c->next->previous = c;
    }
    h->clients = c;
    h->client_count++;
    pthread_mutex_unlock(&h->lock);
    *context = c;
}

static void client_end(struct https *h, struct client *c)
{
    pthread_mutex_lock(&h->lock);
    if (c->next) {
        c->next->previous = c->previous;
    }
    *(c->previous ? &c->previous->next : &h->clients) = c->next;
    h->client_count--;
    pthread_cond_signal(&h->gone);
    pthread_mutex_unlock(&h->lock);
    g_free(c);
}

/* The socket is still open at both times. */
static void on_connection(void *user, MHD_Connection *connection,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        client_begin(user, connection, context);
    } else if (*context) {
        client_end(user, *context);
        *context = NULL;
    }
}

void https_client_busy(struct https *h, MHD_Connection *connection,
                       gboolean busy)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct client *c = info ? info->socket_context : NULL;
    if (c) {
        pthread_mutex_lock(&h->lock);
        c->busy = busy;
        if (!busy) {
            c->since = g_get_monotonic_time();
        }
        pthread_mutex_unlock(&h->lock);
    }
}

static void wait_for(struct https *h, pthread_cond_t *cond, unsigned ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(cond, &h->lock, &until);
}

/* Ends connections whose time is over; their threads notice. */
static void *watch(void *user)
{
    struct https *h = user;
    pthread_mutex_lock(&h->lock);
    while (!h->stopping) {
        gint64 now = g_get_monotonic_time();
        gint64 limit = (gint64)h->config.seconds * G_USEC_PER_SEC;
        for (struct client *c = h->clients; c; c = c->next) {
            gboolean over = now - c->since > limit || (h->draining && !c->busy);
            if (over && c->fd >= 0) {
                shutdown(c->fd, SHUT_RDWR);
                c->fd = -1;
            }
        }
        wait_for(h, &h->wake, 250);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static void on_log(void *user, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
static void on_log(void *user, const char *fmt, va_list ap)
{
    /* What clients do wrong is no news; what stops the server is reported by
     * MHD_start_daemon's failure. */
    (void)user, (void)fmt, (void)ap;
}

static GSocket *listen_on(const char *text, GError **error)
{
    g_autoptr(GSocketConnectable) parsed =
        g_network_address_parse(text, 0, NULL);
    const char *host =
        parsed ? g_network_address_get_hostname(G_NETWORK_ADDRESS(parsed))
               : NULL;
    g_autoptr(GSocketAddress) address =
        host ? g_inet_socket_address_new_from_string(
                   host, g_network_address_get_port(G_NETWORK_ADDRESS(parsed)))
             : NULL;
    if (!address) {
        fail(error, HARNESS_ERROR_USAGE,
             "--listen %s: not ADDRESS:PORT, such as 127.0.0.1:8443 or "
             "[::]:8443",
             text);
        return NULL;
    }
    g_autoptr(GSocket) socket =
        g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM,
                     G_SOCKET_PROTOCOL_TCP, error);
    if (socket) {
        g_socket_set_listen_backlog(socket, BACKLOG);
    }
    if (!socket || !g_socket_bind(socket, address, TRUE, error) ||
        !g_socket_listen(socket, error)) {
        g_prefix_error(error, "--listen %s: ", text);
        return NULL;
    }
    return g_steal_pointer(&socket);
}

char *https_address_text(GSocketAddress *address)
{
    GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS(address);
    GInetAddress *ip = g_inet_socket_address_get_address(inet);
    g_autofree char *text = g_inet_address_to_string(ip);
    gboolean v6 = g_inet_address_get_family(ip) == G_SOCKET_FAMILY_IPV6;
    return g_strdup_printf("%s%s%s:%u", v6 ? "[" : "", text, v6 ? "]" : "",
                           g_inet_socket_address_get_port(inet));
}

static gboolean start(struct https *h, GError **error)
{
    g_autoptr(GSocketAddress) local = NULL;
    const struct https_config *c = &h->config;
    unsigned flags =
        MHD_USE_TLS | MHD_USE_POLL | MHD_USE_THREAD_PER_CONNECTION |
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    h->socket = listen_on(c->listen, error);
    if (!h->socket || !(local = g_socket_get_local_address(h->socket, error))) {
        return FALSE;
    }
    h->address = https_address_text(local);
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, https_request, h, MHD_OPTION_EXTERNAL_LOGGER,
        on_log, NULL, MHD_OPTION_LISTEN_SOCKET, g_socket_get_fd(h->socket),
        MHD_OPTION_HTTPS_MEM_CERT, c->cert, MHD_OPTION_HTTPS_MEM_KEY, c->key,
        MHD_OPTION_HTTPS_PRIORITIES,
        "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2",
        MHD_OPTION_CONNECTION_LIMIT, c->clients_most + SPARE_CLIENTS,
        MHD_OPTION_CONNECTION_TIMEOUT, MIN(c->seconds, IDLE_SECONDS),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
        MHD_OPTION_NOTIFY_COMPLETED, https_request_end, h, MHD_OPTION_END);
    return h->daemon ||
           fail(error, HARNESS_ERROR_FAILED,
                "the HTTPS server does not start: are certificate and key a "
                "pair, in PEM?");
}

struct https *https_start(const struct https_config *config, GError **error)
{
    struct https *h = g_new0(struct https, 1);
    pthread_condattr_t monotonic;
    h->config = *config;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &monotonic);
    pthread_cond_init(&h->gone, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!start(h, error)) {
        g_clear_pointer(&h, https_stop);
        return NULL;
    }
    h->watching = pthread_create(&h->watcher, NULL, watch, h) == 0;
    if (!h->watching) {
        fail(error, HARNESS_ERROR_FAILED, "no thread for the HTTPS server");
        g_clear_pointer(&h, https_stop);
    }
    return h;
}

/* Until all that was asked is answered, or its time is over */
static void drain(struct https *h)
{
    gint64 end =
        g_get_monotonic_time() + (h->config.seconds + 1) * G_USEC_PER_SEC;
    pthread_mutex_lock(&h->lock);
    h->draining = TRUE;
    pthread_cond_signal(&h->wake);
    while (h->client_count && g_get_monotonic_time() < end) {
        wait_for(h, &h->gone, 100);
    }
    pthread_mutex_unlock(&h->lock);
}

void https_stop(struct https *h)
{
    if (h->daemon) {
        MHD_quiesce_daemon(h->daemon); /* the socket is ours to close */
        drain(h);
        MHD_stop_daemon(h->daemon);
    }
    pthread_mutex_lock(&h->lock);
    h->stopping = TRUE;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
    if (h->watching) {
        pthread_join(h->watcher, NULL);
    }
    g_clear_object(&h->socket);
    pthread_cond_destroy(&h->wake);
    pthread_cond_destroy(&h->gone);
    pthread_mutex_destroy(&h->lock);
    g_free(h->address);
    g_free(h);
}

const char *https_address(const struct https *h)
{
    return h->address;
}
