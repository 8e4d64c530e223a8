/* SPDX-License-Identifier: MIT */
/* Sessions answer once, in time, and so many at most. */
#include "serve/sessions.h"

#define LIFETIME 1000

static void make(struct session *s, unsigned n)
{
    *s = (struct session){ .secret = g_strdup("name") };
    g_snprintf(s->id, sizeof(s->id), "%032x", n);
    g_assert_true(evtpm_blob_set(&s->nonce, &n, sizeof(n)));
    g_assert_true(evtpm_blob_set(&s->credential.secret, "secret", 6));
}

static gboolean add(struct sessions *t, unsigned n, gint64 now)
{
    struct session s;
    make(&s, n);
    gboolean added = sessions_add(t, &s, now);
    g_assert_cmpint(s.nonce.size, ==, added ? 0 : sizeof(n));
    session_clear(&s);
    return added;
}

static enum session_state take(struct sessions *t, unsigned n, gint64 now)
{
    char id[SESSION_ID_SIZE];
    struct session s;
    g_snprintf(id, sizeof(id), "%032x", n);
    enum session_state peeked = sessions_peek(t, id, now);
    enum session_state state = sessions_take(t, id, now, &s);
    g_assert_cmpint(peeked, ==, state);
    if (state == SESSION_OPEN) {
        g_assert_cmpmem(s.nonce.data, s.nonce.size, &n, sizeof(n));
        g_assert_cmpstr(s.secret, ==, "name");
        g_assert_cmpstr(s.id, ==, id);
    } else {
        g_assert_null(s.nonce.data);
    }
    session_clear(&s);
    return state;
}

static void test_once(void)
{
    struct sessions *t = sessions_new(10, LIFETIME);
    g_assert_true(add(t, 1, 0));
    g_assert_true(add(t, 2, 0));
    g_assert_cmpint(take(t, 3, 0), ==, SESSION_UNKNOWN);
    g_assert_cmpint(take(t, 1, 1), ==, SESSION_OPEN);
    g_assert_cmpint(take(t, 1, 1), ==, SESSION_USED);
    g_assert_cmpint(take(t, 2, 1), ==, SESSION_OPEN);
    g_assert_false(add(t, 1, 1)); /* an id is given once */
    sessions_free(t);
}

static void test_time(void)
{
    struct sessions *t = sessions_new(10, LIFETIME);
    g_assert_true(add(t, 1, 0));
    g_assert_true(add(t, 2, 0));
    g_assert_cmpint(take(t, 1, LIFETIME), ==, SESSION_OPEN);
    g_assert_cmpint(take(t, 2, LIFETIME + 1), ==, SESSION_EXPIRED);
    g_assert_cmpint(take(t, 2, LIFETIME + 1), ==, SESSION_EXPIRED);
    /* told for one more lifetime, then forgotten */
    g_assert_true(add(t, 3, 2 * LIFETIME));
    g_assert_cmpint(take(t, 2, 2 * LIFETIME), ==, SESSION_EXPIRED);
    g_assert_true(add(t, 4, 2 * LIFETIME + 1));
    g_assert_cmpint(take(t, 2, 2 * LIFETIME + 1), ==, SESSION_UNKNOWN);
    g_assert_cmpint(sessions_count(t), ==, 2);
    sessions_free(t);
}

static void test_room(void)
{
    struct sessions *t = sessions_new(3, LIFETIME);
    g_assert_true(add(t, 1, 0));
    g_assert_true(add(t, 2, 10));
    g_assert_true(add(t, 3, 20));
    g_assert_false(add(t, 4, 30));
    /* used ones take room too: else a replay would be unknown */
    g_assert_cmpint(take(t, 1, 30), ==, SESSION_OPEN);
    g_assert_false(add(t, 4, 30));
    /* those that expired make room, the oldest first */
    g_assert_true(add(t, 4, LIFETIME + 1));
    g_assert_cmpint(take(t, 1, LIFETIME + 1), ==, SESSION_UNKNOWN);
    g_assert_cmpint(take(t, 2, LIFETIME + 1), ==, SESSION_OPEN);
    g_assert_false(add(t, 5, LIFETIME + 1));
    g_assert_cmpint(sessions_count(t), ==, 3);
    sessions_free(t);
}

#define THREADS 8
#define COUNT 2000

struct race {
    struct sessions *table;
    guint open[COUNT]; /* atomic */
    guint ready;       /* atomic: all start together */
};

static gpointer racer(gpointer data)
{
    struct race *race = data;
    g_atomic_int_inc(&race->ready);
    while (g_atomic_int_get(&race->ready) < THREADS) {
        g_thread_yield();
    }
    for (unsigned i = 0; i < COUNT; i++) {
        enum session_state state;
        char id[SESSION_ID_SIZE];
        struct session s;
        g_snprintf(id, sizeof(id), "%032x", i);
        state = sessions_take(race->table, id, 1, &s);
        if (state == SESSION_OPEN) {
            g_atomic_int_inc(&race->open[i]);
            g_assert_cmpmem(s.nonce.data, s.nonce.size, &i, sizeof(i));
        } else {
            g_assert_cmpint(state, ==, SESSION_USED);
        }
        session_clear(&s);
    }
    return NULL;
}

/* However many ask at once, one gets it. */
static void test_race(void)
{
    g_autofree struct race *race = g_new0(struct race, 1);
    GThread *threads[THREADS];
    race->table = sessions_new(COUNT, LIFETIME);
    for (unsigned i = 0; i < COUNT; i++) {
        g_assert_true(add(race->table, i, 0));
    }
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new("racer", racer, race);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        g_assert_cmpint(race->open[i], ==, 1);
    }
    sessions_free(race->table);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serve/sessions/once", test_once);
    g_test_add_func("/serve/sessions/time", test_time);
    g_test_add_func("/serve/sessions/room", test_room);
    g_test_add_func("/serve/sessions/race", test_race);
    return g_test_run();
}
