/* SPDX-License-Identifier: MIT */
/*
 * evtpm-post, in the guest: carries one document to a relying party and its
 * answer back, where curl would be too much.
 *
 * usage: evtpm-post CERTIFICATES URL <DOCUMENT >ANSWER
 *
 * The server must show a certificate for the URL's host that is one of
 * CERTIFICATES, or issued by one of them; nothing else is trusted. The answer
 * is printed whatever its status, once all of it has come.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "agent/kernel_file.h"
#include "lib/blob.h"
#include "lib/error.h"

#define SECONDS 60 /* for all of it */
#define DOCUMENT_MAX 0x1000000
#define ANSWER_MAX 0x1000000
#define HOST_MAX 255
#define USAGE "usage: evtpm-post CERTIFICATES URL <DOCUMENT >ANSWER"

struct url {
    char host[HOST_MAX + 1];
    char port[6];
    const char *path;
    int host_size; /* of what the Host header says: with port, if named */
    const char *authority;
};

static void too_late(int number)
{
    static const char text[] = "evtpm-post: no answer in time\n";
    ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

    (void)number;
    _exit(n < 0 ? 2 : 1);
}

/* "https://HOST[:PORT]/PATH"; IPv6 addresses are not for this. */
static int parse_url(const char *text, struct url *url, struct evtpm_error *err)
{
    static const char scheme[] = "https://";
    const char *at = text + sizeof(scheme) - 1;
    size_t host, port = 0;

    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0) {
        return evtpm_fail(err, "%s: not an https:// URL", text);
    }
    host = strcspn(at, ":/");
    if (at[host] == ':') {
        port = strspn(at + host + 1, "0123456789");
    }
    url->authority = at;
    url->host_size = (int)(host + (at[host] == ':' ? 1 + port : 0));
    url->path = at + url->host_size;
    if (host == 0 || host > HOST_MAX || port >= sizeof(url->port) ||
        (at[host] == ':' && port == 0) || *url->path != '/' ||
        strpbrk(text, " \r\n")) {
        return evtpm_fail(err, "%s: not https://HOST[:PORT]/PATH", text);
    }
    snprintf(url->host, sizeof(url->host), "%.*s", (int)host, at);
    snprintf(url->port, sizeof(url->port), "%.*s", port ? (int)port : 3,
             port ? at + host + 1 : "443");
    return 0;
}

/* The first reason that OpenSSL gives */
static int fail_tls(struct evtpm_error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    return evtpm_fail(err, "%s: %s", what,
                      reason  ? reason
                      : errno ? strerror(errno)
                              : "the connection ended");
}

/* Trusts the file's certificates alone, be they authorities or not. */
static SSL_CTX *make_context(const char *certificates, struct evtpm_error *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context ||
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_load_verify_file(context, certificates) != 1 ||
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context),
                                    X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        fail_tls(err, certificates);
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

/* What the certificate must be for: an address or a name, by its form */
static bool expect_host(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1) {
        return true;
    }
    ERR_clear_error();
    return SSL_set_tlsext_host_name(ssl, host) == 1 &&
           SSL_set1_host(ssl, host) == 1;
}

static int handshake(BIO *bio, const struct url *url, struct evtpm_error *err)
{
    SSL *ssl = NULL;
    long verified;

    BIO_get_ssl(bio, &ssl);
    if (!ssl || !expect_host(ssl, url->host) ||
        BIO_set_conn_hostname(bio, url->host) != 1 ||
        BIO_set_conn_port(bio, url->port) != 1) {
        return fail_tls(err, url->host);
    }
    errno = 0;
    if (BIO_do_connect(bio) == 1) {
        return 0;
    }
    verified = SSL_get_verify_result(ssl);
    return verified != X509_V_OK
               ? evtpm_fail(err, "%s: its certificate is refused: %s",
                            url->host, X509_verify_cert_error_string(verified))
               : fail_tls(err, url->host);
}

static bool send_all(BIO *bio, const void *data, size_t size)
{
    size_t done;

    for (const char *at = data; size; at += done, size -= done) {
        if (BIO_write_ex(bio, at, size, &done) != 1) {
            return false;
        }
    }
    return true;
}

static int send_request(BIO *bio, const struct url *url,
                        const struct evtpm_blob *body, struct evtpm_error *err)
{
    char *head;
    bool sent;

    if (asprintf(
            &head,
            "POST %s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
            url->path, url->host_size, url->authority, body->size) < 0) {
        return evtpm_fail(err, "out of memory");
    }
    errno = 0;
    sent = send_all(bio, head, strlen(head)) &&
           send_all(bio, body->data, body->size);
    free(head);
    return sent ? 0 : fail_tls(err, url->host);
}

/* To the end of the connection, NUL-terminated. How it ends says nothing: the
 * length in the answer's head does. */
static char *read_all(BIO *bio, size_t *size, struct evtpm_error *err)
{
    char *answer = malloc(ANSWER_MAX + 1);
    size_t n;

    *size = 0;
    while (answer && *size < ANSWER_MAX &&
           BIO_read_ex(bio, answer + *size, ANSWER_MAX - *size, &n) == 1) {
        *size += n;
    }
    if (!answer || *size == ANSWER_MAX) {
        evtpm_fail(err, "the answer is too long");
        free(answer);
        return NULL;
    }
    answer[*size] = '\0';
    return answer;
}

/* The value of a header in a head that ends with an empty line, or NULL. */
static const char *find_header(const char *head, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line;
         line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, size) == 0 && line[size] == ':') {
            return line + size + 1;
        }
    }
    return NULL;
}

static int print_body(char *answer, size_t size, struct evtpm_error *err)
{
    char *end = strstr(answer, "\r\n\r\n");
    const char *length;
    size_t body;

    if (strncmp(answer, "HTTP/1.", 7) != 0 || !end) {
        return evtpm_fail(err, "the answer is not HTTP");
    }
    end[2] = '\0';
    end += 4;
    length = find_header(answer, "Content-Length");
    body = size - (size_t)(end - answer);
    if (!length || strtoull(length, NULL, 10) != body) {
        return evtpm_fail(err, "the answer is cut off");
    }
    if (fwrite(end, 1, body, stdout) != body || fflush(stdout) != 0) {
        return evtpm_fail(err, "cannot write the output: %s", strerror(errno));
    }
    return 0;
}

static int exchange(SSL_CTX *context, const struct url *url,
                    const struct evtpm_blob *document, struct evtpm_error *err)
{
    BIO *bio = BIO_new_ssl_connect(context);
    char *answer = NULL;
    size_t size;
    int rc = -1;

    if (!bio) {
        return fail_tls(err, url->host);
    }
    if (handshake(bio, url, err) == 0 &&
        send_request(bio, url, document, err) == 0) {
        answer = read_all(bio, &size, err);
    }
    if (answer) {
        rc = print_body(answer, size, err);
    }
    free(answer);
    BIO_free_all(bio);
    return rc;
}

static int run(int argc, char **argv, struct evtpm_error *err)
{
    struct evtpm_blob document = { 0 };
    SSL_CTX *context;
    struct url url;
    int rc = -1;

    if (argc != 3) {
        return evtpm_fail(err, USAGE);
    }
    if (parse_url(argv[2], &url, err) < 0) {
        return -1;
    }
    if (kernel_file_read(AT_FDCWD, "/proc/self/fd/0", DOCUMENT_MAX, &document) <
        0) {
        return evtpm_fail(err, "the document: %s", strerror(errno));
    }
    context = make_context(argv[1], err);
    if (context) {
        rc = exchange(context, &url, &document, err);
    }
    SSL_CTX_free(context);
    evtpm_blob_clear(&document);
    return rc;
}

int main(int argc, char **argv)
{
    struct evtpm_error err = { "" };

    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, too_late);
    alarm(SECONDS);
    if (run(argc, argv, &err) < 0) {
        fprintf(stderr, "evtpm-post: %s\n", err.text);
        return 1;
    }
    return 0;
}
