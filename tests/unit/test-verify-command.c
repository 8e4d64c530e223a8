/* SPDX-License-Identifier: MIT */
/*
 * "evtpm verify EVIDENCE --policy POLICY" as a relying party runs it: nothing
 * is on the machine but the program, the evidence, a policy and what that
 * names. Recorded evidence with one thing changed has the exit status of its
 * link.
 */
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/evidence_json.h"
#include "harness/request_json.h"
#include "harness/tree.h"
#include "tests/unit/crl-sample.h"
#include "tests/unit/evidence-change.h"
#include "tests/unit/log-sample.h"
#include "tests/unit/only-lists.h"

static char *dir, *program;
static struct sample good;

static char *in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static void put_file(const char *name, const void *data, gssize size)
{
    g_autofree char *path = in_dir(name);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
}

static void put_evidence(const char *name, struct sample *s)
{
    g_autofree char *text = evidence_to_json(&s->evidence);
    put_file(name, text, -1);
}

static char *hex(const void *data, gsize size)
{
    char *out = g_malloc(2 * size + 1);
    return evtpm_hex(out, 2 * size + 1, data, size);
}

static void put_policy(const char *name, const char *age)
{
    g_autofree char *digest = hex(good.launch_digest[0], 48);
    g_autofree char *key = hex(good.id_key[0], 48);
    g_autofree char *kernel = hex(good.kernel[0], 32);
    g_autofree char *initrd = hex(good.initrd[0], 32);
    g_autofree char *pcr7 = hex(good.evidence.pcr[7], 32);
    g_autofree char *text = g_strdup_printf(
        "{\"version\": 1, // of this test\n"
        "\"roots\": [\"ark.der\"],\n"
        "\"revocation\": {\"lists\": [\"good.crl\"], \"required\": true},\n"
        "\"minimum_tcb\": {\"Milan\": {\"snp\": 24}},\n"
        "\"launch\": {\"digests\": [\"%s\"], \"id_keys\": [\"%s\"]},\n"
        "\"pcrs\": {\"values\": {\"7\": [\"%s\"]}},\n"
        "\"boot\": {\"kernel\": [\"%s\"], \"initrd\": [\"%s\"],\n"
        "\"command_line\": [\"" LOG_COMMAND_LINE "\"]},\n"
        "\"ima\": {\"allow_lists\": [\"files.sha256\"]}%s}\n",
        digest, key, pcr7, kernel, initrd, age);
    put_file(name, text, -1);
}

static void put_crl(const char *name, const struct evtpm_blob *revoked)
{
    g_autofree char *key =
        g_build_filename(sample_chip_dir(0), "ark-key.pem", NULL);
    const struct crl_sample params = { .issuer = &good.chip->ark,
                                       .key = key,
                                       .revoked = revoked,
                                       .from = time(NULL) - 60,
                                       .to = time(NULL) + 86400 };
    struct evtpm_blob crl = { 0 };
    crl_sample_make(&params, &crl);
    put_file(name, crl.data, (gssize)crl.size);
    evtpm_blob_clear(&crl);
}

static void put_request(const char *name, time_t issued)
{
    g_autofree char *path = in_dir(name);
    g_autoptr(GError) error = NULL;
    const struct attest request = { .nonce = good.nonce,
                                    .credential = good.credential,
                                    .issued = issued };
    request_write(path, &request, &error);
    g_assert_no_error(error);
}

static void make_files(void)
{
    g_autofree char *init =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, "/usr/bin/init", -1);
    g_autofree char *list = g_strdup_printf("%s  /usr/bin/init\n", init);
    put_file("ark.der", good.chip->ark.data, (gssize)good.chip->ark.size);
    put_file("files.sha256", list, -1);
    put_crl("good.crl", NULL);
    put_crl("revoked.crl", &good.chip->ask);
    put_policy("policy.json", ", \"freshness\": {\"maximum_age\": 600}");
    put_policy("ageless.json", "");
    put_request("request.json", time(NULL) - 5);
    put_request("old.json", time(NULL) - 3600);
    put_evidence("evidence.json", &good);
}

struct output {
    char *out, *err;
    int status;
};

/* With nothing that a build would have left: no cache, no artifacts, no HOME */
static void run(struct output *o, const char *const *arguments)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    char *environment[] = { (char *)"PATH=/nowhere",
                            (char *)"EVTPM_CACHE=/nowhere",
                            (char *)"EVTPM_ARTIFACTS=/nowhere",
                            (char *)"HOME=/nowhere",
                            (char *)"LC_ALL=C",
                            NULL };
    g_ptr_array_add(argv, program);
    g_ptr_array_add(argv, (char *)"verify");
    for (; *arguments; arguments++) {
        g_ptr_array_add(argv, (char *)*arguments);
    }
    g_ptr_array_add(argv, NULL);
    g_spawn_sync(dir, (char **)argv->pdata, environment, G_SPAWN_DEFAULT, NULL,
                 NULL, &o->out, &o->err, &o->status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(o->status));
    o->status = WEXITSTATUS(o->status);
}

static void clear(struct output *o)
{
    g_free(o->out);
    g_free(o->err);
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void expect(const char *const *arguments, int status, const char *words)
{
    struct output o;
    run(&o, arguments);
    g_test_message("%s", o.err);
    g_assert_cmpint(o.status, ==, status);
    g_assert_nonnull(strstr(status ? o.err : o.out, words));
    if (status) { /* one line */
        g_assert_true(strchr(o.err, '\n') == o.err + strlen(o.err) - 1);
    }
    clear(&o);
}

static void test_good(void)
{
    struct output o;
    run(&o, ARGS("evidence.json", "--policy", "policy.json", "--request",
                 "request.json"));
    g_assert_cmpstr(o.err, ==, "");
    g_assert_cmpint(o.status, ==, 0);
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        g_autofree char *line = g_strdup_printf(
            "ok   %-17s %s\n", evtpm_link_name(i), evtpm_link_claim(i));
        g_assert_nonnull(strstr(o.out, line));
    }
    g_assert_nonnull(strstr(o.out, "policy: policy.json\n"));
    g_assert_null(strstr(o.out, "reference:"));
    g_assert_nonnull(strstr(o.out, "this proves the software"));
    clear(&o);
}

/* What nobody recorded is skipped where the policy allows that, and only there.
 */
static void test_time(void)
{
    expect(ARGS("evidence.json", "--policy", "ageless.json"), 0,
           "skip nonce             recorded evidence");
    expect(ARGS("evidence.json", "--policy", "policy.json"), 48,
           "freshness: the policy allows an age of 600 s, but when the nonce "
           "was issued is not known");
    expect(ARGS("evidence.json", "--policy", "policy.json", "--request",
                "old.json"),
           48, "freshness: the nonce was issued 36");
}

static void test_explain(void)
{
    g_autofree char *digest = hex(good.launch_digest[0], 48);
    g_autofree char *lines = g_strdup_printf(
        "ok   launch-digest     the VM started from the expected image\n"
        "       seen    %s\n       wanted  %s\n",
        digest, digest);
    struct output o;
    run(&o, ARGS("evidence.json", "--policy", "ageless.json", "--explain"));
    g_assert_cmpint(o.status, ==, 0);
    g_assert_nonnull(strstr(o.out, lines));
    g_assert_nonnull(
        strstr(o.out, "wanted  at least bootloader 0, tee 0, snp 24, "));
    g_assert_nonnull(strstr(o.out, "skip freshness         the policy sets"));
    clear(&o);
}

static JsonObject *json_link(JsonArray *links, enum evtpm_link link)
{
    JsonObject *o = json_array_get_object_element(links, link);
    g_assert_cmpstr(json_object_get_string_member(o, "link"), ==,
                    evtpm_link_name(link));
    g_assert_cmpint(json_object_get_int_member(o, "exit_status"), ==,
                    evtpm_link_exit_status(link));
    return o;
}

static void test_json(void)
{
    g_autofree char *digest = hex(good.launch_digest[0], 48);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;
    struct output o;
    run(&o, ARGS("evidence.json", "--policy", "policy.json", "--json"));
    g_assert_cmpint(o.status, ==, 48);
    json_parser_load_from_data(parser, o.out, -1, &error);
    g_assert_no_error(error);
    JsonObject *root = json_node_get_object(json_parser_get_root(parser));
    JsonArray *links = json_object_get_array_member(root, "links");
    g_assert_false(json_object_get_boolean_member(root, "ok"));
    g_assert_cmpstr(json_object_get_string_member(root, "failed"), ==,
                    "freshness");
    g_assert_cmpuint(json_array_get_length(links), ==, EVTPM_LINK_COUNT);
    JsonObject *launch = json_link(links, EVTPM_LINK_LAUNCH_DIGEST);
    g_assert_cmpstr(json_object_get_string_member(launch, "seen"), ==, digest);
    g_assert_cmpstr(json_object_get_string_member(launch, "wanted"), ==,
                    digest);
    JsonObject *fresh = json_link(links, EVTPM_LINK_FRESHNESS);
    g_assert_cmpstr(json_object_get_string_member(fresh, "status"), ==,
                    "failed");
    g_assert_cmpstr(json_object_get_string_member(fresh, "seen"), ==,
                    "an unknown age");
    clear(&o);
}

/* The same VM, had it booted or run something else */
static const struct {
    const char *name, *kernel, *initrd, *command_line, *file;
    int status;
    const char *words;
} boots[] = {
    { "same", LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE, NULL, 0, "ima-files" },
    { "kernel", "x", LOG_INITRD, LOG_COMMAND_LINE, NULL, 46,
      "event-rules: boot.kernel: event 14 (PCR 4, kernel or boot loader" },
    { "initrd", LOG_KERNEL, "x", LOG_COMMAND_LINE, NULL, 46,
      "event-rules: boot.initrd, boot.command_line: event 16 (PCR 9, initrd: "
      "Linux initrd)" },
    { "command-line", LOG_KERNEL, LOG_INITRD, "quiet", NULL, 46,
      "boot.initrd, boot.command_line: event 15 (PCR 9, command line: "
      "LOADED_IMAGE::LoadOptions)" },
    { "file", LOG_KERNEL, LOG_INITRD, LOG_COMMAND_LINE, "/tmp/tool", 47,
      "ima-files: entry 2: /tmp/tool (" },
};

static void test_boot(gconstpointer data)
{
    const guint i = GPOINTER_TO_UINT(data);
    const struct log_boot boot = { boots[i].kernel, boots[i].initrd,
                                   boots[i].command_line };
    g_autoptr(GByteArray) log = g_byte_array_new();
    g_autoptr(GByteArray) list = g_byte_array_new();
    struct sample s;

    sample_init(&s, 0, 0);
    log_header(log, SAMPLE_BANKS);
    log_platform(log, SAMPLE_BANKS);
    log_boot(log, SAMPLE_BANKS, &boot);
    sample_log(&s, log);
    ima_boot_aggregate(list, (const guint8(*)[32])s.evidence.pcr);
    ima_entry(list, 10, "/usr/bin/init", FALSE);
    if (boots[i].file) {
        ima_entry(list, 10, boots[i].file, FALSE);
    }
    sample_ima(&s, list);
    sample_quote(&s);
    put_evidence("booted.json", &s);
    sample_clear(&s);
    expect(ARGS("booted.json", "--policy", "ageless.json"), boots[i].status,
           boots[i].words);
}

static void test_arguments(void)
{
    put_file("empty.json", "{\"version\": 1}", -1);
    put_file("wrong.json", "{\"version\": 1, \"roots\": 5}", -1);
    put_file("bad-request.json", "{\"version\": 1}", -1);
    expect(ARGS("evidence.json", "--policy", "empty.json"), 22,
           "root: O=evtpm emulated,");
    expect(ARGS("evidence.json", "--policy", "empty.json", "--root", "ark.der"),
           30, "launch-digest: no launch digest was given");
    expect(ARGS("evidence.json", "--policy", "wrong.json"), 1,
           "evtpm: wrong.json: roots: is no list");
    expect(ARGS("evidence.json", "--policy", "none.json"), 1,
           "evtpm: none.json: No such file or directory");
    expect(ARGS("evidence.json", "--policy", "ageless.json", "--request",
                "bad-request.json"),
           1, "bad-request.json: not a request of version 1");
    expect(ARGS("evidence.json", "--policy", "ageless.json", "--crl",
                "revoked.crl"),
           43, "revocation: the ASK was revoked by the ARK");
    expect(
        ARGS("evidence.json", "--policy", "ageless.json", "--crl", "ark.der"),
        1, "ark.der: not a revocation list");
    expect(ARGS("evidence.json"), 1, "evtpm: ");
}

/* The command over the same evidence; what it prints, test-harness-logs knows.
 */
static void test_eventlog(void)
{
    const char *argv[] = { program, "eventlog", "evidence.json", NULL };
    g_autofree char *out = NULL;
    int status;
    g_assert_true(g_spawn_sync(dir, (char **)argv, NULL,
                               G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out,
                               NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_str_has_prefix(out, "PCR 0 = "));
    argv[2] = "ark.der";
    g_assert_true(
        g_spawn_sync(dir, (char **)argv, NULL,
                     G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_STDOUT_TO_DEV_NULL,
                     NULL, NULL, NULL, NULL, &status, NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    g_test_init(&argc, &argv, NULL);
    program = g_test_build_filename(G_TEST_BUILT, "harness", "evtpm", NULL);
    if (!lists) {
        dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
        sample_chips_create(1);
        sample_init(&good, 0, 0);
        make_files();
    }
    g_test_add_func("/verify-command/good", test_good);
    g_test_add_func("/verify-command/time", test_time);
    g_test_add_func("/verify-command/explain", test_explain);
    g_test_add_func("/verify-command/json", test_json);
    g_test_add_func("/verify-command/arguments", test_arguments);
    g_test_add_func("/verify-command/eventlog", test_eventlog);
    for (guint i = 0; i < G_N_ELEMENTS(boots); i++) {
        g_autofree char *path =
            g_strdup_printf("/verify-command/boot/%s", boots[i].name);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_boot);
    }
    int status = g_test_run();
    if (!lists) {
        sample_clear(&good);
        sample_chips_remove();
        tree_remove(dir);
        g_free(dir);
    }
    g_free(program);
    return status;
}
