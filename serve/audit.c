/* SPDX-License-Identifier: MIT */
#include "serve/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

/* "evtp": a database of another program is not written to. */
#define APPLICATION_ID 0x65767470
#define SCHEMA_VERSION 1
#define BUSY_MS 5000

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS audit("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL,"
    " session TEXT NOT NULL, peer TEXT NOT NULL, verdict TEXT NOT NULL,"
    " link TEXT, evidence TEXT, secret TEXT);"
    "CREATE TRIGGER IF NOT EXISTS audit_keep BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'audit records are kept'); END;"
    "CREATE TRIGGER IF NOT EXISTS audit_same BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'audit records are kept'); END;"
    "PRAGMA application_id=1702261872; PRAGMA user_version=1;"
    "COMMIT";

/* A record on its way, on its caller's stack */
struct waiting {
    struct audit_record *record;
    gboolean done;
    GError *error;
    struct waiting *next;
};

struct audit {
    char *path;
    sqlite3 *db;
    sqlite3_stmt *insert;
    pthread_mutex_t lock; /* `first`, `last`, `writing`; and all of `done` */
    pthread_cond_t wrote;
    struct waiting *first, *last;
    gboolean writing; /* somebody uses `db` */
};

static gboolean fail_db(sqlite3 *db, const char *path, GError **error)
{
    return fail(error, HARNESS_ERROR_FAILED, "%s: %s", path,
                db ? sqlite3_errmsg(db) : "out of memory");
}

static gboolean run(sqlite3 *db, const char *path, const char *sql,
                    GError **error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           fail_db(db, path, error);
}

/* The first column of the first row; -1 when there is none. */
static gint64 number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    gint64 value = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        value = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return value;
}

/* Ours, or new and empty. */
static gboolean check(sqlite3 *db, const char *path, gboolean may_be_new,
                      GError **error)
{
    gint64 id = number(db, "PRAGMA application_id");
    gint64 version = number(db, "PRAGMA user_version");
    gint64 tables = number(db, "SELECT count(*) FROM sqlite_master");
    if (id < 0 || version < 0 || tables < 0) {
        return fail_db(db, path, error);
    }
    if (may_be_new && id == 0 && tables == 0) {
        return TRUE;
    }
    if (id != APPLICATION_ID) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "%s is not an audit log of evtpm", path);
    }
    return version == SCHEMA_VERSION ||
           fail(error, HARNESS_ERROR_FAILED,
                "%s is an audit log of version %" G_GINT64_FORMAT
                ", this evtpm knows version %d",
                path, version, SCHEMA_VERSION);
}

/* SQLite would make it for all to read. */
static gboolean create(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail_errno(error, errno, "%s", path);
    }
    close(fd);
    return TRUE;
}

static gboolean prepare(struct audit *a, GError **error)
{
    static const char insert[] =
        "INSERT INTO audit(time, session, peer, verdict, link, evidence,"
        " secret) VALUES(?, ?, ?, ?, ?, ?, ?)";
    if (sqlite3_open_v2(a->path, &a->db, SQLITE_OPEN_READWRITE, NULL) !=
        SQLITE_OK) {
        return fail_db(a->db, a->path, error);
    }
    sqlite3_busy_timeout(a->db, BUSY_MS);
    if (!check(a->db, a->path, TRUE, error) ||
        !run(a->db, a->path, "PRAGMA journal_mode=WAL", error) ||
        !run(a->db, a->path, "PRAGMA synchronous=FULL", error) ||
        !run(a->db, a->path, schema, error)) {
        return FALSE;
    }
    /* A file system without shared memory leaves another journal: it is as
     * durable, but the promise is checked, not assumed. */
    if (number(a->db, "PRAGMA synchronous") != 2) {
        return fail(error, HARNESS_ERROR_FAILED, "%s: cannot be synced",
                    a->path);
    }
    return sqlite3_prepare_v2(a->db, insert, -1, &a->insert, NULL) ==
               SQLITE_OK ||
           fail_db(a->db, a->path, error);
}

struct audit *audit_open(const char *path, GError **error)
{
    struct audit *a = g_new0(struct audit, 1);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->wrote, NULL);
    a->path = g_strdup(path);
    if (!create(path, error) || !prepare(a, error)) {
        g_clear_pointer(&a, audit_close);
    }
    return a;
}

void audit_close(struct audit *a)
{
    if (!a) {
        return;
    }
    sqlite3_finalize(a->insert);
    sqlite3_close(a->db);
    pthread_cond_destroy(&a->wrote);
    pthread_mutex_destroy(&a->lock);
    g_free(a->path);
    g_free(a);
}

static gboolean insert(struct audit *a, struct audit_record *r, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *second = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
    g_snprintf(r->time, sizeof(r->time), "%s.%03dZ", second,
               g_date_time_get_microsecond(now) / 1000);
    const char *const columns[] = { r->time, r->session,  r->peer,  r->verdict,
                                    r->link, r->evidence, r->secret };
    gboolean ok = TRUE;
    for (int i = 0; ok && i < (int)G_N_ELEMENTS(columns); i++) {
        ok = sqlite3_bind_text(a->insert, i + 1, columns[i], -1,
                               SQLITE_STATIC) == SQLITE_OK;
    }
    ok = ok && sqlite3_step(a->insert) == SQLITE_DONE;
    r->id = sqlite3_last_insert_rowid(a->db);
    if (!ok) {
        fail_db(a->db, a->path, error);
    }
    sqlite3_reset(a->insert);
    sqlite3_clear_bindings(a->insert);
    return ok;
}

/* All of them or none */
static void write_batch(struct audit *a, struct waiting *batch)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = run(a->db, a->path, "BEGIN IMMEDIATE", &error);
    for (struct waiting *w = batch; ok && w; w = w->next) {
        ok = insert(a, w->record, &error);
    }
    ok = ok && run(a->db, a->path, "COMMIT", &error);
    if (!ok) {
        sqlite3_exec(a->db, "ROLLBACK", NULL, NULL, NULL);
        for (struct waiting *w = batch; w; w = w->next) {
            w->error = g_error_copy(error);
        }
    }
}

/* Whoever comes while nobody writes, writes for all that wait. */
gboolean audit_append(struct audit *a, struct audit_record *record,
                      GError **error)
{
    struct waiting me = { .record = record };
    pthread_mutex_lock(&a->lock);
    if (a->last) {
        a->last->next = &me;
    } else {
        a->first = &me;
    }
    a->last = &me;
    while (!me.done) {
        if (a->writing) {
            pthread_cond_wait(&a->wrote, &a->lock);
            continue;
        }
        struct waiting *batch = a->first, *next;
        a->first = a->last = NULL;
        a->writing = TRUE;
        pthread_mutex_unlock(&a->lock);
        write_batch(a, batch);
        pthread_mutex_lock(&a->lock);
        a->writing = FALSE;
        for (; batch; batch = next) {
            next = batch->next; /* done: its owner may be gone */
            batch->done = TRUE;
        }
        pthread_cond_broadcast(&a->wrote);
    }
    pthread_mutex_unlock(&a->lock);
    if (me.error) {
        g_propagate_error(error, me.error);
        return FALSE;
    }
    return TRUE;
}

static void tell(sqlite3_stmt *s, audit_fn each, void *user)
{
#define TEXT(n) ((const char *)sqlite3_column_text(s, n))
    struct audit_record r = {
        .id = sqlite3_column_int64(s, 0),
        .session = TEXT(2),
        .peer = TEXT(3),
        .verdict = TEXT(4),
        .link = TEXT(5),
        .evidence = TEXT(6),
        .secret = TEXT(7),
    };
    g_strlcpy(r.time, TEXT(1), sizeof(r.time));
#undef TEXT
    each(&r, user);
}

static gboolean list(sqlite3 *db, const char *path, audit_fn each, void *user,
                     GError **error)
{
    static const char query[] =
        "SELECT id, time, session, peer, verdict, link, evidence, secret"
        " FROM audit ORDER BY id";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, query, -1, &statement, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            tell(statement, each, user);
        }
    }
    if (rc != SQLITE_DONE) {
        fail_db(db, path, error);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE;
}

gboolean audit_list(const char *path, audit_fn each, void *user, GError **error)
{
    sqlite3 *db = NULL;
    if (access(path, R_OK) < 0) {
        return fail_errno(error, errno, "%s", path);
    }
    /* Not read-only: what a killed service left in its log is to be read too */
    gboolean ok =
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK ||
        fail_db(db, path, error);
    if (ok) {
        sqlite3_busy_timeout(db, BUSY_MS);
        ok = check(db, path, FALSE, error) && list(db, path, each, user, error);
    }
    sqlite3_close(db);
    return ok;
}
