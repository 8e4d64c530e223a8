/* SPDX-License-Identifier: MIT */
/* evtpm serve: the relying party's service. */
#include <stdio.h>

#include "harness/command.h"
#include "harness/wait.h"
#include "serve/https.h"
#include "serve/policy.h"
#include "serve/tls.h"

#define BODIES_MOST (64u << 20)

struct options {
    char *listen, *cert, *key, *secrets, *db, *seal_pcrs;
    struct serve_policy_sources from;
    double lifetime, timeout;
    int clients, sessions;
};

/* All that a running service holds */
struct serving {
    struct tls_identity identity;
    char *fingerprint, *pin;
    struct policy *policy;
    struct secrets *secrets;
    struct audit *audit;
    struct service *service;
    struct https *https;
};

static void serving_clear(struct serving *s)
{
    g_clear_pointer(&s->https, https_stop);
    service_free(s->service);
    audit_close(s->audit);
    secrets_free(s->secrets);
    policy_free(s->policy);
    tls_identity_clear(&s->identity);
    g_free(s->fingerprint);
    g_free(s->pin);
}

/* "0,2,7" */
static gboolean parse_pcrs(const char *text, uint32_t *pcrs, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text ? text : "", ",", -1);
    for (char **part = parts; *part; part++) {
        guint64 n;
        if (!g_ascii_string_to_unsigned(*part, 10, 0, EVTPM_PCR_COUNT - 1, &n,
                                        NULL)) {
            return fail(error, HARNESS_ERROR_USAGE,
                        "--seal-pcrs %s: not a list of PCRs, such as 0,2,7",
                        text);
        }
        *pcrs |= 1u << n;
    }
    return !text || *pcrs ||
           fail(error, HARNESS_ERROR_USAGE, "--seal-pcrs: no PCRs are given");
}

static gboolean check(const struct options *o, GError **error)
{
    if (!o->db) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "give --db FILE: where decisions are recorded");
    }
    if (!o->cert != !o->key) {
        return fail(error, HARNESS_ERROR_USAGE, "--cert and --key go together");
    }
    if (o->lifetime < 1 || o->lifetime > 3600) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--nonce-lifetime is 1 to 3600 seconds");
    }
    if (o->timeout < 1 || o->timeout > 3600) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--timeout is 1 to 3600 seconds");
    }
    if (o->clients < 1 || o->clients > 10000) {
        return fail(error, HARNESS_ERROR_USAGE, "--max-clients is 1 to 10000");
    }
    return (o->sessions >= 1 && o->sessions <= 1000000) ||
           fail(error, HARNESS_ERROR_USAGE, "--max-sessions is 1 to 1000000");
}

static gboolean prepare(struct serving *s, const struct options *o,
                        GError **error)
{
    if (!check(o, error) || !(s->policy = serve_policy_load(&o->from, error)) ||
        (o->secrets && !(s->secrets = secrets_load(o->secrets, error)))) {
        return FALSE;
    }
    if (o->cert ? !tls_identity_load(o->cert, o->key, &s->identity, error)
                : !tls_identity_make(&s->identity, &s->fingerprint, &s->pin,
                                     error)) {
        return FALSE;
    }
    s->audit = audit_open(o->db, error);
    return s->audit != NULL;
}

static gboolean start(struct serving *s, const struct options *o,
                      GError **error)
{
    struct service_config service = {
        .policy = policy_get(s->policy),
        .secrets = s->secrets,
        .audit = s->audit,
        .lifetime = (gint64)(o->lifetime * G_USEC_PER_SEC),
        .sessions_most = (unsigned)o->sessions,
        .workers = g_get_num_processors(),
    };
    if (!parse_pcrs(o->seal_pcrs, &service.seal_pcrs, error)) {
        return FALSE;
    }
    s->service = service_new(&service);
    const struct https_config https = {
        .listen = o->listen ? o->listen : "127.0.0.1:8443",
        .cert = s->identity.cert,
        .key = s->identity.key,
        .clients_most = (unsigned)o->clients,
        .seconds = (unsigned)o->timeout,
        .bodies_most = BODIES_MOST,
        .service = s->service,
    };
    s->https = https_start(&https, error);
    return s->https != NULL;
}

/* Until a signal ends it */
static int serve(const struct options *o, GError **error)
{
    struct serving s = { 0 };
    g_autoptr(GError) ended = NULL;
    int status = -1;
    if (prepare(&s, o, error) && start(&s, o, error)) {
        printf("serving https://%s\n", https_address(s.https));
        if (s.fingerprint) {
            printf("certificate of its own: SHA-256 %s, "
                   "curl --insecure --pinnedpubkey sha256//%s\n",
                   s.fingerprint, s.pin);
        }
        fflush(stdout);
        wait_fd(-1, 0, -1, DEADLINE_NEVER, "a signal", &ended);
        status = 0;
    }
    serving_clear(&s);
    return status;
}

static void options_clear(struct options *o)
{
    g_free(o->listen);
    g_free(o->cert);
    g_free(o->key);
    g_free(o->secrets);
    g_free(o->db);
    g_free(o->seal_pcrs);
    g_free(o->from.policy);
    g_strfreev(o->from.crl);
    g_strfreev(o->from.igvm);
    g_strfreev(o->from.digest);
    g_strfreev(o->from.root);
}

int cmd_serve(int argc, char **argv, GError **error)
{
    struct options o = {
        .lifetime = 120, .timeout = 30, .clients = 256, .sessions = 10000
    };
    const GOptionEntry entries[] = {
        { "listen", 'l', 0, G_OPTION_ARG_STRING, &o.listen,
          "where to serve; port 0 takes a free one, which is printed "
          "(default: 127.0.0.1:8443)",
          "ADDR:PORT" },
        { "cert", 0, 0, G_OPTION_ARG_FILENAME, &o.cert,
          "the server's certificate chain, PEM (default: one of its own, whose "
          "fingerprint is printed)",
          "F" },
        { "key", 0, 0, G_OPTION_ARG_FILENAME, &o.key, "its key, PEM", "F" },
        { "policy", 'p', 0, G_OPTION_ARG_FILENAME, &o.from.policy,
          "judge by this policy file", "F" },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.from.igvm,
          "accept VMs launched from this file; may be repeated", "F" },
        { "digest", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.from.digest,
          "accept this launch digest; may be repeated", "HEX" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.from.root,
          "trust this root certificate besides AMD's; may be repeated", "F" },
        { "crl", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.from.crl,
          "use this revocation list; may be repeated", "F" },
        { "secrets", 0, 0, G_OPTION_ARG_FILENAME, &o.secrets,
          "secrets to release: a directory of files, or JSON of names to "
          "base64",
          "PATH" },
        { "seal-pcrs", 0, 0, G_OPTION_ARG_STRING, &o.seal_pcrs,
          "release secrets that the TPM opens only while these PCRs have the "
          "values of the evidence",
          "LIST" },
        { "db", 0, 0, G_OPTION_ARG_FILENAME, &o.db,
          "record each decision in this SQLite database", "F" },
        { "nonce-lifetime", 0, 0, G_OPTION_ARG_DOUBLE, &o.lifetime,
          "for how long evidence for a nonce is taken (default: 120)",
          "SECONDS" },
        { "max-clients", 0, 0, G_OPTION_ARG_INT, &o.clients,
          "connections at once (default: 256)", "N" },
        { "max-sessions", 0, 0, G_OPTION_ARG_INT, &o.sessions,
          "nonces at once (default: 10000)", "N" },
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &o.timeout,
          "limit for one request (default: 30)", "SECONDS" },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries, "serve [OPTIONS]",
                        "Serves challenges by HTTPS, verifies the evidence "
                        "that comes back, records what it decides, and "
                        "releases secrets that only the attested TPM can "
                        "open. Ends at SIGTERM or SIGINT.",
                        0, 0, error) >= 0) {
        status = serve(&o, error);
    }
    options_clear(&o);
    return status;
}
