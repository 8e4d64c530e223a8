/* SPDX-License-Identifier: MIT */
/* evtpm kds: a key server for emulated chips, by HTTP. */
#include <gio/gio.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/kds.h"
#include "harness/wait.h"

#define DEFAULT_LISTEN "127.0.0.1:8057"
#define IDLE_SECONDS 10u
#define CONNECTIONS_MAX 64u
#define BACKLOG 64

static GSocket *listen_at(const char *text, GError **error)
{
    const char *colon = strrchr(text, ':');
    guint64 port;
    if (!colon ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL)) {
        fail(error, HARNESS_ERROR_USAGE,
             "bad address \"%s\": ADDRESS:PORT, such as " DEFAULT_LISTEN, text);
        return NULL;
    }
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    gsize n = strlen(host);
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        memmove(host, host + 1, n - 1);
    }
    g_autoptr(GSocketAddress) address =
        g_inet_socket_address_new_from_string(host, (guint)port);
    if (!address) {
        fail(error, HARNESS_ERROR_USAGE,
             "bad address \"%s\": \"%s\" is no IP address", text, host);
        return NULL;
    }
    g_autoptr(GSocket) socket =
        g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM,
                     G_SOCKET_PROTOCOL_TCP, error);
    if (!socket) {
        return NULL;
    }
    g_socket_set_listen_backlog(socket, BACKLOG);
    if (!g_socket_bind(socket, address, TRUE, error) ||
        !g_socket_listen(socket, error)) {
        g_prefix_error(error, "%s: ", text);
        return NULL;
    }
    return g_steal_pointer(&socket);
}

/* "http://127.0.0.1:8057": what the kernel says, for the port may be 0. */
static char *url_of(GSocket *socket)
{
    g_autoptr(GSocketAddress) local = g_socket_get_local_address(socket, NULL);
    g_autofree char *text =
        g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(local));
    return g_strconcat("http://", text, NULL);
}

static enum MHD_Result keep_value(void *user, enum MHD_ValueKind kind,
                                  const char *key, const char *value)
{
    (void)kind;
    g_hash_table_insert(user, g_strdup(key), g_strdup(value ? value : ""));
    return MHD_YES;
}

static enum MHD_Result send_reply(struct MHD_Connection *connection,
                                  struct kds_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.size, reply->body.data, MHD_RESPMEM_MUST_COPY);
    kds_reply_clear(reply);
    if (!response) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            reply->type);
    enum MHD_Result result =
        MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **state)
{
    static int begun;
    struct kds_reply reply = { .status = 405, .type = "text/plain" };
    (void)version;
    (void)data;
    if (!*state) { /* the headers; the request is complete next time */
        *state = &begun;
        return MHD_YES;
    }
    if (*size) { /* nobody needs a body */
        *size = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") == 0) {
        g_autoptr(GHashTable) query =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, keep_value,
                                  query);
        kds_answer(user, url, query, &reply);
    }
    return send_reply(connection, &reply);
}

static int serve(struct kds *kds, const char *address, GError **error)
{
    g_autoptr(GSocket) socket = listen_at(address, error);
    g_autoptr(GError) end = NULL;
    if (!socket) {
        return -1;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL,
        on_request, kds, MHD_OPTION_LISTEN_SOCKET, g_socket_get_fd(socket),
        MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_END);
    if (!daemon) {
        fail(error, HARNESS_ERROR_FAILED, "the HTTP server does not start");
        return -1;
    }
    g_autofree char *url = url_of(socket);
    printf("%s\n", url);
    fflush(stdout);
    /* being told to end is how it ends */
    wait_fd(-1, 0, -1, DEADLINE_NEVER, "a signal", &end);
    MHD_quiesce_daemon(daemon); /* the socket stays ours to close */
    MHD_stop_daemon(daemon);
    return 0;
}

int cmd_kds(int argc, char **argv, GError **error)
{
    g_auto(GStrv) chips = NULL;
    g_autofree char *address = NULL;
    const GOptionEntry entries[] = {
        { "chip", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &chips,
          "directory of an emulated chip; may be given several times", "DIR" },
        { "listen", 0, 0, G_OPTION_ARG_STRING, &address,
          "address and port; port 0 takes a free one (default: " DEFAULT_LISTEN
          ")",
          "ADDR:PORT" },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "kds --chip DIR [OPTIONS]",
                        "Serves the certificates of emulated chips under the "
                        "paths of AMD's key server, by HTTP. Prints its URL; "
                        "a signal ends it.",
                        0, 0, error) < 0) {
        return -1;
    }
    struct kds kds = { .chips = chips };
    if (!chips) {
        fail(error, HARNESS_ERROR_USAGE, "name a chip directory by --chip");
        return -1;
    }
    if (!kds_check(&kds, error)) {
        return -1;
    }
    return serve(&kds, address ? address : DEFAULT_LISTEN, error);
}
