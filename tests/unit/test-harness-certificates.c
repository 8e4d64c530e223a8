/* SPDX-License-Identifier: MIT */
/*
 * A directory of certificates: tests/data/amd is one, with reports of several
 * chips of AMD's, their keys, and the chains of three products.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "harness/certificate_dir.h"
#include "harness/tree.h"
#include "lib/bundle.h"
#include "lib/file.h"

static const struct row {
    const char *report, *leaf;
    time_t now; /* when all certificates are valid */
    gboolean vlek;
} rows[] = {
    { "milan-v2-report.bin", "milan-v2-vcek.der", 1700000000, FALSE },
    { "milan-v2-debug-report.bin", "milan-v2-debug-vcek.der", 1700000000,
      FALSE },
    { "milan-v3-report.bin", "milan-v3-vcek.der", 1740000000, FALSE },
    { "genoa-v3-report.bin", "genoa-v3-vcek.der", 1740000000, FALSE },
    { "milan-v3-vlek-report.bin", "milan-v3-vlek.der", 1740000000, TRUE },
};

static char *data_path(const char *name)
{
    return g_test_build_filename(G_TEST_DIST, "tests", "data", "amd", name,
                                 NULL);
}

static void read_data(const char *name, struct evtpm_blob *out)
{
    g_autofree char *path = data_path(name);
    g_assert_cmpint(evtpm_file_read(path, 1 << 20, out, NULL), ==, 0);
}

/* The right one of all those keys, and what it descends from. */
static void test_found(void)
{
    g_autofree char *dir = data_path("");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct row *r = &rows[i];
        struct evtpm_blob report = { 0 }, leaf = { 0 };
        struct evtpm_chain chain = { 0 };
        struct evtpm_error err = { "" };
        g_autoptr(GError) error = NULL;
        read_data(r->report, &report);
        read_data(r->leaf, &leaf);
        certificate_dir_add(dir, &report, &chain, &error);
        g_assert_no_error(error);
        g_assert_true(
            evtpm_blob_equal(r->vlek ? &chain.vlek : &chain.vcek, &leaf));
        g_assert_cmpint(r->vlek ? chain.vcek.size : chain.vlek.size, ==, 0);
        int rc = r->vlek ? evtpm_chain_verify_vlek(&chain, r->now, &err)
                         : evtpm_chain_verify(&chain, r->now, &err);
        g_assert_cmpstr(err.text, ==, "");
        g_assert_cmpint(rc, ==, 0);
        evtpm_chain_clear(&chain);
        evtpm_blob_clear(&report);
        evtpm_blob_clear(&leaf);
    }
}

static void copy(const char *name, const char *dir)
{
    g_autofree char *from = data_path(name);
    g_autofree char *to = g_build_filename(dir, name, NULL);
    g_autofree char *text = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(from, &text, &size, NULL));
    g_assert_true(g_file_set_contents(to, text, (gssize)size, NULL));
}

/* Another chip's key and other files do not help; then the right key does. */
static void test_missing(void)
{
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    struct evtpm_blob report = { 0 };
    struct evtpm_chain chain = { 0 };
    read_data("milan-v3-report.bin", &report);
    copy("genoa-v3-vcek.der", dir);
    copy("milan-v2-vcek.der", dir);
    copy("milan-ask-ark.pem", dir);
    copy("README.md", dir);
    g_assert_false(certificate_dir_add(dir, &report, &chain, &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_NOT_FOUND);
    g_autofree char *expected = g_strdup_printf("%s: no VCEK of chip ", dir);
    g_assert_true(g_str_has_prefix(error->message, expected));
    g_assert_true(g_str_has_suffix(
        error->message,
        "for the TCB 04000000000018db (bytes as in the report)"));
    g_assert_cmpint(chain.vcek.size + chain.ask.size, ==, 0);
    g_clear_error(&error);

    copy("milan-v3-vcek.der", dir);
    certificate_dir_add(dir, &report, &chain, &error);
    g_assert_no_error(error);
    g_assert_cmpint(evtpm_chain_verify(&chain, 1740000000, NULL), ==, 0);
    evtpm_chain_clear(&chain);

    /* for another TCB it is another key */
    report.data[0x180] ^= 1;
    g_assert_false(certificate_dir_add(dir, &report, &chain, &error));
    g_assert_nonnull(strstr(error->message, "for the TCB 05000000000018db"));
    report.data[0x180] ^= 1;
    tree_remove(dir);
    evtpm_blob_clear(&report);
}

static void test_unreadable(void)
{
    g_autoptr(GError) error = NULL;
    struct evtpm_blob report = { 0 };
    struct evtpm_chain chain = { 0 };
    g_autofree char *dir = data_path("");
    read_data("milan-v3-report.bin", &report);
    g_assert_false(
        certificate_dir_add("/nonexistent", &report, &chain, &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent"));
    g_clear_error(&error);
    report.size = 100;
    g_assert_false(certificate_dir_add(dir, &report, &chain, &error));
    g_assert_nonnull(error);
    report.size = 1184;
    evtpm_blob_clear(&report);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/certificates/found", test_found);
    g_test_add_func("/harness/certificates/missing", test_missing);
    g_test_add_func("/harness/certificates/unreadable", test_unreadable);
    return g_test_run();
}
