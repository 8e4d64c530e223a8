/* SPDX-License-Identifier: MIT */
/*
 * Many guests at once, and clients that take time, room or connections: the
 * honest ones are answered, the others are told what was too much.
 */
#include <poll.h>
#include <string.h>

#include "tests/unit/only-lists.h"
#include "tests/unit/serve-fixture.h"

#define GUESTS 100
#define RACERS 16

/* All start together. */
struct start {
    GMutex lock;
    GCond go;
    guint waiting, count;
};

static void start_wait(struct start *s)
{
    g_mutex_lock(&s->lock);
    if (++s->waiting == s->count) {
        g_cond_broadcast(&s->go);
    }
    while (s->waiting < s->count) {
        g_cond_wait(&s->go, &s->lock);
    }
    g_mutex_unlock(&s->lock);
}

struct caller {
    struct fixture *f;
    struct start *start;
    struct fixture_challenge challenge;
    char *evidence;
    struct https_answer answer;
};

static gpointer ask(gpointer data)
{
    struct caller *c = data;

    start_wait(c->start);
    fixture_challenge(c->f, "disk", &c->challenge);
    return NULL;
}

static gpointer post(gpointer data)
{
    struct caller *c = data;

    start_wait(c->start);
    fixture_post(c->f, c->challenge.session, c->evidence, &c->answer);
    return NULL;
}

static void at_once(struct caller *callers, guint count, GThreadFunc call)
{
    struct start start = { .count = count };
    GThread *threads[GUESTS];

    g_mutex_init(&start.lock);
    g_cond_init(&start.go);
    for (guint i = 0; i < count; i++) {
        callers[i].start = &start;
        threads[i] = g_thread_new("caller", call, &callers[i]);
    }
    for (guint i = 0; i < count; i++) {
        g_thread_join(threads[i]);
    }
    g_mutex_clear(&start.lock);
    g_cond_clear(&start.go);
}

static void caller_clear(struct caller *c)
{
    fixture_challenge_clear(&c->challenge);
    g_free(c->evidence);
    https_answer_clear(&c->answer);
}

static void check_secret(struct fixture *f, const struct https_answer *a)
{
    g_autofree char *credential = https_answer_string(a, "credential");
    g_autofree char *envelope = https_answer_string(a, "envelope");

    g_assert_cmpint(a->status, ==, 200);
    g_autoptr(GBytes) secret =
        guest_sample_unwrap(&f->guest, credential, envelope);
    g_assert_cmpmem(g_bytes_get_data(secret, NULL), g_bytes_get_size(secret),
                    FIXTURE_SECRET, strlen(FIXTURE_SECRET));
}

static guint count_lines(const char *text, const char *line)
{
    guint count = 0;

    for (const char *at = text; (at = strstr(at, line)); at += strlen(line)) {
        count++;
    }
    return count;
}

static void test_crowd(void)
{
    g_autofree struct caller *callers = g_new0(struct caller, GUESTS);
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    for (guint i = 0; i < GUESTS; i++) {
        callers[i].f = &f;
    }
    at_once(callers, GUESTS, ask);
    for (guint i = 0; i < GUESTS; i++) {
        callers[i].evidence =
            guest_sample_evidence(&f.guest, callers[i].challenge.nonce,
                                  callers[i].challenge.credential);
    }
    at_once(callers, GUESTS, post);
    for (guint i = 0; i < GUESTS; i++) {
        check_secret(&f, &callers[i].answer);
        caller_clear(&callers[i]);
    }
    g_autofree char *audit = fixture_audit(&f);
    g_assert_cmpint(count_lines(audit, "released - disk\n"), ==, GUESTS);
    g_assert_cmpint(strlen(audit), ==, GUESTS * strlen("released - disk\n"));
    fixture_clear(&f);
}

/* One session, its evidence sent many times at once: one is answered. */
static void test_race(void)
{
    struct caller callers[RACERS] = { { 0 } };
    struct fixture_challenge c;
    guint won = 0;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    fixture_challenge(&f, "disk", &c);
    g_autofree char *evidence =
        guest_sample_evidence(&f.guest, c.nonce, c.credential);
    for (guint i = 0; i < RACERS; i++) {
        callers[i].f = &f;
        callers[i].challenge.session = g_strdup(c.session);
        callers[i].evidence = g_strdup(evidence);
    }
    at_once(callers, RACERS, post);
    for (guint i = 0; i < RACERS; i++) {
        if (callers[i].answer.status == 200) {
            check_secret(&f, &callers[i].answer);
            won++;
        } else {
            g_assert_cmpint(callers[i].answer.status, ==, 409);
        }
        caller_clear(&callers[i]);
    }
    g_assert_cmpint(won, ==, 1);
    g_autofree char *audit = fixture_audit(&f);
    g_assert_cmpint(count_lines(audit, "released - disk\n"), ==, 1);
    g_assert_cmpint(count_lines(audit, "replayed - -\n"), ==, RACERS - 1);
    fixture_challenge_clear(&c);
    fixture_clear(&f);
}

static void call(struct fixture *f, const char *path, const char *body,
                 unsigned status, const char *text)
{
    struct https_answer a;

    https_client_call(f->port, body ? "POST" : "GET", path, body,
                      body ? strlen(body) : 0, &a);
    g_test_message("%u %.200s", a.status, a.body);
    g_assert_cmpint(a.status, ==, status);
    g_assert_nonnull(strstr(a.body, text));
    if (status == 503) {
        g_assert_nonnull(strstr(a.head, "\r\nRetry-After: 1"));
    }
    https_answer_clear(&a);
}

static void test_sessions_full(void)
{
    struct fixture_challenge c[2];
    struct fixture f;

    fixture_init(&f);
    f.service_config.sessions_most = 2;
    fixture_start(&f);
    fixture_challenge(&f, NULL, &c[0]);
    fixture_challenge(&f, NULL, &c[1]);
    g_autofree char *keys = guest_sample_keys(&f.guest);
    call(&f, "/v1/challenge", keys, 503,
         "\"error\":\"too many sessions are open\"");
    call(&f, "/v1/health", NULL, 200, "\"sessions\":2");
    fixture_challenge_clear(&c[0]);
    fixture_challenge_clear(&c[1]);
    fixture_clear(&f);
}

static void test_clients_full(void)
{
    struct https_client idle[2];
    struct fixture f;

    fixture_init(&f);
    f.https_config.clients_most = 2;
    fixture_start(&f);
    call(&f, "/v1/health", NULL, 200, "ok");
    g_assert_true(https_client_open(&idle[0], f.port));
    g_assert_true(https_client_open(&idle[1], f.port));
    call(&f, "/v1/health", NULL, 503, "\"error\":\"too many clients\"");
    https_client_close(&idle[0]);
    https_client_close(&idle[1]);
    struct https_answer a = { 0 };
    do { /* the server notices in its own time */
        https_answer_clear(&a);
        https_client_call(f.port, "GET", "/v1/health", NULL, 0, &a);
        g_assert_true(a.status == 200 || a.status == 503);
    } while (a.status != 200);
    https_answer_clear(&a);
    fixture_clear(&f);
}

/* Readable, or closed, within the time */
static gboolean readable(const struct https_client *c, int ms)
{
    struct pollfd fd = { .fd = c->fd, .events = POLLIN };

    return poll(&fd, 1, ms) > 0;
}

/* A byte now and then is no request. */
static void test_slow(void)
{
    static const char head[] = "POST /v1/challenge HTTP/1.1\r\n"
                               "Content-Length: 9999\r\n\r\n";
    struct https_client slow, silent;
    gint64 begin = g_get_monotonic_time();
    struct fixture f;

    fixture_init(&f);
    f.https_config.seconds = 1;
    fixture_start(&f);
    g_assert_true(https_client_open(&silent, f.port));
    g_assert_true(https_client_open(&slow, f.port));
    g_assert_true(https_client_send(&slow, head, strlen(head)));
    call(&f, "/v1/health", NULL, 200, "ok"); /* held up by nobody */
    gnutls_record_set_timeout(slow.session, 1);
    do {
        char part[100];

        if (readable(&slow, 50) &&
            gnutls_record_recv(slow.session, part, sizeof(part)) !=
                GNUTLS_E_AGAIN) {
            break;
        }
    } while (https_client_send(&slow, " ", 1));
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 30 * G_USEC_PER_SEC);
    g_autoptr(GString) nothing = https_client_read(&silent);
    g_assert_cmpint(nothing->len, ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - begin, >=, G_USEC_PER_SEC);
    https_client_close(&slow);
    https_client_close(&silent);
    fixture_clear(&f);
}

static void raw(struct fixture *f, const char *request, const char *status)
{
    struct https_client c;

    g_assert_true(https_client_open(&c, f->port));
    g_assert_true(https_client_send(&c, request, strlen(request)));
    g_autoptr(GString) answer = https_client_read(&c);
    g_test_message("%.60s", answer->str);
    g_assert_true(g_str_has_prefix(answer->str, status));
    https_client_close(&c);
}

static void test_large(void)
{
    g_autoptr(GString) chunks =
        g_string_new("POST /v1/challenge HTTP/1.1\r\nHost: localhost\r\n"
                     "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    /* refused before it is sent */
    raw(&f,
        "POST /v1/challenge HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 16385\r\n\r\n",
        "HTTP/1.1 413 ");
    raw(&f,
        "POST /v1/challenge HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 4");
    /* refused when it turns out */
    for (int i = 0; i < 5; i++) {
        g_string_append_printf(chunks, "1000\r\n%04096d\r\n", 0);
    }
    g_string_append(chunks, "0\r\n\r\n");
    raw(&f, chunks->str, "HTTP/1.1 413 ");
    /* the most that is taken is read, and found to be no keys */
    g_autofree char *most = g_strnfill(SERVICE_KEYS_MAX, ' ');
    call(&f, "/v1/challenge", most, 400, "not a JSON object");
    /* no session, no evidence: of whatever size */
    raw(&f,
        "POST /v1/evidence/00112233445566778899aabbccddeeff HTTP/1.1\r\n"
        "Host: localhost\r\nContent-Length: 8000000\r\n\r\n",
        "HTTP/1.1 404 ");
    fixture_clear(&f);
}

/* All bodies together */
static void test_bodies_full(void)
{
    static const char half[] = "POST /v1/challenge HTTP/1.1\r\nHost: l\r\n"
                               "Connection: close\r\nContent-Length: 60\r\n\r\n"
                               "123456789012345678901234567890";
    struct https_client first;
    struct fixture f;

    fixture_init(&f);
    f.https_config.bodies_most = 80;
    fixture_start(&f);
    g_assert_true(https_client_open(&first, f.port));
    g_assert_true(https_client_send(&first, half, strlen(half)));
    g_autofree char *body = g_strnfill(60, ' ');
    struct https_answer a = { 0 };
    do { /* until the first one's half is there */
        https_answer_clear(&a);
        https_client_call(f.port, "POST", "/v1/challenge", body, 60, &a);
        g_assert_true(a.status == 400 || a.status == 503);
    } while (a.status != 503);
    g_assert_nonnull(strstr(a.body, "too much is being sent at once"));
    https_answer_clear(&a);
    g_assert_true(https_client_send(&first, half + strlen(half) - 30, 30));
    g_autoptr(GString) answer = https_client_read(&first);
    g_assert_true(g_str_has_prefix(answer->str, "HTTP/1.1 400 "));
    https_client_close(&first);
    call(&f, "/v1/challenge", body, 400, "not a JSON object");
    fixture_clear(&f);
}

static gpointer stop(gpointer data)
{
    fixture_stop(data);
    return NULL;
}

/* Who has begun is answered, who has not is let go, before it ends. */
static void test_stop(void)
{
    static const char head[] = "POST /v1/challenge HTTP/1.1\r\nHost: l\r\n"
                               "Connection: close\r\nContent-Length: 4\r\n"
                               "Expect: 100-continue\r\n\r\n";
    struct https_client busy, idle;
    struct fixture f;

    fixture_init(&f);
    fixture_start(&f);
    g_assert_true(https_client_open(&busy, f.port));
    g_assert_true(https_client_open(&idle, f.port));
    g_assert_true(https_client_send(&busy, head, strlen(head)));
    char go_on[100];
    g_assert_cmpint(gnutls_record_recv(busy.session, go_on, sizeof(go_on)), >,
                    0);
    g_assert_true(g_str_has_prefix(go_on, "HTTP/1.1 100 "));
    GThread *thread = g_thread_new("stop", stop, &f);
    g_autoptr(GString) nothing = https_client_read(&idle);
    g_assert_cmpint(nothing->len, ==, 0);
    g_assert_true(https_client_send(&busy, "null", 4));
    g_autoptr(GString) answer = https_client_read(&busy);
    g_assert_true(g_str_has_prefix(answer->str, "HTTP/1.1 400 "));
    g_thread_join(thread);
    https_client_close(&busy);
    https_client_close(&idle);
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
    g_test_add_func("/serve/load/crowd", test_crowd);
    g_test_add_func("/serve/load/race", test_race);
    g_test_add_func("/serve/load/sessions-full", test_sessions_full);
    g_test_add_func("/serve/load/clients-full", test_clients_full);
    g_test_add_func("/serve/load/slow", test_slow);
    g_test_add_func("/serve/load/large", test_large);
    g_test_add_func("/serve/load/bodies-full", test_bodies_full);
    g_test_add_func("/serve/load/stop", test_stop);
    status = g_test_run();
    if (!lists) {
        sample_chips_remove();
    }
    return status;
}
