/* SPDX-License-Identifier: MIT */
#include "tests/unit/https-client.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/blob.h"

#define SECONDS 60

static gboolean connect_to(struct https_client *c, guint16 port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval limit = { .tv_sec = SECONDS };

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(c->fd, >=, 0);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

gboolean https_client_open(struct https_client *c, guint16 port)
{
    int rc = -1;

    *c = (struct https_client){ .fd = -1 };
    g_assert_cmpint(gnutls_certificate_allocate_credentials(&c->credentials),
                    ==, 0);
    if (connect_to(c, port)) {
        g_assert_cmpint(
            gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL), ==, 0);
        gnutls_set_default_priority(c->session);
        gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE,
                               c->credentials);
        gnutls_transport_set_int(c->session, c->fd);
        gnutls_handshake_set_timeout(c->session, SECONDS * 1000);
        do {
            rc = gnutls_handshake(c->session);
        } while (rc < 0 && !gnutls_error_is_fatal(rc));
    }
    if (rc < 0) {
        https_client_close(c);
    }
    return rc >= 0;
}

void https_client_close(struct https_client *c)
{
    if (c->session) {
        gnutls_deinit(c->session);
    }
    gnutls_certificate_free_credentials(c->credentials);
    close(c->fd);
    *c = (struct https_client){ .fd = -1 };
}

char *https_client_fingerprint(struct https_client *c)
{
    unsigned count = 0;
    const gnutls_datum_t *chain =
        gnutls_certificate_get_peers(c->session, &count);
    guint8 print[32];
    size_t size = sizeof(print);
    char hex[65];

    g_assert_cmpint(count, >=, 1);
    g_assert_cmpint(
        gnutls_fingerprint(GNUTLS_DIG_SHA256, &chain[0], print, &size), ==, 0);
    return g_strdup(evtpm_hex(hex, sizeof(hex), print, size));
}

gboolean https_client_send(struct https_client *c, const void *data, gsize size)
{
    const char *at = data;

    while (size > 0) {
        gssize n = gnutls_record_send(c->session, at, size);

        if (n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_AGAIN) {
            continue;
        }
        if (n <= 0) {
            return FALSE;
        }
        at += n;
        size -= (gsize)n;
    }
    return TRUE;
}

GString *https_client_read(struct https_client *c)
{
    GString *all = g_string_new(NULL);
    char part[16384];
    gssize n;

    do {
        n = gnutls_record_recv(c->session, part, sizeof(part));
        if (n > 0) {
            g_string_append_len(all, part, n);
        }
    } while (n > 0 || n == GNUTLS_E_INTERRUPTED || n == GNUTLS_E_REHANDSHAKE);
    return all;
}

void https_answer_clear(struct https_answer *answer)
{
    g_free(answer->body);
    g_free(answer->head);
    *answer = (struct https_answer){ 0 };
}

static void split(const GString *all, struct https_answer *answer)
{
    const char *end = strstr(all->str, "\r\n\r\n");

    if (!end || !g_str_has_prefix(all->str, "HTTP/1.1 ")) {
        return;
    }
    answer->status = (unsigned)g_ascii_strtoull(all->str + 9, NULL, 10);
    answer->head = g_strndup(all->str, (gsize)(end - all->str));
    answer->body = g_strchomp(g_strdup(end + 4));
}

void https_client_call(guint16 port, const char *method, const char *path,
                       const void *body, gsize size,
                       struct https_answer *answer)
{
    g_autofree char *head = g_strdup_printf(
        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Content-Length: %zu\r\n\r\n",
        method, path, size);
    struct https_client client;

    *answer = (struct https_answer){ 0 };
    if (!https_client_open(&client, port)) {
        return;
    }
    /* A server that answers early may stop reading: look for its answer. */
    if (https_client_send(&client, head, strlen(head)) && size) {
        https_client_send(&client, body, size);
    }
    g_autoptr(GString) all = https_client_read(&client);
    split(all, answer);
    https_client_close(&client);
}

char *https_answer_string(const struct https_answer *answer, const char *name)
{
    g_autofree char *mark = g_strdup_printf("\"%s\":\"", name);
    const char *at = answer->body ? strstr(answer->body, mark) : NULL;
    const char *end = at ? strchr(at + strlen(mark), '"') : NULL;

    return end ? g_strndup(at + strlen(mark), (gsize)(end - at) - strlen(mark))
               : NULL;
}
