/* SPDX-License-Identifier: MIT */
/* Policies as files: the example, and each way to get one wrong. */
#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "harness/policy.h"
#include "harness/tree.h"
#include "tests/unit/crl-sample.h"
#include "tests/unit/evidence-sample.h"
#include "tests/unit/only-lists.h"

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX96 HEX64 "00112233445566778899aabbccddeeff"

static char *dir;

static char *in_dir(const char *name)
{
    return g_build_filename(dir, name, NULL);
}

static void put_file(const char *name, const void *data, gssize size)
{
    g_autofree char *path = in_dir(name);
    g_assert_true(g_file_set_contents(path, data, size, NULL));
}

/* What the policies of this test name */
static void make_files(void)
{
    struct evtpm_chip *chip = evtpm_chip_load(sample_chip_dir(0), NULL);
    g_autofree char *key =
        g_build_filename(sample_chip_dir(0), "ark-key.pem", NULL);
    struct evtpm_blob crl = { 0 };
    const struct crl_sample params = { .issuer = &chip->ark,
                                       .key = key,
                                       .from = time(NULL) - 60,
                                       .to = time(NULL) + 86400 };
    crl_sample_make(&params, &crl);
    put_file("milan.crl", crl.data, (gssize)crl.size);
    put_file("lab-ark.pem", chip->ark.data, (gssize)chip->ark.size);
    put_file("files.sha256", HEX64 "  /bin/sh\n", -1);
    put_file("bad.sha256", HEX64 "  /bin/sh\nno digest\n", -1);
    evtpm_blob_clear(&crl);
    evtpm_chip_free(chip);
}

static struct policy *load(const char *text, GError **error)
{
    g_autofree char *path = in_dir("policy.json");
    put_file("policy.json", text, -1);
    return policy_load(path, error);
}

static const struct evtpm_event_rule *find_rule(const struct evtpm_policy *p,
                                                const char *name,
                                                enum evtpm_rule_kind kind)
{
    for (gsize i = 0; i < p->event_rule_count; i++) {
        if (strcmp(p->event_rules[i].name, name) == 0 &&
            p->event_rules[i].kind == kind) {
            return &p->event_rules[i];
        }
    }
    return NULL;
}

static void check_rule(const struct evtpm_policy *p, const char *name,
                       enum evtpm_rule_kind kind, unsigned pcr, gsize count)
{
    const struct evtpm_event_rule *rule = find_rule(p, name, kind);
    g_assert_nonnull(rule);
    g_assert_cmpuint(rule->pcr, ==, pcr);
    g_assert_cmpuint(rule->digest_count, ==, count);
}

static void test_example(void)
{
    g_autofree char *from =
        g_test_build_filename(G_TEST_DIST, "docs", "policy.example.json", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_get_contents(from, &text, NULL, NULL));
    struct policy *policy = load(text, &error);
    g_assert_no_error(error);
    const struct evtpm_policy *p = policy_get(policy);
    guint8 digest[48], forbidden[32];
    memset(digest, 0x5a, sizeof(digest));
    g_assert_true(evtpm_unhex(forbidden, 32, HEX64));

    g_assert_cmpuint(p->launch_digest_count, ==, 1);
    g_assert_cmpmem(p->launch_digests[0], 48, digest, 48);
    g_assert_cmpuint(p->id_key_count, ==, 0);
    g_assert_cmpuint(p->root_count, ==, 1);
    g_assert_cmpuint(p->crl_count, ==, 1);
    g_assert_true(p->require_crl);
    g_assert_cmphex(p->tcb_products, ==, 7);
    g_assert_cmpuint(p->tcb_floors[SNP_PRODUCT_MILAN].snp, ==, 24);
    g_assert_cmpuint(p->tcb_floors[SNP_PRODUCT_MILAN].tee, ==, 0);
    g_assert_cmpuint(p->tcb_floors[SNP_PRODUCT_TURIN].fmc, ==, 1);
    g_assert_cmpuint(p->tcb_floors[SNP_PRODUCT_TURIN].microcode, ==, 81);
    g_assert_false(p->allow_debug || p->allow_migration || p->forbid_smt);
    g_assert_cmphex(p->required_pcrs, ==, 0x7ff);
    g_assert_cmphex(p->free_pcrs, ==, 1u << 16 | 1u << 23);
    g_assert_cmpuint(p->pcr_rule_count, ==, 1);
    g_assert_cmpuint(p->pcr_rules[0].pcr, ==, 7);
    g_assert_cmphex(p->pcr_rules[0].values[0][0], ==, 0xeb);
    check_rule(p, "boot.kernel", EVTPM_RULE_REQUIRE, 4, 1);
    check_rule(p, "boot.kernel", EVTPM_RULE_ONLY, 4, 1);
    check_rule(p, "boot.initrd", EVTPM_RULE_ONLY, 9, 1);
    check_rule(p, "boot.command_line", EVTPM_RULE_REQUIRE, 9,
               EVTPM_COMMAND_LINE_DIGESTS);
    check_rule(p, "boot.forbid.4", EVTPM_RULE_FORBID, 4, 1);
    g_assert_cmpmem(
        find_rule(p, "boot.forbid.4", EVTPM_RULE_FORBID)->digests[0], 32,
        forbidden, 32);
    g_assert_true(evtpm_allow_list_has(p->ima_files, forbidden));
    g_assert_cmpuint(p->maximum_age, ==, 300);
    policy_free(policy);
}

static void test_small(void)
{
    g_autoptr(GError) error = NULL;
    struct policy *policy = load("{\"version\":1}", &error);
    g_assert_no_error(error);
    const struct evtpm_policy *p = policy_get(policy);
    guint8 digest[48] = { 7 };
    g_assert_false(policy_names_image(policy));
    g_assert_cmpuint(p->launch_digest_count, ==, 0);
    g_assert_null(p->tcb_floors);
    g_assert_null(p->ima_files);
    g_assert_cmphex(p->free_pcrs, ==, 1u << 16 | 1u << 23);
    policy_add_launch_digest(policy, digest);
    p = policy_get(policy);
    g_assert_true(policy_names_image(policy));
    g_assert_cmpmem(p->launch_digests[0], 48, digest, 48);
    policy_free(policy);
}

/* A list and files say the same: any of them will do. */
static void test_files(void)
{
    g_autoptr(GError) error = NULL;
    guint8 digest[32];
    g_autofree char *hex =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, "initrd", -1);
    put_file("initrd.img", "initrd", -1);
    struct policy *policy =
        load("{\"version\": 1, \"boot\": {\"initrd_files\": [\"initrd.img\"],"
             "\"initrd\": [\"" HEX64 "\"]}}",
             &error);
    g_assert_no_error(error);
    const struct evtpm_policy *p = policy_get(policy);
    g_assert_cmpuint(p->event_rule_count, ==, 2);
    check_rule(p, "boot.initrd", EVTPM_RULE_REQUIRE, 9, 2);
    check_rule(p, "boot.initrd", EVTPM_RULE_ONLY, 9, 2);
    g_assert_true(evtpm_unhex(digest, 32, hex));
    g_assert_cmpmem(p->event_rules[0].digests[0], 32, digest, 32);
    policy_free(policy);
}

/* Slashes in strings are no comments; quotes in comments begin no string. */
static void test_comments(void)
{
    g_autoptr(GError) error = NULL;
    struct policy *policy =
        load("// \"{\n{\"version\": 1, // say \"what\n"
             " \"name\": \"a // b \\\" // c\", // end\n"
             "\"boot\": {\"command_line\": [\"root=http://x//y\"]}}//",
             &error);
    g_assert_no_error(error);
    const struct evtpm_policy *p = policy_get(policy);
    guint8 digests[EVTPM_COMMAND_LINE_DIGESTS][32];
    evtpm_command_line_digests("root=http://x//y", digests);
    g_assert_cmpmem(p->event_rules[0].digests[0], sizeof(digests), digests,
                    sizeof(digests));
    policy_free(policy);
}

/* Members of a policy that has its version */
static const struct {
    const char *member, *error;
} rows[] = {
    { "\"lunch\": 1", "lunch: there is no such member" },
    { "\"name\": 5", "name: is no string" },
    { "\"name\": \"a\", \"name\": \"b\"", "\"name\" stands there twice" },
    { "\"launch\": []", "launch: is no object" },
    { "\"launch\": {\"digest\": []}", "launch.digest: there is no such" },
    { "\"launch\": {\"digests\": {}}", "launch.digests: is no list" },
    { "\"launch\": {\"digests\": []}",
      "launch.digests: is empty: leave it out, or list what is accepted" },
    { "\"launch\": {\"digests\": [5]}", "launch.digests[0]: is no string" },
    { "\"launch\": {\"digests\": [\"" HEX96 "\", \"" HEX64 "\"]}",
      "launch.digests[1]: has 64 characters, not 96 hex digits" },
    { "\"launch\": {\"id_keys\": [\"x" HEX64 "0112233445566778899aabbccddeeff"
      "\"]}",
      "launch.id_keys[0]: has characters that are no hex digits" },
    { "\"roots\": \"lab-ark.pem\"", "roots: is no list" },
    { "\"roots\": [\"none.pem\"]", "none.pem: No such file or directory" },
    { "\"roots\": [\"files.sha256\"]", "files.sha256: not a certificate" },
    { "\"revocation\": {\"required\": 1}",
      "revocation.required: is neither true nor false" },
    { "\"revocation\": {\"lists\": [\"lab-ark.pem\"]}",
      "lab-ark.pem: not a revocation list" },
    { "\"minimum_tcb\": {}", "minimum_tcb: names no product" },
    { "\"minimum_tcb\": {\"Rome\": {}}", "minimum_tcb.Rome: there is no such" },
    { "\"minimum_tcb\": {\"Milan\": {\"fmc\": 1}}",
      "minimum_tcb.Milan.fmc: there is no such member" },
    { "\"minimum_tcb\": {\"Milan\": {\"snp\": 256}}",
      "minimum_tcb.Milan.snp: 256 is not in 0 to 255" },
    { "\"minimum_tcb\": {\"Milan\": {\"snp\": \"24\"}}",
      "minimum_tcb.Milan.snp: is no whole number" },
    { "\"minimum_tcb\": {\"Milan\": {\"snp\": 2.5}}",
      "minimum_tcb.Milan.snp: is no whole number" },
    { "\"guest_policy\": {\"allow_debug\": \"false\"}",
      "guest_policy.allow_debug: is neither true nor false" },
    { "\"guest_policy\": {\"minimum_abi\": \"1\"}",
      "guest_policy.minimum_abi: is no version like \"1.51\"" },
    { "\"guest_policy\": {\"minimum_abi\": \"1.256\"}", "is no version" },
    { "\"pcrs\": {\"required\": [24]}",
      "pcrs.required[0]: 24 is not in 0 to 23" },
    { "\"pcrs\": {\"required\": [-1]}",
      "pcrs.required[0]: -1 is not in 0 to 23" },
    { "\"pcrs\": {\"required\": []}", "pcrs.required: is empty" },
    { "\"pcrs\": {\"values\": {\"24\": []}}",
      "pcrs.values.24: is no PCR (0 to 23)" },
    { "\"pcrs\": {\"values\": {\"7\": []}}", "pcrs.values.7: is empty" },
    { "\"pcrs\": {\"values\": {\"7\": \"" HEX64 "\"}}",
      "pcrs.values.7: is no list" },
    { "\"boot\": {\"kernels\": []}", "boot.kernels: there is no such member" },
    { "\"boot\": {\"kernel\": [\"" HEX96 "\"]}",
      "boot.kernel[0]: has 96 characters, not 64 hex digits" },
    { "\"boot\": {\"command_line\": [\"\\u00e4\"]}",
      "boot.command_line[0]: is no command line" },
    { "\"boot\": {\"kernel_files\": [\"files.sha256\"]}",
      "boot.kernel_files[0]: files.sha256: not an EFI program" },
    { "\"boot\": {\"initrd_files\": [\"none\"]}", "boot.initrd_files[0]: " },
    { "\"boot\": {\"initrd_files\": []}", "boot.initrd_files: is empty" },
    { "\"boot\": {\"uki_files\": [\"files.sha256\"]}",
      "boot.uki_files[0]: files.sha256: not an EFI program" },
    { "\"boot\": {\"uki_files\": []}", "boot.uki_files: is empty" },
    { "\"boot\": {\"only\": {\"x\": []}}", "boot.only.x: is no PCR" },
    { "\"ima\": {\"allow_lists\": [\"bad.sha256\"]}",
      "ima.allow_lists[0]: bad.sha256: line 2 is not a SHA-256 digest" },
    { "\"freshness\": {\"maximum_age\": 0}",
      "freshness.maximum_age: 0 is no age" },
    { "\"freshness\": {\"collected_at\": 5}",
      "freshness.collected_at: there is no such member" },
    { "\"ima\": {\"allow_lists\": [\"files.sha256\"],}", "not JSON" },
};

static void check_fails(const char *text, const char *words)
{
    g_autoptr(GError) error = NULL;
    struct policy *policy = load(text, &error);
    g_assert_null(policy);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "policy.json: "));
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(strchr(error->message, '\n'));
}

static void test_bad(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autofree char *text =
        g_strdup_printf("{\"version\": 1, %s}", rows[i].member);
    check_fails(text, rows[i].error);
}

static void test_no_document(void)
{
    g_autofree char *deep = g_strnfill(5000, '[');
    check_fails("", "not a JSON object");
    check_fails("[]", "not a JSON object");
    check_fails("// nothing", "not a JSON object");
    check_fails("{\"version\": 1", "not JSON");
    check_fails("{}", "lacks \"version\": 1");
    check_fails("{\"version\": \"1\"}", "version: is no whole number");
    check_fails("{\"later\": 1, \"version\": 2}", "version: 2 is not known");
    check_fails(deep, "nested too deeply");
}

static void test_no_file(void)
{
    g_autofree char *path = in_dir("none.json");
    g_autoptr(GError) error = NULL;
    g_assert_null(policy_load(path, &error));
    g_assert_nonnull(strstr(error->message, "none.json: No such file"));
    g_clear_error(&error);
    put_file("nul.json", "{\"version\"\0: 1}", 15);
    g_autofree char *nul = in_dir("nul.json");
    g_assert_null(policy_load(nul, &error));
    g_assert_nonnull(strstr(error->message, "nul.json: not a text"));
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        sample_chips_create(1);
        dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
        make_files();
    }
    g_test_add_func("/harness/policy/example", test_example);
    g_test_add_func("/harness/policy/small", test_small);
    g_test_add_func("/harness/policy/files", test_files);
    g_test_add_func("/harness/policy/comments", test_comments);
    g_test_add_func("/harness/policy/no-document", test_no_document);
    g_test_add_func("/harness/policy/no-file", test_no_file);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/harness/policy/bad/%u", i);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_bad);
    }
    int status = g_test_run();
    if (!lists) {
        tree_remove(dir);
        g_free(dir);
        sample_chips_remove();
    }
    return status;
}
