/* SPDX-License-Identifier: MIT */
/* The audit log keeps what it said it has, and takes nothing back. */
#include "serve/audit.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "harness/tree.h"

static char *dir, *path;

static void begin(void)
{
    dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_assert_nonnull(dir);
    path = g_build_filename(dir, "audit.db", NULL);
}

static void end(void)
{
    tree_remove(dir);
    g_clear_pointer(&dir, g_free);
    g_clear_pointer(&path, g_free);
}

static void line(const struct audit_record *r, void *user)
{
    g_string_append_printf(
        user, "%d %s %s %s %s %s %s\n", (int)r->id, r->session, r->peer,
        r->verdict, r->link ? r->link : "-", r->evidence ? r->evidence : "-",
        r->secret ? r->secret : "-");
    /* 2026-11-26T04:05:06.789Z */
    g_assert_cmpint(strlen(r->time), ==, 24);
    g_assert_cmpint(r->time[23], ==, 'Z');
}

static char *listed(void)
{
    g_autoptr(GError) error = NULL;
    GString *all = g_string_new(NULL);
    audit_list(path, line, all, &error);
    g_assert_no_error(error);
    return g_string_free(all, FALSE);
}

static gint64 append(struct audit *a, const char *session, const char *secret)
{
    g_autoptr(GError) error = NULL;
    struct audit_record r = { .session = session,
                              .peer = "127.0.0.1:1",
                              .verdict = secret ? "released" : "refused",
                              .link = secret ? NULL : "vmpl",
                              .evidence = "00ff",
                              .secret = secret };
    audit_append(a, &r, &error);
    g_assert_no_error(error);
    return r.id;
}

static void test_keeps(void)
{
    g_autoptr(GError) error = NULL;
    GStatBuf st;
    begin();
    struct audit *a = audit_open(path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(append(a, "s1", "disk"), ==, 1);
    g_assert_cmpint(append(a, "s2", NULL), ==, 2);
    /* read while it is open, by another connection */
    g_autofree char *both = listed();
    g_assert_cmpstr(both, ==,
                    "1 s1 127.0.0.1:1 released - 00ff disk\n"
                    "2 s2 127.0.0.1:1 refused vmpl 00ff -\n");
    audit_close(a);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0600);
    a = audit_open(path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(append(a, "s3", NULL), ==, 3);
    audit_close(a);
    g_autofree char *all = listed();
    g_assert_true(g_str_has_prefix(all, both));
    g_assert_nonnull(strstr(all, "\n3 s3 "));
    end();
}

static void execute(const char *sql, const char *expect)
{
    sqlite3 *db;
    g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, NULL);
    g_assert_cmpstr(sqlite3_errmsg(db), ==, expect);
    sqlite3_close(db);
}

/* Not a lock against whoever owns the file, but one against mistakes. */
static void test_only_grows(void)
{
    begin();
    struct audit *a = audit_open(path, NULL);
    append(a, "s1", NULL);
    execute("DELETE FROM audit", "audit records are kept");
    execute("UPDATE audit SET verdict='released'", "audit records are kept");
    g_autofree char *all = listed();
    g_assert_cmpstr(all, ==, "1 s1 127.0.0.1:1 refused vmpl 00ff -\n");
    audit_close(a);
    end();
}

static void refused(const char *expect)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(audit_open(path, &error));
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, expect));
    g_clear_error(&error);
    g_assert_false(audit_list(path, line, NULL, &error));
    g_assert_nonnull(strstr(error->message, expect));
}

static void test_others(void)
{
    begin();
    execute("CREATE TABLE theirs(x)", "not an error");
    refused("is not an audit log of evtpm");
    g_unlink(path);
    g_assert_true(g_file_set_contents(path, "no database, but text", -1, NULL));
    refused("file is not a database");
    g_unlink(path);
    audit_close(audit_open(path, NULL));
    execute("PRAGMA user_version=2", "not an error");
    refused("version 2, this evtpm knows version 1");
    g_free(path);
    path = g_build_filename(dir, "no", "audit.db", NULL);
    refused("No such file or directory");
    end();
}

/* What could not be written is not said to be. */
static void test_locked(void)
{
    g_autoptr(GError) error = NULL;
    struct audit_record r = { .session = "s", .peer = "p", .verdict = "v" };
    sqlite3 *other;
    begin();
    struct audit *a = audit_open(path, NULL);
    g_assert_cmpint(sqlite3_open(path, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
                    ==, SQLITE_OK);
    g_assert_false(audit_append(a, &r, &error));
    g_assert_nonnull(strstr(error->message, "locked"));
    g_assert_cmpint(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), ==,
                    SQLITE_OK);
    sqlite3_close(other);
    /* and it goes on afterwards */
    g_assert_cmpint(append(a, "s1", NULL), ==, 1);
    /* a record without what must be there */
    g_clear_error(&error);
    r.verdict = NULL;
    g_assert_false(audit_append(a, &r, &error));
    g_assert_nonnull(strstr(error->message, "NOT NULL"));
    g_assert_cmpint(append(a, "s2", NULL), >=, 2);
    audit_close(a);
    end();
}

#define THREADS 16
#define EACH 50

static gint64 ids[THREADS][EACH];
static struct audit *shared;

static gpointer appender(gpointer data)
{
    guint n = GPOINTER_TO_UINT(data);
    for (guint i = 0; i < EACH; i++) {
        g_autofree char *session = g_strdup_printf("%u.%u", n, i);
        ids[n][i] = append(shared, session, NULL);
    }
    return NULL;
}

static void find(const struct audit_record *r, void *user)
{
    guint n, i, *found = user;
    g_assert_cmpint(sscanf(r->session, "%u.%u", &n, &i), ==, 2);
    g_assert_cmpint(ids[n][i], ==, r->id);
    (*found)++;
}

/* Commits are shared; each record has its own number all the same. */
static void test_threads(void)
{
    GThread *threads[THREADS];
    guint found = 0;
    begin();
    shared = audit_open(path, NULL);
    for (guint i = 0; i < THREADS; i++) {
        threads[i] = g_thread_new("appender", appender, GUINT_TO_POINTER(i));
    }
    for (guint i = 0; i < THREADS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_true(audit_list(path, find, &found, NULL));
    g_assert_cmpint(found, ==, THREADS * EACH);
    audit_close(shared);
    end();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/serve/audit/keeps", test_keeps);
    g_test_add_func("/serve/audit/only-grows", test_only_grows);
    g_test_add_func("/serve/audit/others", test_others);
    g_test_add_func("/serve/audit/locked", test_locked);
    g_test_add_func("/serve/audit/threads", test_threads);
    return g_test_run();
}
