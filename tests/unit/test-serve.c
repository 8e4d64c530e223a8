/* SPDX-License-Identifier: MIT */
/*
 * The service over TLS: what an honest guest gets, and that a replayed, stale,
 * tampered or malformed answer gets nothing. tests/unit/test-serve-load.c is
 * about many at once.
 */
#include <sqlite3.h>
#include <string.h>

#include "tests/unit/evidence-change.h"
#include "tests/unit/only-lists.h"
#include "tests/unit/serve-fixture.h"

static void check_secret(struct fixture *f, const struct https_answer *a)
{
    g_autofree char *name = https_answer_string(a, "name");
    g_autofree char *credential = https_answer_string(a, "credential");
    g_autofree char *envelope = https_answer_string(a, "envelope");

    g_assert_cmpstr(name, ==, "disk");
    g_autoptr(GBytes) secret =
        guest_sample_unwrap(&f->guest, credential, envelope);
    g_assert_nonnull(secret);
    g_assert_cmpmem(g_bytes_get_data(secret, NULL), g_bytes_get_size(secret),
                    FIXTURE_SECRET, strlen(FIXTURE_SECRET));
}

static void expect(struct https_answer *a, unsigned status, const char *text)
{
    g_test_message("%u %.300s", a->status, a->body);
    g_assert_cmpint(a->status, ==, status);
    g_assert_nonnull(strstr(a->body, text));
    g_assert_null(strchr(a->body, '\n'));
    g_assert_true(g_str_has_prefix(a->body, "{\"version\":1,\""));
    if (status != 200) {
        g_assert_null(strstr(a->body, "envelope"));
    }
    https_answer_clear(a);
}

static void expect_audit(struct fixture *f, const char *lines)
{
    g_autofree char *seen = fixture_audit(f);

    g_assert_cmpstr(seen, ==, lines);
}

static void test_release(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_post(&f, c.session, evidence, &a);
    g_assert_cmpint(a.status, ==, 200);
    g_assert_nonnull(strstr(a.head, "\r\nContent-Type: application/json"));
    g_assert_nonnull(strstr(a.head, "\r\nCache-Control: no-store"));
    check_secret(&f, &a);
    expect(&a, 200, "{\"version\":1,\"verdict\":\"released\",\"record\":1,");
    /* the same again is a replay, whatever it says */
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 409, "\"error\":\"the session has had its evidence\"");
    fixture_post(&f, c.session, "x", &a);
    expect(&a, 409, "has had its evidence");
    expect_audit(&f, "released - disk\nreplayed - -\nreplayed - -\n");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

static void first(const struct audit_record *r, void *user)
{
    struct audit_record *out = user;

    if (r->id == 1) {
        *out = *r;
        out->session = g_strdup(r->session);
        out->peer = g_strdup(r->peer);
        out->evidence = g_strdup(r->evidence);
    }
}

/* What a record says of the exchange */
static void test_record(void)
{
    struct audit_record r = { 0 };
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, NULL, &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_post(&f, c.session, evidence, &a);
    /* nothing was asked for */
    g_assert_null(strstr(a.body, "\"secret\""));
    expect(&a, 200, "\"verdict\":\"accepted\",\"record\":1,");
    g_assert_true(audit_list(f.db, first, &r, NULL));
    g_autofree char *digest =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, evidence, -1);
    g_assert_cmpstr(r.evidence, ==, digest);
    g_assert_cmpstr(r.session, ==, c.session);
    g_assert_true(g_str_has_prefix(r.peer, "127.0.0.1:"));
    g_free((char *)r.session);
    g_free((char *)r.peer);
    g_free((char *)r.evidence);
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

static void test_unknown_secret(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    /* Who has not proven anything does not learn which names there are. */
    fixture_challenge(&f, "none-such", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 404, "\"verdict\":\"unknown-secret\"");
    expect_audit(&f, "unknown-secret - -\n");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

/* The evidence of one session for another: what a proxy might try. */
static void test_crossed(void)
{
    struct fixture_challenge one, two;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, "disk", &one);
    fixture_challenge(&f, "disk", &two);
    g_assert_cmpstr(one.session, !=, two.session);
    g_assert_cmpstr(one.nonce, !=, two.nonce);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, one.nonce, one.credential);
    fixture_post(&f, two.session, evidence, &a);
    expect(&a, 403,
           "\"verdict\":\"refused\",\"record\":1,\"failed\":\"nonce\"");
    fixture_post(&f, one.session, evidence, &a);
    expect(&a, 200, "\"verdict\":\"released\"");
    expect_audit(&f, "refused nonce -\nreleased - disk\n");
    fixture_challenge_clear(&one);
    fixture_challenge_clear(&two);
    fixture_clear(&f);
}

/* One thing wrong with the guest, for each kind of link */
struct refusal {
    enum evtpm_link link;
    void (*change)(struct sample *s);
};

static void other_root(struct sample *s)
{
    s->policy.root_count = 0;
}
static void other_image(struct sample *s)
{
    s->launch_digest[0][5] ^= 1;
}
static void report_altered(struct sample *s)
{
    change_flip(&s->evidence.report, 0x2a0 + 3);
}
static void manifest_altered(struct sample *s)
{
    change_flip(&s->evidence.manifest, s->evidence.manifest.size - 9);
}
static void credential_unopened(struct sample *s)
{
    change_flip(&s->evidence.credential_secret, 31);
}
static void quote_altered(struct sample *s)
{
    change_flip(&s->evidence.quote_signature, 20);
}
static void pcr_altered(struct sample *s)
{
    s->evidence.pcr[4][0] ^= 1;
}
static void log_altered(struct sample *s)
{
    change_flip(&s->evidence.ima_log, s->evidence.ima_log.size - 2);
}

static const struct refusal refusals[] = {
    { EVTPM_LINK_ROOT, other_root },
    { EVTPM_LINK_LAUNCH_DIGEST, other_image },
    { EVTPM_LINK_REPORT_SIGNATURE, report_altered },
    { EVTPM_LINK_REPORT_DATA, manifest_altered },
    { EVTPM_LINK_AK_BINDING, credential_unopened },
    { EVTPM_LINK_QUOTE_SIGNATURE, quote_altered },
    { EVTPM_LINK_QUOTE_PCRS, pcr_altered },
    { EVTPM_LINK_IMA_LOG, log_altered },
};

static void test_refused(gconstpointer data)
{
    const struct refusal *row = data;
    const char *name = evtpm_link_name(row->link);
    g_autofree char *failed = g_strdup_printf(
        "\"verdict\":\"refused\",\"record\":1,\"failed\":\"%s\"", name);
    g_autofree char *audit = g_strdup_printf("refused %s -\n", name);
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_free(guest_sample_evidence(&f.guest, c.nonce, c.credential));
    row->change(&f.guest.sample);
    g_autofree char *evidence = guest_sample_document(&f.guest);
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 403, failed);
    expect_audit(&f, audit);
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

/* The digest of TPM2_PolicyPCR over PCRs 0, 2 and 7, computed here again */
static void policy_of(const struct sample *s, guint8 out[32])
{
    static const guint8 head[] = { 0, 0, 1,    0x7f, 0,    0, 0,
                                   1, 0, 0x0b, 3,    0x85, 0, 0 };
    g_autoptr(GChecksum) values = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GChecksum) policy = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 zeros[32] = { 0 }, digest[32];
    gsize size = 32;

    g_checksum_update(values, s->evidence.pcr[0], 32);
    g_checksum_update(values, s->evidence.pcr[2], 32);
    g_checksum_update(values, s->evidence.pcr[7], 32);
    g_checksum_get_digest(values, digest, &size);
    g_checksum_update(policy, zeros, 32);
    g_checksum_update(policy, head, sizeof(head));
    g_checksum_update(policy, digest, 32);
    g_checksum_get_digest(policy, out, &size);
}

/* The key is sealed to the PCRs of the evidence instead. tests/unit/seal.sh has
 * a TPM import and unseal it. */
static void test_sealed(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    guint8 policy[32];
    struct fixture f;
    gsize size;

    fixture_init(&f);
    f.service_config.seal_pcrs = 1u << 0 | 1u << 2 | 1u << 7;
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_post(&f, c.session, evidence, &a);
    g_assert_null(strstr(a.body, "\"credential\":"));
    g_assert_nonnull(strstr(a.body, "\"pcrs\":\"0,2,7\""));
    g_assert_nonnull(strstr(a.body, "\"duplicate\":\""));
    g_autofree char *text = https_answer_string(&a, "public");
    g_autofree guint8 *public = g_base64_decode(text, &size);
    policy_of(&f.guest.sample, policy);
    g_assert_nonnull(memmem(public, size, policy, sizeof(policy)));
    expect(&a, 200, "\"verdict\":\"released\"");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

/* What would be sealed to must be in the quote. */
static void test_sealed_unquoted(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    f.service_config.seal_pcrs = 1u << 0 | 1u << 20;
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 403, "\"failed\":\"quote-pcrs\"");
    expect_audit(&f, "refused quote-pcrs -\n");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

static void test_expired(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    f.service_config.lifetime = 1;
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 410, "\"error\":\"the session has expired\"");
    expect_audit(&f, "expired - -\n");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

/* A restart forgets what was promised, not what was decided. */
static void test_restart(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    fixture_post(&f, c.session, "{}", &a);
    expect(&a, 400,
           "\"verdict\":\"malformed\",\"record\":1,\"failed\":"
           "\"evidence\",\"error\":\"evidence: not of version 1\"");
    fixture_challenge_clear(&c);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    fixture_stop(&f);
    fixture_start(&f);
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 404, "\"error\":\"there is no such session\"");
    expect_audit(&f, "malformed evidence -\n");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

/* Requests that are not of this service, and the words for them */
static const struct {
    const char *method, *path, *body;
    unsigned status;
    const char *text;
} requests[] = {
    { "GET", "/v1/health", "", 200, "{\"version\":1,\"status\":\"ok\"," },
    { "POST", "/v1/health", "", 405, "the method is GET" },
    { "GET", "/v1/challenge", "", 405, "the method is POST" },
    { "DELETE", "/v1/challenge", "", 405, "the method is POST" },
    { "GET", "/", "", 404, "there is no such path" },
    { "GET", "/v2/health", "", 404, "there is no such path" },
    { "POST", "/v1/evidence", "{}", 404, "there is no such path" },
    { "POST", "/v1/evidence/", "{}", 404, "there is no such session" },
    { "POST", "/v1/evidence/00112233445566778899aabbccddeeff", "{}", 404,
      "there is no such session" },
    { "POST", "/v1/evidence/00112233445566778899AABBCCDDEEFF", "{}", 404,
      "there is no such session" },
    { "POST", "/v1/evidence/../../etc/passwd", "{}", 404,
      "there is no such session" },
    { "POST", "/v1/challenge", "", 400, "no keys were sent" },
    { "POST", "/v1/challenge", "{", 400, "not a JSON object" },
    { "POST", "/v1/challenge", "[]", 400, "not a JSON object" },
    { "POST", "/v1/challenge", "null", 400, "not a JSON object" },
    { "POST", "/v1/challenge", " ", 400, "not a JSON object" },
    { "POST", "/v1/challenge", "{}", 400, "lacks \\\"ek_public\\\"" },
    { "POST", "/v1/challenge", "{\"ek_public\":7}", 400,
      "lacks \\\"ek_public\\\"" },
    { "POST", "/v1/challenge", "{\"ek_public\":\"!\"}", 400,
      "\\\"ek_public\\\" is not base64" },
    { "POST", "/v1/challenge",
      "{\"ek_public\":\"AAAA\",\"ak_public\":\"AAAA\",\"ak_name\":\"AAAA\"}",
      400, "ak_public: TPM2B_PUBLIC has 1 bytes too many" },
    { "POST", "/v1/challenge",
      "{\"ek_public\":\"AAA=\",\"ak_public\":\"AAA=\",\"ak_name\":\"AAA=\"}",
      400, "ak_name is not that of ak_public" },
    { "POST", "/v1/challenge",
      "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 400,
      "nested too deeply" },
    { "POST", "/v1/challenge?secret=..%2Fdisk", "{}", 400,
      "not the name of a secret" },
    { "POST", "/v1/challenge?secret=", "{}", 400, "not the name of a secret" },
};

static void test_requests(void)
{
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        https_client_call(f.port, requests[i].method, requests[i].path,
                          requests[i].body, strlen(requests[i].body), &a);
        expect(&a, requests[i].status, requests[i].text);
    }
    expect_audit(&f, "");
    fixture_clear(&f);
}

/* Keys that no credential can be made for, or that do not belong together */
static void test_keys(void)
{
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    struct evtpm_evidence *e = &f.guest.sample.evidence;
    change_flip(&e->ak_name, 7);
    g_autofree char *name = guest_sample_keys(&f.guest);
    https_client_call(f.port, "POST", "/v1/challenge", name, strlen(name), &a);
    expect(&a, 400, "ak_name is not that of ak_public");
    change_flip(&e->ak_name, 7);
    change_put(&e->ek_public, &e->ak_public); /* a signing key */
    g_autofree char *ek = guest_sample_keys(&f.guest);
    https_client_call(f.port, "POST", "/v1/challenge", ek, strlen(ek), &a);
    expect(&a, 400, "ek_public: nothing can be wrapped for this key");
    fixture_clear(&f);
}

static void test_certificate(void)
{
    struct https_client c;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    g_assert_true(https_client_open(&c, f.port));
    g_autofree char *seen = https_client_fingerprint(&c);
    g_assert_cmpstr(seen, ==, f.fingerprint);
    g_assert_cmpint(gnutls_protocol_get_version(c.session), >=, GNUTLS_TLS1_2);
    https_client_close(&c);
    fixture_clear(&f);
}

/* A decision that cannot be recorded does not count. */
static void test_no_record(void)
{
    struct fixture_challenge c;
    struct https_answer a;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    sqlite3 *other;
    g_assert_cmpint(sqlite3_open(f.db, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "ALTER TABLE audit RENAME TO gone",
                                 NULL, NULL, NULL),
                    ==, SQLITE_OK);
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 500, "\"error\":\"the decision could not be recorded\"");
    g_assert_cmpint(sqlite3_exec(other, "ALTER TABLE gone RENAME TO audit",
                                 NULL, NULL, NULL),
                    ==, SQLITE_OK);
    sqlite3_close(other);
    /* and the session is used: its secret was at stake once */
    fixture_post(&f, c.session, evidence, &a);
    expect(&a, 409, "has had its evidence");
    expect_audit(&f, "replayed - -\n");
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    int status;

    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        sample_chips_create(1);
    }
    g_test_add_func("/serve/release", test_release);
    g_test_add_func("/serve/record", test_record);
    g_test_add_func("/serve/unknown-secret", test_unknown_secret);
    g_test_add_func("/serve/crossed", test_crossed);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_strdup_printf(
            "/serve/refused/%s", evtpm_link_name(refusals[i].link));

        g_test_add_data_func(path, &refusals[i], test_refused);
    }
    g_test_add_func("/serve/sealed", test_sealed);
    g_test_add_func("/serve/sealed/unquoted", test_sealed_unquoted);
    g_test_add_func("/serve/expired", test_expired);
    g_test_add_func("/serve/restart", test_restart);
    g_test_add_func("/serve/requests", test_requests);
    g_test_add_func("/serve/keys", test_keys);
    g_test_add_func("/serve/certificate", test_certificate);
    g_test_add_func("/serve/no-record", test_no_record);
    status = g_test_run();
    if (!lists) {
        sample_chips_remove();
    }
    return status;
}
