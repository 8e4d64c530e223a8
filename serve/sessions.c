/* SPDX-License-Identifier: MIT */
#include "serve/sessions.h"

#include <gnutls/crypto.h>
#include <pthread.h>
#include <string.h>

struct entry {
    struct session session; /* but the id, empty once used */
    gint64 expires;
    gboolean used;
};

struct sessions {
    pthread_mutex_t lock;
    GHashTable *by_id; /* owns the entries */
    GQueue by_age;     /* the oldest first: all live equally long */
    unsigned most;
    gint64 lifetime;
};

static void wipe(struct evtpm_blob *blob)
{
    if (blob->size) {
        gnutls_memset(blob->data, 0, blob->size);
    }
    evtpm_blob_clear(blob);
}

void session_clear(struct session *s)
{
    evtpm_blob_clear(&s->nonce);
    wipe(&s->credential.secret);
    evtpm_blob_clear(&s->credential.ek_public);
    evtpm_blob_clear(&s->credential.ak_name);
    g_clear_pointer(&s->secret, g_free);
}

static void entry_free(gpointer data)
{
    struct entry *entry = data;
    session_clear(&entry->session);
    g_free(entry);
}

struct sessions *sessions_new(unsigned most, gint64 lifetime)
{
    struct sessions *s = g_new0(struct sessions, 1);
    pthread_mutex_init(&s->lock, NULL);
    s->by_id = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    g_queue_init(&s->by_age);
    s->most = most;
    s->lifetime = lifetime;
    return s;
}

void sessions_free(struct sessions *s)
{
    if (!s) {
        return;
    }
    g_queue_clear(&s->by_age);
    g_hash_table_destroy(s->by_id);
    pthread_mutex_destroy(&s->lock);
    g_free(s);
}

/* Forgets those that expired before `when`. */
static void forget(struct sessions *s, gint64 when)
{
    struct entry *oldest;
    while ((oldest = g_queue_peek_head(&s->by_age)) && oldest->expires < when) {
        g_queue_pop_head(&s->by_age);
        g_hash_table_remove(s->by_id, oldest->session.id);
    }
}

static gboolean add(struct sessions *s, struct session *session, gint64 now)
{
    forget(s, now - s->lifetime);
    if (g_hash_table_size(s->by_id) >= s->most) {
        forget(s, now);
    }
    if (g_hash_table_size(s->by_id) >= s->most ||
        g_hash_table_contains(s->by_id, session->id)) {
        return FALSE;
    }
    struct entry *entry = g_new0(struct entry, 1);
    entry->session = *session;
    entry->expires = now + s->lifetime;
    g_hash_table_insert(s->by_id, entry->session.id, entry);
    g_queue_push_tail(&s->by_age, entry);
    *session = (struct session){ 0 };
    return TRUE;
}

gboolean sessions_add(struct sessions *s, struct session *session, gint64 now)
{
    pthread_mutex_lock(&s->lock);
    gboolean added = add(s, session, now);
    pthread_mutex_unlock(&s->lock);
    return added;
}

static enum session_state state_of(const struct entry *entry, gint64 now)
{
    return !entry                 ? SESSION_UNKNOWN
           : entry->used          ? SESSION_USED
           : entry->expires < now ? SESSION_EXPIRED
                                  : SESSION_OPEN;
}

enum session_state sessions_peek(struct sessions *s, const char *id, gint64 now)
{
    pthread_mutex_lock(&s->lock);
    enum session_state state = state_of(g_hash_table_lookup(s->by_id, id), now);
    pthread_mutex_unlock(&s->lock);
    return state;
}

enum session_state sessions_take(struct sessions *s, const char *id, gint64 now,
                                 struct session *out)
{
    *out = (struct session){ 0 };
    pthread_mutex_lock(&s->lock);
    struct entry *entry = g_hash_table_lookup(s->by_id, id);
    enum session_state state = state_of(entry, now);
    if (state == SESSION_OPEN) {
        entry->used = TRUE;
        *out = entry->session;
        entry->session = (struct session){ 0 };
        memcpy(entry->session.id, out->id, sizeof(out->id));
    }
    pthread_mutex_unlock(&s->lock);
    return state;
}

unsigned sessions_count(struct sessions *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned count = g_hash_table_size(s->by_id);
    pthread_mutex_unlock(&s->lock);
    return count;
}
