/* SPDX-License-Identifier: MIT */
/*
 * evtpm serve, killed under load again and again: each decision that a client
 * was told of is in the audit log, as it was told.
 */
#include <string.h>

#include "harness/tree.h"
#include "serve/audit.h"
#include "tests/unit/guest-sample.h"
#include "tests/unit/https-client.h"
#include "tests/unit/only-lists.h"
#include "tests/unit/serve-process.h"

#define CLIENTS 8
#define REAL_EACH 4 /* of so many answers one is genuine evidence */

struct told {
    gint64 record;
    char *session, *verdict;
};

static struct {
    struct guest_sample guest;
    char *keys;
    guint16 port;
    GMutex lock;
    GCond more;
    GArray *told; /* under the lock */
} load;

static void told_clear(gpointer data)
{
    struct told *t = data;

    g_free(t->session);
    g_free(t->verdict);
}

static void remember(const char *session, const struct https_answer *a)
{
    const char *at = strstr(a->body, "\"record\":");
    struct told t = { .session = g_strdup(session),
                      .verdict = https_answer_string(a, "verdict") };

    g_assert_nonnull(at);
    g_assert_nonnull(t.verdict);
    t.record = g_ascii_strtoll(at + strlen("\"record\":"), NULL, 10);
    g_mutex_lock(&load.lock);
    g_array_append_val(load.told, t);
    g_cond_signal(&load.more);
    g_mutex_unlock(&load.lock);
}

/* FALSE: the service is gone. */
static gboolean exchange(gboolean real)
{
    struct https_answer a;

    https_client_call(load.port, "POST", "/v1/challenge?secret=disk", load.keys,
                      strlen(load.keys), &a);
    g_autofree char *session = https_answer_string(&a, "session");
    g_autofree char *nonce = https_answer_string(&a, "nonce");
    g_autofree char *credential = https_answer_string(&a, "credential");
    https_answer_clear(&a);
    if (!credential) {
        return FALSE;
    }
    g_autofree char *evidence =
        real ? guest_sample_evidence(&load.guest, nonce, credential)
             : g_strdup("{\"version\":1}");
    g_autofree char *path = g_strconcat("/v1/evidence/", session, NULL);
    https_client_call(load.port, "POST", path, evidence, strlen(evidence), &a);
    gboolean answered = a.status != 0 && a.body && *a.body;
    if (answered) {
        g_assert_cmpint(a.status, ==, real ? 200 : 400);
        remember(session, &a);
    }
    https_answer_clear(&a);
    return answered;
}

static gpointer client(gpointer data)
{
    for (guint i = GPOINTER_TO_UINT(data); exchange(i % REAL_EACH == 0); i++) {
    }
    return NULL;
}

/* Every record's text by its id */
static void collect(const struct audit_record *r, void *user)
{
    g_hash_table_insert(user, g_memdup2(&r->id, sizeof(r->id)),
                        g_strdup_printf("%s %s %s", r->session, r->verdict,
                                        r->secret ? r->secret : "-"));
}

static guint check_told(const char *db)
{
    g_autoptr(GHashTable) log =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    g_autoptr(GError) error = NULL;
    guint released = 0;

    audit_list(db, collect, log, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < load.told->len; i++) {
        struct told *t = &g_array_index(load.told, struct told, i);
        gboolean was_released = strcmp(t->verdict, "released") == 0;
        g_autofree char *wanted = g_strdup_printf(
            "%s %s %s", t->session, t->verdict, was_released ? "disk" : "-");

        g_assert_cmpstr(g_hash_table_lookup(log, &t->record), ==, wanted);
        released += was_released;
    }
    g_test_message("%u told, %u of them released, %u in the log",
                   load.told->len, released, g_hash_table_size(log));
    /* the control: what nobody was told is not found */
    gint64 none = g_hash_table_size(log) + 1000;
    g_assert_null(g_hash_table_lookup(log, &none));
    return released;
}

static void round_of(const char *const *arguments, guint kill_after)
{
    struct serve_process serve;
    GThread *threads[CLIENTS];

    serve_process_start(&serve, arguments);
    load.port = serve.port;
    g_mutex_lock(&load.lock);
    guint goal = load.told->len + kill_after;
    for (guint i = 0; i < CLIENTS; i++) {
        threads[i] = g_thread_new("client", client, GUINT_TO_POINTER(i));
    }
    while (load.told->len < goal) {
        g_cond_wait(&load.more, &load.lock);
    }
    g_mutex_unlock(&load.lock);
    serve_process_kill(&serve);
    for (guint i = 0; i < CLIENTS; i++) {
        g_thread_join(threads[i]);
    }
}

static void test_kill(void)
{
    static const guint kill_after[] = { 1, 2, 3, 5, 8, 13, 21, 34, 55, 89 };
    char hex[97];

    if (!serve_process_program()) {
        return;
    }
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *db = g_build_filename(dir, "audit.db", NULL);
    g_autofree char *secrets = g_build_filename(dir, "secrets.json", NULL);
    g_autofree char *root =
        g_build_filename(sample_chip_dir(0), "ark.pem", NULL);
    evtpm_hex(hex, sizeof(hex), load.guest.sample.launch_digest[0], 48);
    const char *arguments[] = { "--db",     db,       "--secrets",
                                secrets,    "--root", root,
                                "--digest", hex,      NULL };
    g_assert_true(tree_write(secrets, "{\"disk\":\"c2VjcmV0\"}", -1, NULL));
    guint released = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(kill_after); i++) {
        round_of(arguments, kill_after[i]);
        released = check_told(db);
    }
    g_assert_cmpint(released, >=, 10);
    g_assert_cmpint(load.told->len, >=,
                    1 + 2 + 3 + 5 + 8 + 13 + 21 + 34 + 55 + 89);
    tree_remove(dir);
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    int status;

    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        sample_chips_create(1);
        guest_sample_init(&load.guest, 0, 0);
        load.keys = guest_sample_keys(&load.guest);
    }
    load.told = g_array_new(FALSE, FALSE, sizeof(struct told));
    g_array_set_clear_func(load.told, told_clear);
    g_test_add_func("/serve/kill", test_kill);
    status = g_test_run();
    g_array_unref(load.told);
    if (!lists) {
        g_free(load.keys);
        guest_sample_clear(&load.guest);
        sample_chips_remove();
    }
    return status;
}
