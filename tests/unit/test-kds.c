/* SPDX-License-Identifier: MIT */
/* The key server for emulated chips: what it answers, then evtpm kds by HTTP.
 */
#include <gio/gio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "harness/kds.h"
#include "harness/tree.h"
#include "lib/certs.h"
#include "lib/chip.h"
#include "tests/unit/only-lists.h"

static char *root, *milan, *turin;
static struct kds kds;
static const struct snp_tcb milan_first = { 0, 4, 0, 24, 219 };
static const struct snp_tcb milan_now = { 0, 4, 0, 25, 219 };

static void make_chips(void)
{
    struct evtpm_chip_params params = { .tcb_given = TRUE, .tcb = milan_first };
    static char *chips[3];
    milan = g_build_filename(root, "milan", NULL);
    turin = g_build_filename(root, "turin", NULL);
    g_assert_cmpint(evtpm_chip_create(milan, &params, NULL), ==, 0);
    g_assert_cmpint(evtpm_chip_roll_tcb(milan, &milan_now, NULL), ==, 0);
    params = (struct evtpm_chip_params){ .product = SNP_PRODUCT_TURIN,
                                         .csp_id = "a provider" };
    g_assert_cmpint(evtpm_chip_create(turin, &params, NULL), ==, 0);
    chips[0] = milan;
    chips[1] = turin;
    kds.chips = chips;
}

static struct evtpm_chip *load(const char *dir)
{
    struct evtpm_chip *chip = evtpm_chip_load(dir, NULL);
    g_assert_nonnull(chip);
    return chip;
}

static char *path_of(const char *dir, const struct snp_tcb *tcb)
{
    struct evtpm_chip *chip = load(dir);
    char *path = kds_vcek_path(chip->product, chip->chip_id, tcb);
    evtpm_chip_free(chip);
    return path;
}

/* A path with its query, as HTTP servers take them apart. */
static void ask(const char *text, struct kds_reply *reply)
{
    const char *mark = strchr(text, '?');
    g_autofree char *path =
        mark ? g_strndup(text, (gsize)(mark - text)) : g_strdup(text);
    g_autoptr(GHashTable) query =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) pairs = g_strsplit(mark ? mark + 1 : "", "&", -1);
    for (char **p = pairs; *p; p++) {
        char *equals = strchr(*p, '=');
        if (equals) {
            g_hash_table_insert(query, g_strndup(*p, (gsize)(equals - *p)),
                                g_strdup(equals + 1));
        }
    }
    kds_answer(&kds, path, query, reply);
}

static void expect(const char *text, unsigned status, const char *body)
{
    struct kds_reply reply;
    ask(text, &reply);
    g_test_message("%s", text);
    g_assert_cmpuint(reply.status, ==, status);
    g_assert_cmpstr(reply.type, ==, "text/plain");
    g_assert_cmpmem(reply.body.data, reply.body.size, body, strlen(body));
    kds_reply_clear(&reply);
}

static void test_path(void)
{
    const struct snp_tcb tcb = { 1, 4, 0, 24, 219 };
    const guint8 id[64] = { 0xab, 0xcd };
    g_autofree char *m = kds_vcek_path(SNP_PRODUCT_MILAN, id, &tcb);
    g_autofree char *t = kds_vcek_path(SNP_PRODUCT_TURIN, id, &tcb);
    g_assert_true(g_str_has_prefix(m, "/vcek/v1/Milan/abcd00"));
    g_assert_true(
        g_str_has_suffix(m, "00?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219"));
    g_assert_cmpstr(t, ==,
                    "/vcek/v1/Turin/abcd000000000000?fmcSPL=01&blSPL=04&"
                    "teeSPL=00&snpSPL=24&ucodeSPL=219");
}

static void check_vcek(const char *dir, const struct snp_tcb *tcb)
{
    g_autofree char *path = path_of(dir, tcb);
    struct evtpm_vcek_info info;
    struct evtpm_blob der = { 0 };
    struct kds_reply reply;
    ask(path, &reply);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_cmpstr(reply.type, ==, "application/pkix-cert");
    g_assert_cmpint(evtpm_chip_vcek(dir, tcb, &der, NULL), ==, 0);
    g_assert_true(evtpm_blob_equal(&der, &reply.body));
    gnutls_x509_crt_t crt = evtpm_cert_import(&reply.body, NULL);
    g_assert_nonnull(crt);
    g_assert_cmpint(evtpm_vcek_read(crt, &info, NULL), ==, 0);
    g_assert_cmpmem(&info.tcb, sizeof(info.tcb), tcb, sizeof(*tcb));
    gnutls_x509_crt_deinit(crt);
    evtpm_blob_clear(&der);
    kds_reply_clear(&reply);
}

/* The present VCEK, and that of before the TCB was rolled on. */
static void test_vcek(void)
{
    struct evtpm_chip *chip = load(turin);
    check_vcek(milan, &milan_now);
    check_vcek(milan, &milan_first);
    check_vcek(turin, &chip->tcb);
    evtpm_chip_free(chip);
}

static void test_chain(void)
{
    struct evtpm_chip *chip = load(milan);
    gnutls_x509_crt_t crt[4];
    unsigned count = G_N_ELEMENTS(crt);
    struct kds_reply reply;
    ask("/vcek/v1/Milan/cert_chain", &reply);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_cmpstr(reply.type, ==, "application/x-pem-file");
    gnutls_datum_t pem = { reply.body.data, (unsigned)reply.body.size };
    g_assert_cmpint(
        gnutls_x509_crt_list_import(crt, &count, &pem, GNUTLS_X509_FMT_PEM, 0),
        ==, 2);
    const struct evtpm_blob *wanted[] = { &chip->ask, &chip->ark };
    for (int i = 0; i < 2; i++) {
        gnutls_datum_t der;
        g_assert_cmpint(
            gnutls_x509_crt_export2(crt[i], GNUTLS_X509_FMT_DER, &der), ==, 0);
        g_assert_cmpmem(der.data, der.size, wanted[i]->data, wanted[i]->size);
        gnutls_free(der.data);
        gnutls_x509_crt_deinit(crt[i]);
    }
    evtpm_chip_free(chip);
    kds_reply_clear(&reply);
}

/* The ARK's, by AMD's algorithm; another product's ARK did not sign it. */
static void test_crl(void)
{
    struct evtpm_chip *own = load(milan), *other = load(turin);
    gnutls_x509_crt_t ark = evtpm_cert_import(&own->ark, NULL);
    gnutls_x509_crt_t stranger = evtpm_cert_import(&other->ark, NULL);
    struct kds_reply reply;
    gnutls_x509_crl_t crl;
    unsigned status;
    ask("/vcek/v1/Milan/crl", &reply);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_cmpstr(reply.type, ==, "application/pkix-crl");
    /* lengths in DER's shortest form, of which not every reader is strict */
    const guint8 *b = reply.body.data;
    g_assert_cmpuint(b[1], ==, 0x82);
    g_assert_cmpuint(b[2] << 8 | b[3], ==, reply.body.size - 4);
    g_assert_cmpuint(b[5], ==, 0x81);
    g_assert_cmpuint(b[6], >=, 0x80);
    gnutls_datum_t der = { reply.body.data, (unsigned)reply.body.size };
    g_assert_cmpint(gnutls_x509_crl_init(&crl), ==, 0);
    g_assert_cmpint(gnutls_x509_crl_import(crl, &der, GNUTLS_X509_FMT_DER), ==,
                    0);
    g_assert_cmpint(gnutls_x509_crl_get_signature_algorithm(crl), ==,
                    GNUTLS_SIGN_RSA_PSS_SHA384);
    g_assert_cmpint(gnutls_x509_crl_get_version(crl), ==, 2);
    g_assert_cmpint(gnutls_x509_crl_get_crt_count(crl), ==, 0);
    g_assert_cmpint(gnutls_x509_crl_verify(crl, &ark, 1, 0, &status), ==, 0);
    g_assert_cmpuint(status, ==, 0);
    g_assert_cmpint(gnutls_x509_crl_verify(crl, &stranger, 1, 0, &status), ==,
                    0);
    g_assert_cmpuint(status, !=, 0);
    gnutls_x509_crl_deinit(crl);
    gnutls_x509_crt_deinit(ark);
    gnutls_x509_crt_deinit(stranger);
    evtpm_chip_free(own);
    evtpm_chip_free(other);
    kds_reply_clear(&reply);
}

/* Turin's chip has one, Milan's has none. */
static void test_vlek(void)
{
    const struct snp_tcb next = { 1, 1, 1, 5, 81 };
    struct evtpm_chip *chip = load(turin);
    struct evtpm_vcek_info info;
    struct kds_reply reply;
    g_assert_cmpuint(chip->vlek.size, >, 0);
    ask("/vlek/v1/Turin/cert?fmcSPL=1&blSPL=1&teeSPL=1&snpSPL=4&ucodeSPL=81",
        &reply);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_true(evtpm_blob_equal(&reply.body, &chip->vlek));
    gnutls_x509_crt_t crt = evtpm_cert_import(&reply.body, NULL);
    g_assert_cmpint(evtpm_vlek_read(crt, &info, NULL), ==, 0);
    g_assert_cmpstr(info.csp_id, ==, "a provider");
    g_assert_cmpstr(info.product_name, ==, "Turin");
    gnutls_x509_crt_deinit(crt);
    kds_reply_clear(&reply);

    ask("/vlek/v1/Turin/cert_chain", &reply);

    struct evtpm_blob asvk = { 0 };
    g_assert_cmpint(
        evtpm_cert_decode(reply.body.data, reply.body.size, &asvk, NULL), ==,
        0);
    g_assert_true(evtpm_blob_equal(&asvk, &chip->asvk));
    evtpm_blob_clear(&asvk);
    kds_reply_clear(&reply);
    ask("/vlek/v1/Turin/crl", &reply);
    g_assert_cmpuint(reply.status, ==, 200);
    kds_reply_clear(&reply);

    /* another one for the next TCB; the old one stays */
    g_assert_cmpint(evtpm_chip_roll_tcb(turin, &next, NULL), ==, 0);
    ask("/vlek/v1/Turin/cert?fmcSPL=1&blSPL=1&teeSPL=1&snpSPL=4&ucodeSPL=81",
        &reply);
    g_assert_true(evtpm_blob_equal(&reply.body, &chip->vlek));
    kds_reply_clear(&reply);
    ask("/vlek/v1/Turin/cert?fmcSPL=1&blSPL=1&teeSPL=1&snpSPL=5&ucodeSPL=81",
        &reply);
    g_assert_cmpuint(reply.status, ==, 200);
    g_assert_false(evtpm_blob_equal(&reply.body, &chip->vlek));
    kds_reply_clear(&reply);
    evtpm_chip_free(chip);

    expect("/vlek/v1/Milan/cert?blSPL=4&teeSPL=0&snpSPL=25&ucodeSPL=219", 404,
           "no VLEK of this product\n");
    expect("/vlek/v1/Milan/cert_chain", 404, "no VLEK of this product\n");
    expect("/vlek/v1/Turin/cert", 400, "malformed TCB\n");
}

static char *replace(const char *text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    return g_strjoinv(by, parts);
}

static void test_refused(void)
{
    g_autofree char *good = path_of(milan, &milan_now);
    const struct {
        const char *what, *by;
        unsigned status;
        const char *body;
    } rows[] = {
        { "Milan", "Genoa", 404, "no such chip\n" },
        { "Milan", "milan", 404, "no such product\n" },
        { "Milan", "Venice", 404, "no such product\n" },
        { "/vcek/", "/vlek/", 404, "no such path\n" },
        { "/vcek/", "/vdek/", 404, "no such path\n" },
        { "/v1/", "/v2/", 404, "no such path\n" },
        { "/Milan/", "/Milan/../Milan/", 404, "no such path\n" },
        { "?", "00?", 400, "malformed hardware id\n" },
        { "?", "/?", 404, "no such path\n" },
        { "snpSPL=25", "snpSPL=26", 404, "the chip never had this TCB\n" },
        { "snpSPL=25", "snpSPL=23", 404, "the chip never had this TCB\n" },
        { "snpSPL=25", "snpSPL=256", 400, "malformed TCB\n" },
        { "snpSPL=25", "snpSPL=", 400, "malformed TCB\n" },
        { "snpSPL=25", "snpSPL=0025", 400, "malformed TCB\n" },
        { "snpSPL=25", "snpSPL=-1", 400, "malformed TCB\n" },
        { "&snpSPL=25", "", 400, "malformed TCB\n" },
        { "snpSPL=25", "snpSPL=25&fmcSPL=1", 400, "malformed TCB\n" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *bad = replace(good, rows[i].what, rows[i].by);
        expect(bad, rows[i].status, rows[i].body);
    }
    g_autofree char *other = g_strdup(good);
    char *digit = other + strlen("/vcek/v1/Milan/");
    *digit = *digit == '0' ? '1' : '0';
    expect(other, 404, "no such chip\n");
    expect("/", 404, "no such path\n");
    expect("", 404, "no such path\n");
    expect("/vcek/v1/Genoa/crl", 404, "no chip of this product\n");
    expect("/vcek/v1/Genoa/cert_chain", 404, "no chip of this product\n");
    expect("/vcek/v1/Milan/", 400, "malformed hardware id\n");
    expect("/vcek/v1/Milan/cert_chain/", 404, "no such path\n");
}

/* ---- by HTTP ---- */

/* One request on a connection of its own; everything that came back. */
static GString *http(const char *host, guint16 port, const char *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_socket_client_set_timeout(client, 20);
    g_autoptr(GSocketConnection) c =
        g_socket_client_connect_to_host(client, host, port, NULL, &error);
    g_assert_no_error(error);
    g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(c)),
                              request, strlen(request), NULL, NULL, &error);
    g_assert_no_error(error);
    GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(c));
    GString *all = g_string_new(NULL);
    char chunk[4096];
    gssize n;
    while ((n = g_input_stream_read(in, chunk, sizeof(chunk), NULL, &error)) >
           0) {
        g_string_append_len(all, chunk, n);
    }
    g_assert_no_error(error);
    return all;
}

static char *program(void)
{
    return g_build_filename(
        g_getenv("G_TEST_BUILDDIR") ? g_getenv("G_TEST_BUILDDIR") : ".",
        "harness/evtpm", NULL);
}

static void test_http(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = program();
    const char *argv[] = { path,  "kds",      "--chip",      milan, "--chip",
                           turin, "--listen", "127.0.0.1:0", NULL };
    g_autoptr(GSubprocess) server =
        g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
    g_assert_no_error(error);
    g_autoptr(GDataInputStream) out =
        g_data_input_stream_new(g_subprocess_get_stdout_pipe(server));
    g_autofree char *url =
        g_data_input_stream_read_line(out, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(url, "http://127.0.0.1:"));
    guint16 port = (guint16)atoi(strrchr(url, ':') + 1);

    g_autofree char *vcek = path_of(milan, &milan_now);
    g_autofree char *get = g_strdup_printf(
        "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        vcek);
    GString *answer = http("127.0.0.1", port, get);
    struct evtpm_blob der = { 0 };
    g_assert_cmpint(evtpm_chip_vcek(milan, &milan_now, &der, NULL), ==, 0);
    g_assert_true(g_str_has_prefix(answer->str, "HTTP/1.1 200 "));
    g_assert_nonnull(
        strstr(answer->str, "\r\nContent-Type: application/pkix-cert\r\n"));
    g_assert_cmpuint(answer->len, >, der.size);
    g_assert_cmpmem(answer->str + answer->len - der.size, der.size, der.data,
                    der.size);
    g_string_free(answer, TRUE);
    evtpm_blob_clear(&der);

    answer =
        http("127.0.0.1", port, "GET /vcek/v1/Venice/crl HTTP/1.0\r\n\r\n");
    g_assert_nonnull(strstr(answer->str, " 404 "));
    g_assert_true(g_str_has_suffix(answer->str, "no such product\n"));
    g_string_free(answer, TRUE);
    answer = http("127.0.0.1", port,
                  "POST /vcek/v1/Milan/crl HTTP/1.0\r\n"
                  "Content-Length: 4\r\n\r\nbody");
    g_assert_nonnull(strstr(answer->str, " 405 "));
    g_string_free(answer, TRUE);

    g_subprocess_send_signal(server, SIGTERM);
    g_subprocess_wait(server, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(g_subprocess_get_if_exited(server));
    g_assert_cmpint(g_subprocess_get_exit_status(server), ==, 0);
}

static void test_arguments(void)
{
    g_autofree char *path = program();
    g_autofree char *nowhere = g_build_filename(root, "nowhere", NULL);
    const struct {
        const char *args[4];
        const char *words;
        int status;
    } rows[] = {
        { { NULL }, "name a chip directory by --chip\n", 2 },
        { { "--chip", nowhere }, "ark.pem: No such file or directory\n", 1 },
        { { "--chip", milan, "--listen", "127.0.0.1" },
          "bad address \"127.0.0.1\": ADDRESS:PORT, such as 127.0.0.1:8057\n",
          2 },
        { { "--chip", milan, "--listen", "localhost:0" },
          "bad address \"localhost:0\": \"localhost\" is no IP address\n",
          2 },
        { { "--chip", milan, "--listen", "127.0.0.1:65536" },
          "bad address \"127.0.0.1:65536\": ADDRESS:PORT, such as "
          "127.0.0.1:8057\n",
          2 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *argv[7] = { path, "kds" };
        g_autoptr(GError) error = NULL;
        g_autofree char *err = NULL;
        memcpy(argv + 2, rows[i].args, sizeof(rows[i].args));
        g_autoptr(GSubprocess) p =
            g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
        g_assert_no_error(error);
        g_subprocess_communicate_utf8(p, NULL, NULL, NULL, &err, &error);
        g_assert_no_error(error);
        g_assert_true(g_str_has_prefix(err, "evtpm: "));
        g_assert_true(g_str_has_suffix(err, rows[i].words));
        g_assert_cmpint(g_subprocess_get_exit_status(p), ==, rows[i].status);
    }
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
        g_assert_nonnull(root);
        make_chips();
    }
    g_test_add_func("/kds/path", test_path);
    g_test_add_func("/kds/vcek", test_vcek);
    g_test_add_func("/kds/chain", test_chain);
    g_test_add_func("/kds/crl", test_crl);
    g_test_add_func("/kds/vlek", test_vlek);
    g_test_add_func("/kds/refused", test_refused);
    g_test_add_func("/kds/http", test_http);
    g_test_add_func("/kds/arguments", test_arguments);
    int status = g_test_run();
    if (!lists) {
        tree_remove(root);
        g_free(root);
        g_free(milan);
        g_free(turin);
    }
    return status;
}
