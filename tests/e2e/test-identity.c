/* SPDX-License-Identifier: MIT */
/*
 * What a VM is by its processor and its owner: a chip whose TCB is rolled on
 * between two launches, a signed ID block, and a kernel that the launch digest
 * covers. Two boots serve all that succeeds.
 */
#include <string.h>

#include "harness/command.h"
#include "harness/id_files.h"
#include "harness/igvm_file.h"
#include "lib/chip.h"
#include "tests/e2e/plain.h"

#define FIELD_TCB 32

/* TCB_VERSION of a Milan with these components, as the guest's program takes it
 */
static guint64 tcb_version(const struct snp_tcb *tcb)
{
    guint8 raw[8];
    guint64 value;
    snp_tcb_encode(SNP_PRODUCT_MILAN, tcb, raw);
    memcpy(&value, raw, sizeof(value));
    return value;
}

/* One boot: what came out of it. */
struct boot {
    struct attest attest;
    struct snp_attestation_report report;
    struct evtpm_blob vcek;
    char *key;     /* nothing mixed in */
    char *old_key; /* with the first TCB mixed in */
};

static struct snp_tcb first_tcb, second_tcb;
static struct boot before, after;
static struct vm_config *config;
static struct evtpm_id id;
static gint64 boot_time; /* microseconds */
static gboolean booted;

static struct vm_config *hashes_config(const char *chip)
{
    g_autoptr(GError) error = NULL;
    struct vm_options options = VM_OPTIONS_INIT;
    options.kernel_hashes = TRUE;
    options.chip = (char *)chip;
    struct vm_config *c = vm_options_config(&options, &error);
    g_assert_no_error(error);
    g_free(c->name);
    c->name = g_strdup("t");
    return c;
}

static char *own_chip(void)
{
    struct evtpm_error err = { "" };
    struct vm_config *usual = e2e_config();
    const struct evtpm_chip_params params = { .issuer = usual->chip };
    /* beside e2e_dir(), which each case finds empty */
    char *dir = g_strconcat(e2e_dir(), ".chip", NULL);
    g_assert_cmpint(evtpm_chip_create(dir, &params, &err), ==, 0);
    vm_config_free(usual);
    return dir;
}

static gnutls_privkey_t new_key(const char *name)
{
    struct evtpm_error err = { "" };
    g_autofree char *path = g_build_filename(e2e_dir(), name, NULL);
    g_assert_cmpint(evtpm_id_key_create(path, &err), ==, 0);
    gnutls_privkey_t key = evtpm_id_key_load(path, &err);
    g_assert_nonnull(key);
    return key;
}

/* The owner's block for this very file. */
static void sign_id(void)
{
    g_autoptr(GError) error = NULL;
    struct igvm_summary summary;
    igvm_file_summary(config->igvm, &summary, &error);
    g_assert_no_error(error);
    gnutls_privkey_t id_key = new_key("id.pem"), author = new_key("author.pem");
    id.block =
        (struct snp_id_block){ .guest_svn = 5, .policy = SNP_POLICY_DEFAULT };
    memcpy(id.block.ld, summary.digest, sizeof(id.block.ld));
    memcpy(id.block.family_id, "a family", 8);
    memcpy(id.block.image_id, "an image", 8);
    g_assert_cmpint(evtpm_id_sign(&id, id_key, author, NULL), ==, 0);
    gnutls_privkey_deinit(id_key);
    gnutls_privkey_deinit(author);
    config->id_block = evtpm_id_encode(&id.block, sizeof(id.block));
    config->id_auth = evtpm_id_encode(&id.auth, sizeof(id.auth));
}

static void run_boot(struct boot *b)
{
    gint64 began = g_get_monotonic_time();
    struct vm *vm = e2e_boot(config);
    boot_time = MAX(boot_time, g_get_monotonic_time() - began);
    e2e_collect(vm, &b->attest);
    g_assert_cmpint(snp_report_parse(b->attest.evidence.report.data,
                                     b->attest.evidence.report.size, &b->report,
                                     NULL),
                    ==, 0);
    struct evtpm_chip *chip = evtpm_chip_load(config->chip, NULL);
    evtpm_blob_set(&b->vcek, chip->vcek.data, chip->vcek.size);
    evtpm_chip_free(chip);
    plain_install_key(vm);
    b->key = e2e_guest(vm, "/run/guest-key 0 2");
    b->old_key = e2e_guest(vm, "/run/guest-key %d 2 %" G_GUINT64_FORMAT,
                           FIELD_TCB, tcb_version(&first_tcb));
    e2e_vm_end(vm);
}

/* Before and after the roll; the boots are the same otherwise. */
static void ready(void)
{
    if (booted) {
        return;
    }
    g_autofree char *chip = own_chip();
    struct evtpm_chip *c = evtpm_chip_load(chip, NULL);
    first_tcb = second_tcb = c->tcb;
    second_tcb.snp++;
    evtpm_chip_free(c);
    config = hashes_config(chip);
    sign_id();
    run_boot(&before);
    struct evtpm_error err = { "" };
    g_assert_cmpint(evtpm_chip_roll_tcb(chip, &second_tcb, &err), ==, 0);
    run_boot(&after);
    booted = TRUE;
}

/* The first link that fails when `b` is judged now, as recorded evidence. */
static const char *judge(struct boot *b, const char *chip)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *root = g_build_filename(config->chip, "ark.pem", NULL);
    const struct attest_policy policy = { .igvm = config->igvm,
                                          .root = root,
                                          .chip = chip };
    attest_verify(&b->attest, &policy, TRUE, &error);
    g_assert_no_error(error);
    return attest_good(&b->attest) ? "none"
                                   : evtpm_link_name(b->attest.result.failed);
}

/* Evidence of before the roll stands on the VCEK of its time. */
static void test_roll_evidence(void)
{
    ready();
    g_assert_false(evtpm_blob_equal(&before.vcek, &after.vcek));
    g_assert_cmpstr(judge(&before, NULL), ==, "none");
    g_assert_cmpstr(judge(&after, NULL), ==, "none");
    /* without the certificates of its time there is only today's VCEK */
    struct evtpm_blob kept = before.attest.evidence.certificates;
    before.attest.evidence.certificates = (struct evtpm_blob){ 0 };
    g_assert_cmpstr(judge(&before, config->chip), ==, "report-signature");
    before.attest.evidence.certificates = kept;
    g_assert_cmpstr(judge(&before, config->chip), ==, "none");
}

static void test_roll_report(void)
{
    guint8 first[8], second[8];
    ready();
    snp_tcb_encode(SNP_PRODUCT_MILAN, &first_tcb, first);
    snp_tcb_encode(SNP_PRODUCT_MILAN, &second_tcb, second);
    const struct snp_attestation_report *a = &before.report, *b = &after.report;
    const struct {
        const guint8 *before, *after;
    } fields[] = { { a->current_tcb, b->current_tcb },
                   { a->reported_tcb, b->reported_tcb },
                   { a->committed_tcb, b->committed_tcb },
                   { a->launch_tcb, b->launch_tcb } };
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_assert_cmpmem(fields[i].before, 8, first, 8);
        g_assert_cmpmem(fields[i].after, 8, second, 8);
    }
    g_assert_cmpmem(a->chip_id, 64, b->chip_id, 64);
    g_assert_cmpmem(a->measurement, 48, b->measurement, 48);
}

/* Another key by the same request; the old one for who names the old TCB. */
static void test_roll_keys(void)
{
    ready();
    g_assert_cmpuint(strlen(before.key), ==, 64);
    g_assert_cmpstr(before.key, !=, after.key);
    g_assert_cmpstr(before.key, !=, before.old_key);
    g_assert_cmpstr(before.old_key, ==, after.old_key);
}

static void test_id_report(void)
{
    guint8 digest[48];
    ready();
    const struct snp_attestation_report *r = &after.report;
    g_assert_cmpmem(r->family_id, 16, id.block.family_id, 16);
    g_assert_cmpmem(r->image_id, 16, id.block.image_id, 16);
    g_assert_cmpuint(r->guest_svn, ==, 5);
    g_assert_cmpint(evtpm_id_key_digest(&id.auth.id_key, digest), ==, 0);
    g_assert_cmpmem(r->id_key_digest, 48, digest, 48);
    g_assert_cmpint(evtpm_id_key_digest(&id.auth.author_key, digest), ==, 0);
    g_assert_cmpmem(r->author_key_digest, 48, digest, 48);
    g_assert_cmpuint(r->key_info & 1, ==, 1);
}

/* The kernel is in the digest: another command line, another digest. */
static void test_hashes_digest(void)
{
    struct igvm_summary usual, other, same;
    g_autoptr(GError) error = NULL;
    ready();
    struct vm_config *c = vm_config_copy(config);
    g_autofree char *a = igvm_file_svsm(c, &same, &error);
    g_assert_no_error(error);
    g_free(c->append);
    c->append = g_strdup("other");
    g_autofree char *b = igvm_file_svsm(c, &other, &error);
    g_assert_no_error(error);
    g_autofree char *plain = igvm_file_default(&usual, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(same.digest, 48, after.report.measurement, 48);
    g_assert_cmpint(memcmp(other.digest, same.digest, 48), !=, 0);
    g_assert_cmpint(memcmp(usual.digest, same.digest, 48), !=, 0);
    vm_config_free(c);
}

static char *console_of(struct vm *vm)
{
    g_autofree char *path = g_build_filename(vm->dir.log, "console.log", NULL);
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* A host that gives the firmware another initramfs or command line. Both VMs
 * run at once, for each has to be waited for. */
static void test_hashes_refused(void)
{
    g_autoptr(GError) error = NULL;
    struct vm *vm[2];
    ready();
    g_autofree char *other = g_build_filename(e2e_dir(), "other", NULL);
    g_assert_true(g_file_set_contents(other, "other", -1, NULL));
    for (int i = 0; i < 2; i++) {
        struct vm_config *c = vm_config_copy(config);
        char **part = i ? &c->append : &c->initrd;
        g_free(*part);
        *part = g_strdup(i ? "other" : other);
        g_free(c->name);
        c->name = g_strdup_printf("t%d", i);
        vm[i] = vm_start(c, FALSE, &error);
        g_assert_no_error(error);
        vm_config_free(c);
    }
    double limit = 3.0 * (double)boot_time / G_USEC_PER_SEC + 5;
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) late = NULL;
        g_assert_false(
            vm_wait_agent(vm[i], deadline_in(i ? 0.1 : limit), &late));
        g_assert_error(late, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT);
        g_assert_true(process_alive(&vm[i]->process));
        g_autofree char *console = console_of(vm[i]);
        g_assert_null(strstr(console, "userspace ready"));
        vm_free(vm[i]);
    }
}

/* ---- ID blocks that fit nothing, by the program ---- */

static void change_digest(struct evtpm_id *bad, gnutls_privkey_t key)
{
    bad->block.ld[0] ^= 1;
    evtpm_id_sign(bad, key, NULL, NULL);
}
static void change_policy(struct evtpm_id *bad, gnutls_privkey_t key)
{
    bad->block.policy |= SNP_POLICY_SINGLE_SOCKET;
    evtpm_id_sign(bad, key, NULL, NULL);
}
static void change_signature(struct evtpm_id *bad, gnutls_privkey_t key)
{
    evtpm_id_sign(bad, key, NULL, NULL);
    bad->auth.id_block_sig.r[0] ^= 1;
}
static void change_author(struct evtpm_id *bad, gnutls_privkey_t key)
{
    evtpm_id_sign(bad, key, key, NULL);
    bad->auth.id_key_sig.r[0] ^= 1;
}

static void test_id_refused(void)
{
    static const struct {
        void (*change)(struct evtpm_id *bad, gnutls_privkey_t key);
        const char *words;
    } rows[] = {
        { change_digest, "launch digest is not the one in the ID block "
                         "(BAD_MEASUREMENT)" },
        { change_policy,
          "guest policy is not the one in the ID block (POLICY_FAILURE)" },
        { change_signature,
          "signature of the ID block is wrong (BAD_SIGNATURE)" },
        { change_author,
          "the author's signature of the ID key is wrong (BAD_SIGNATURE)" },
    };
    g_autoptr(GError) error = NULL;
    ready();
    gnutls_privkey_t key = new_key("key.pem");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct e2e_result r;
        struct evtpm_id bad = { .block = id.block };
        g_autofree char *stem = g_build_filename(e2e_dir(), "bad", NULL);
        rows[i].change(&bad, key);
        id_files_write(stem, &bad, &error);
        g_assert_no_error(error);
        e2e_evtpm(&r, "launch", "--chip", config->chip, "--kernel-hashes",
                  "--id-block", "bad.id-block", "--id-auth", "bad.id-auth",
                  "--exec", "true", NULL);
        e2e_assert_refused(&r, 1, rows[i].words);
        e2e_result_clear(&r);
    }
    gnutls_privkey_deinit(key);
}

static void boot_clear(struct boot *b)
{
    attest_clear(&b->attest);
    evtpm_blob_clear(&b->vcek);
    g_free(b->key);
    g_free(b->old_key);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/identity/roll/evidence", test_roll_evidence, E2E_EMULATED, 512 },
    { "/e2e/identity/roll/report", test_roll_report, E2E_EMULATED, 512 },
    { "/e2e/identity/roll/keys", test_roll_keys, E2E_EMULATED, 512 },
    { "/e2e/identity/id-block/report", test_id_report, E2E_EMULATED, 512 },
    { "/e2e/identity/id-block/refused", test_id_refused, E2E_EMULATED, 512 },
    { "/e2e/identity/hashes/digest", test_hashes_digest, E2E_EMULATED, 512 },
    { "/e2e/identity/hashes/refused", test_hashes_refused, E2E_EMULATED, 512 },
};

int main(int argc, char **argv)
{
    int status = e2e_main(argc, argv, E2E_TABLE(scenarios));
    if (booted) {
        boot_clear(&before);
        boot_clear(&after);
    }
    vm_config_free(config);
    return status;
}
