/* SPDX-License-Identifier: MIT */
/*
 * bench-serve: how many evidences are judged in a second. "verification": JSON
 * and evtpm_verify(), a thread for each processor. "service": that, the audit
 * record (one sync of the disk for those that come at once), the secret. "by
 * HTTPS": as guests see it, a connection for each request.
 *
 * Lines "NAME  OURS /s  SIGNATURES /s  RATIO": beside it what the verification
 * of an evidence's signatures alone allows on the same threads. Those are the
 * work that nobody can leave out: certificates 3 (RSA-4096, PSS), report 1
 * (P-384), quote 1. Ratios within one run are what may be compared.
 */
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "tests/unit/serve-fixture.h"

#define COUNT 600
#define SIGNATURE_ROUNDS 300

struct work;
typedef gboolean (*judge_fn)(struct work *work, guint i);

struct work {
    struct fixture *f;
    struct fixture_challenge challenge[COUNT];
    char *evidence[COUNT];
    judge_fn judge;
    gint next; /* atomic */
};

/* Nonce and credential are not compared: they are the session's. */
static gboolean by_verification(struct work *w, guint i)
{
    struct evtpm_policy policy = w->f->guest.sample.policy;
    struct evtpm_evidence evidence;
    struct evtpm_result result;
    gboolean good;

    policy.nonce = NULL;
    policy.credential = NULL;
    policy.recorded = true;
    policy.maximum_age = 0;
    good = evidence_from_json(w->evidence[i], -1, &evidence, NULL) &&
           evtpm_verify(&evidence, &policy, &result) == 0;
    evtpm_evidence_clear(&evidence);
    return good;
}

static gboolean by_service(struct work *w, guint i)
{
    struct reply reply = { 0 };
    gboolean good;

    service_evidence(w->f->service, w->challenge[i].session, "127.0.0.1:1",
                     w->evidence[i], strlen(w->evidence[i]), &reply);
    good = reply.status == 200;
    reply_clear(&reply);
    return good;
}

static gboolean by_https(struct work *w, guint i)
{
    struct https_answer answer;
    gboolean good;

    fixture_post(w->f, w->challenge[i].session, w->evidence[i], &answer);
    good = answer.status == 200;
    https_answer_clear(&answer);
    return good;
}

static gpointer judge(gpointer data)
{
    struct work *w = data;
    gint i;

    while ((i = g_atomic_int_add(&w->next, 1)) < COUNT) {
        if (!w->judge(w, (guint)i)) {
            g_error("evidence %d is not good", i);
        }
    }
    return NULL;
}

/* Seconds until all threads are done */
static double on_threads(GThreadFunc run, gpointer data, guint count)
{
    g_autofree GThread **threads = g_new0(GThread *, count);
    gint64 begin = g_get_monotonic_time();

    for (guint i = 0; i < count; i++) {
        threads[i] = g_thread_new("work", run, data);
    }
    for (guint i = 0; i < count; i++) {
        g_thread_join(threads[i]);
    }
    return (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

static double judged_per_second(struct fixture *f, judge_fn how, guint threads)
{
    struct work *w = g_new0(struct work, 1);

    w->f = f;
    w->judge = how;
    for (guint i = 0; i < COUNT; i++) {
        fixture_challenge(f, "disk", &w->challenge[i]);
        w->evidence[i] = guest_sample_evidence(&f->guest, w->challenge[i].nonce,
                                               w->challenge[i].credential);
    }
    double seconds = on_threads(judge, w, threads);
    for (guint i = 0; i < COUNT; i++) {
        fixture_challenge_clear(&w->challenge[i]);
        g_free(w->evidence[i]);
    }
    g_free(w);
    return COUNT / seconds;
}

/* A key, and something that it signed */
struct signature {
    gnutls_pubkey_t key;
    gnutls_sign_algorithm_t algorithm;
    guint8 bytes[0x200];
    gnutls_datum_t data, value;
};

static struct {
    struct signature of[3]; /* RSA-4096, P-384, RSA-2048 */
    gint next;
} raw;

static void sign(struct signature *s, gnutls_pk_algorithm_t algorithm,
                 guint bits, gnutls_sign_algorithm_t how)
{
    gnutls_privkey_t key;

    memset(s->bytes, 0x5a, sizeof(s->bytes));
    s->data = (gnutls_datum_t){ s->bytes, sizeof(s->bytes) };
    s->algorithm = how;
    if (gnutls_privkey_init(&key) < 0 ||
        gnutls_privkey_generate(key, algorithm, bits, 0) < 0 ||
        gnutls_privkey_sign_data2(key, how, 0, &s->data, &s->value) < 0 ||
        gnutls_pubkey_init(&s->key) < 0 ||
        gnutls_pubkey_import_privkey(s->key, key, 0, 0) < 0) {
        g_error("no signature");
    }
    gnutls_privkey_deinit(key);
}

static void check(const struct signature *s)
{
    if (gnutls_pubkey_verify_data2(s->key, s->algorithm, 0, &s->data,
                                   &s->value) < 0) {
        g_error("a signature does not verify");
    }
}

static gpointer verify(gpointer data)
{
    (void)data;
    while (g_atomic_int_add(&raw.next, 1) < SIGNATURE_ROUNDS) {
        check(&raw.of[0]);
        check(&raw.of[0]);
        check(&raw.of[0]);
        check(&raw.of[1]);
        check(&raw.of[2]);
    }
    return NULL;
}

static double signatures_per_second(guint threads)
{
    sign(&raw.of[0], GNUTLS_PK_RSA, 4096, GNUTLS_SIGN_RSA_PSS_RSAE_SHA384);
    sign(&raw.of[1], GNUTLS_PK_ECDSA,
         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1),
         GNUTLS_SIGN_ECDSA_SHA384);
    sign(&raw.of[2], GNUTLS_PK_RSA, 2048, GNUTLS_SIGN_RSA_SHA256);
    double seconds = on_threads(verify, NULL, threads);
    for (gsize i = 0; i < G_N_ELEMENTS(raw.of); i++) {
        gnutls_pubkey_deinit(raw.of[i].key);
        gnutls_free(raw.of[i].value.data);
    }
    return SIGNATURE_ROUNDS / seconds;
}

/* More at once than processors where there is something to wait for. */
static const struct {
    const char *name;
    judge_fn judge;
    guint threads; /* for each processor */
} rows[] = {
    { "verification", by_verification, 1 },
    { "service", by_service, 16 },
    { "by HTTPS", by_https, 16 },
};

int main(void)
{
    guint threads = g_get_num_processors();
    struct fixture f;

    sample_chips_create(1);
    fixture_init(&f);
    f.service_config.sessions_most = 3 * COUNT;
    f.service_config.lifetime = 3600 * (gint64)G_USEC_PER_SEC;
    f.service_config.workers = threads;
    fixture_start(&f);
    double signatures = signatures_per_second(threads);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        double ours =
            judged_per_second(&f, rows[i].judge, rows[i].threads * threads);

        printf("%-13s %8.0f /s  signatures %8.0f /s  ratio %.2f\n",
               rows[i].name, ours, signatures, ours / signatures);
    }
    printf("on %u processors\n", threads);
    fixture_clear(&f);
    sample_chips_remove();
    return 0;
}
