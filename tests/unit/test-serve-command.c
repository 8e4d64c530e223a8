/* SPDX-License-Identifier: MIT */
/* evtpm serve and evtpm audit as programs: options, files, what they print. */
#include <glib/gstdio.h>
#include <string.h>

#include "harness/tree.h"
#include "serve/tls.h"
#include "tests/unit/guest-sample.h"
#include "tests/unit/https-client.h"
#include "tests/unit/serve-process.h"

#define DIGEST                                                                 \
    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"                         \
    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"

#define SECRET "not to be written down"
#define SECRET_64 "bm90IHRvIGJlIHdyaXR0ZW4gZG93bg=="

static char *dir;

static char *file(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

/* In `dir`; the first word stands for harness/evtpm. The status, and both
 * outputs. */
static int run(const char *command, char **out, char **err)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = NULL;

    g_assert_true(g_shell_parse_argv(command, NULL, &argv, NULL));
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_subprocess_launcher_set_cwd(launcher, dir);
    g_free(argv[0]);
    argv[0] = g_canonicalize_filename(serve_process_program(), NULL);
    g_autoptr(GSubprocess) p = g_subprocess_launcher_spawnv(
        launcher, (const char *const *)argv, &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8(p, NULL, NULL, out, err, &error);
    g_assert_no_error(error);
    return g_subprocess_get_exit_status(p);
}

static const struct {
    const char *arguments;
    int status;
    const char *text;
} rows[] = {
    { "serve --digest " DIGEST, 2, "give --db FILE" },
    { "serve --db a.db", 2, "no image would be accepted" },
    { "serve --db a.db --policy junk", 1, "junk: " },
    { "serve --db a.db --policy none.json", 1, "none.json: No such file" },
    { "serve --db a.db --digest " DIGEST " --crl junk", 1, "junk: " },
    { "serve --db a.db --digest 5a5a", 2, "--digest 5a5a: not 96 hex digits" },
    { "serve --db a.db --igvm none.igvm", 1, "none.igvm: No such file" },
    { "serve --db a.db --digest " DIGEST " --root none.pem", 1,
      "none.pem: No such file" },
    { "serve --db a.db --digest " DIGEST " --root junk", 1, "junk: " },
    { "serve --db a.db --digest " DIGEST " --cert junk", 2,
      "--cert and --key go together" },
    { "serve --db a.db --digest " DIGEST " --cert junk --key junk", 1,
      "are certificate and key a pair, in PEM?" },
    { "serve --db junk --digest " DIGEST, 1, "file is not a database" },
    { "serve --db no/a.db --digest " DIGEST, 1, "no/a.db: No such file" },
    { "serve --db a.db --digest " DIGEST " --listen nowhere", 2,
      "--listen nowhere: not ADDRESS:PORT" },
    { "serve --db a.db --digest " DIGEST " --listen 127.0.0.1:x", 2,
      "not ADDRESS:PORT" },
    { "serve --db a.db --digest " DIGEST " --listen 203.0.113.7:0", 1,
      "--listen 203.0.113.7:0: " },
    { "serve --db a.db --digest " DIGEST " --nonce-lifetime 0", 2,
      "--nonce-lifetime is 1 to 3600 seconds" },
    { "serve --db a.db --digest " DIGEST " --max-clients 0", 2,
      "--max-clients is 1 to 10000" },
    { "serve --db a.db --digest " DIGEST " --max-sessions 0", 2,
      "--max-sessions is 1 to 1000000" },
    { "serve --db a.db --digest " DIGEST " --timeout 0", 2,
      "--timeout is 1 to 3600 seconds" },
    { "serve --db a.db --digest " DIGEST " --seal-pcrs 0,24", 2,
      "--seal-pcrs 0,24: not a list of PCRs" },
    { "serve --db a.db --digest " DIGEST " --seal-pcrs 0,,7", 2,
      "--seal-pcrs 0,,7: not a list of PCRs" },
    { "serve --db a.db --digest " DIGEST " --seal-pcrs ''", 2,
      "--seal-pcrs: no PCRs are given" },
    { "serve --db a.db --digest " DIGEST " operand", 2,
      "unexpected argument \"operand\"" },
    { "serve --db a.db --digest " DIGEST " --secrets none", 1,
      "secrets: none: No such file" },
    { "serve --db a.db --digest " DIGEST " --secrets open.json", 1,
      "secrets: open.json is open to everybody: chmod o= it" },
    { "serve --db a.db --digest " DIGEST " --secrets open", 1,
      "secrets: open is open to everybody" },
    { "serve --db a.db --digest " DIGEST " --secrets list.json", 1,
      "secrets: list.json is not a JSON object" },
    { "serve --db a.db --digest " DIGEST " --secrets text.json", 1,
      "secrets: text.json: \"disk\" is not base64" },
    { "serve --db a.db --digest " DIGEST " --secrets empty.json", 1,
      "secrets: \"disk\" has 0 bytes: 1 to 65536 are allowed" },
    { "serve --db a.db --digest " DIGEST " --secrets path.json", 1,
      "secrets: \"a/b\" is no name" },
    { "audit", 2, "give --db FILE" },
    { "audit --db none.db", 1, "none.db: No such file" },
    { "audit --db junk", 1, "junk: file is not a database" },
};

static void test_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        /* not the default port, which may be taken */
        gboolean serve = g_str_has_prefix(rows[i].arguments, "serve ") &&
                         !strstr(rows[i].arguments, "--listen");
        g_autofree char *command =
            g_strconcat("@ ", rows[i].arguments,
                        serve ? " --listen 127.0.0.1:0" : "", NULL);
        g_autofree char *out = NULL, *err = NULL;
        int status = run(command, &out, &err);

        g_test_message("%d %s", status, err);
        g_assert_cmpint(status, ==, rows[i].status);
        g_assert_true(g_str_has_prefix(err, "evtpm: "));
        g_assert_nonnull(strstr(err, rows[i].text));
        g_assert_true(strchr(err, '\n') == err + strlen(err) - 1);
        g_assert_cmpstr(out, ==, "");
    }
}

static void put(const char *name, const char *text, int mode)
{
    g_autofree char *path = file(name);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, (mode_t)mode), ==, 0);
}

/* One exchange with genuine evidence; the session's id */
static char *release(guint16 port)
{
    struct guest_sample guest;
    struct https_answer a;

    guest_sample_init(&guest, 0, 0);
    g_autofree char *keys = guest_sample_keys(&guest);
    https_client_call(port, "POST", "/v1/challenge?secret=disk", keys,
                      strlen(keys), &a);
    g_assert_cmpint(a.status, ==, 200);
    g_autofree char *nonce = https_answer_string(&a, "nonce");
    g_autofree char *credential = https_answer_string(&a, "credential");
    char *session = https_answer_string(&a, "session");
    https_answer_clear(&a);
    g_autofree char *evidence =
        guest_sample_evidence(&guest, nonce, credential);
    g_autofree char *path = g_strconcat("/v1/evidence/", session, NULL);
    https_client_call(port, "POST", path, evidence, strlen(evidence), &a);
    g_assert_cmpint(a.status, ==, 200);
    g_autofree char *wrapped = https_answer_string(&a, "credential");
    g_autofree char *envelope = https_answer_string(&a, "envelope");
    g_autoptr(GBytes) secret = guest_sample_unwrap(&guest, wrapped, envelope);
    g_assert_cmpmem(g_bytes_get_data(secret, NULL), g_bytes_get_size(secret),
                    SECRET, strlen(SECRET));
    https_answer_clear(&a);
    guest_sample_clear(&guest);
    return session;
}

static void check_audit(const char *session)
{
    g_autofree char *out = NULL, *err = NULL;
    g_autofree char *text = g_strdup_printf(
        "^1 20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z released - "
        "disk 127\\.0\\.0\\.1:\\d+ %s [0-9a-f]{64}\n$",
        session);
    g_autofree char *json = g_strdup_printf(
        "^{\"record\":1,\"time\":\"[^\"]*Z\",\"session\":\"%s\","
        "\"peer\":\"127\\.0\\.0\\.1:\\d+\",\"verdict\":\"released\","
        "\"failed\":null,\"evidence\":\"[0-9a-f]{64}\","
        "\"secret\":\"disk\"}\n$",
        session);

    g_assert_cmpint(run("@ audit --db a.db", &out, &err), ==, 0);
    g_test_message("%s", out);
    g_assert_true(g_regex_match_simple(text, out, 0, 0));
    g_clear_pointer(&out, g_free);
    g_clear_pointer(&err, g_free);
    g_assert_cmpint(run("@ audit --db a.db --json", &out, &err), ==, 0);
    g_test_message("%s", out);
    g_assert_true(g_regex_match_simple(json, out, 0, 0));
}

static void check_fingerprint(const struct serve_process *p)
{
    struct https_client c;

    g_assert_true(https_client_open(&c, p->port));
    g_autofree char *seen = https_client_fingerprint(&c);
    https_client_close(&c);
    g_autofree char *line =
        g_strdup_printf("certificate of its own: SHA-256 %s, curl ", seen);
    g_assert_true(g_str_has_prefix(p->second_line, line));
}

/* No file of the service has the secret or its base64. */
static void check_not_written(void)
{
    static const char *const names[] = { "a.db", "a.db-wal" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = file(names[i]), *data = NULL;
        gsize size;

        if (g_file_get_contents(path, &data, &size, NULL)) {
            g_assert_null(memmem(data, size, SECRET, strlen(SECRET)));
            g_assert_null(memmem(data, size, SECRET_64, strlen(SECRET_64)));
        }
    }
}

/* By a policy file; test-serve-kill.c does it by --digest and --root. */
static void test_serves(void)
{
    g_autofree char *db = file("a.db"), *secrets = file("secrets.json"),
                    *policy = file("policy.json");
    g_autofree char *root =
        g_build_filename(sample_chip_dir(0), "ark.pem", NULL);
    g_autofree char *text = g_strdup_printf(
        "{\"version\":1,\"roots\":[\"%s\"], // the emulated chip's\n"
        "\"launch\":{\"digests\":[\"" DIGEST "\"]},"
        "\"freshness\":{\"maximum_age\":60}}",
        root);
    const char *arguments[] = { "--db",     db,     "--secrets", secrets,
                                "--policy", policy, NULL };
    struct serve_process p;

    put("policy.json", text, 0644);
    serve_process_start(&p, arguments);
    check_fingerprint(&p);
    g_autofree char *session = release(p.port);
    check_audit(session); /* while it serves */
    check_not_written();
    serve_process_stop(&p);
    check_audit(session);
    check_not_written();
}

/* A certificate from files is served, and nothing is said of another. */
static void test_certificate(void)
{
    g_autofree char *db = file("b.db"), *cert = file("cert.pem"),
                    *key = file("key.pem"), *print = NULL, *pin = NULL;
    const char *arguments[] = { "--db", db,         "--cert", cert, "--key",
                                key,    "--digest", DIGEST,   NULL };
    struct tls_identity identity;
    struct serve_process p;
    struct https_client c;

    g_assert_true(tls_identity_make(&identity, &print, &pin, NULL));
    put("cert.pem", identity.cert, 0644);
    put("key.pem", identity.key, 0600);
    tls_identity_clear(&identity);
    serve_process_start(&p, arguments);
    g_assert_true(https_client_open(&c, p.port));
    g_autofree char *seen = https_client_fingerprint(&c);
    https_client_close(&c);
    g_assert_cmpstr(seen, ==, print);
    serve_process_stop(&p);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_autofree char *program =
        g_test_build_filename(G_TEST_BUILT, "harness", "evtpm", NULL);
    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        puts("1..0 # SKIP harness/evtpm is not built");
        return 0;
    }
    sample_chips_create(1);
    dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    put("junk", "neither certificate nor database", 0600);
    put("open.json", "{}", 0644);
    put("list.json", "[]", 0600);
    put("text.json", "{\"disk\":\"text!\"}", 0600);
    put("empty.json", "{\"disk\":\"\"}", 0600);
    put("path.json", "{\"a/b\":\"c2VjcmV0\"}", 0600);
    put("secrets.json", "{\"disk\":\"" SECRET_64 "\"}", 0600);
    g_autofree char *open = file("open");
    g_assert_cmpint(g_mkdir(open, 0777), ==, 0);
    g_assert_cmpint(g_chmod(open, 0777), ==, 0);
    g_test_add_func("/serve/command/refused", test_refused);
    g_test_add_func("/serve/command/serves", test_serves);
    g_test_add_func("/serve/command/certificate", test_certificate);
    status = g_test_run();
    tree_remove(dir);
    g_free(dir);
    sample_chips_remove();
    return status;
}
