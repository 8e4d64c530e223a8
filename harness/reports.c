/* SPDX-License-Identifier: MIT */
/* results.json, index.html, JUnit. */
#include "harness/reports.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness/html.h"
#include "harness/junit.h"
#include "lib/file.h"

#define LOGS "test-logs"

static gboolean make_writable(const char *dir, GError **error)
{
    if (g_mkdir_with_parents(dir, 0755) < 0) {
        return fail_errno(error, errno, "cannot make %s", dir);
    }
    return access(dir, W_OK | X_OK) == 0 ||
           fail_errno(error, errno, "cannot write to %s", dir);
}

gboolean reports_wanted(const struct reports *r)
{
    return r->junit || r->dir;
}

static gboolean prepare_junit(struct reports *r, GError **error)
{
    char *path = g_canonicalize_filename(r->junit, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    g_free(r->junit);
    r->junit = path;
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--junit: %s is a directory, not a file", path);
    }
    return make_writable(dir, error);
}

gboolean reports_prepare(struct reports *r, const char *build, GError **error)
{
    if (r->dir) {
        char *path = g_canonicalize_filename(r->dir, NULL);
        g_free(r->dir);
        r->dir = path;
    }
    r->logs = r->dir ? g_build_filename(r->dir, "logs", NULL)
                     : g_build_filename(build, LOGS, NULL);
    return make_writable(r->logs, error) &&
           (!r->junit || prepare_junit(r, error));
}

static gboolean write_file(const char *path, const char *text, GError **error)
{
    struct evtpm_error err = { "" };
    return evtpm_file_write(path, text, strlen(text), 0644, &err) == 0 ||
           fail(error, HARNESS_ERROR_FAILED, "cannot write %s", err.text);
}

static gboolean write_dir(const char *dir, JsonObject *results, GError **error)
{
    g_autofree char *json_path = g_build_filename(dir, "results.json", NULL);
    g_autofree char *html_path = g_build_filename(dir, "index.html", NULL);
    g_autofree char *json = results_text(results);
    g_autofree char *html = html_page(results);
    return write_file(json_path, json, error) &&
           write_file(html_path, html, error);
}

gboolean reports_write(const struct reports *r,
                       const struct results_about *about,
                       const GPtrArray *outcomes, GError **error)
{
    g_autoptr(JsonObject) results = results_new(about, outcomes, r->dir);
    if (r->dir && !write_dir(r->dir, results, error)) {
        return FALSE;
    }
    g_autofree char *xml = r->junit ? junit_text(results) : NULL;
    return !xml || write_file(r->junit, xml, error);
}

void reports_clear(struct reports *r)
{
    g_free(r->junit);
    g_free(r->dir);
    g_free(r->logs);
}
