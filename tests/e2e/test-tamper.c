/* SPDX-License-Identifier: MIT */
/*
 * Tampering with evidence: one thing is changed, one link must fail, under its
 * own name. The unchanged evidence, judged first, is the control.
 */
#include <string.h>

#include "evtpm/report.h"
#include "harness/evidence_json.h"
#include "lib/eventlog.h"
#include "lib/ima.h"
#include "tests/e2e/e2e.h"

static struct attest honest; /* of the shared VM; collected once */
static gboolean collected;

static void prepare(void)
{
    if (!collected) {
        e2e_collect(e2e_shared_vm(), &honest);
        collected = TRUE;
    }
}

/* A copy whose evidence may be changed; nonce and credential stay those of the
 * honest exchange. */
static void copy(struct attest *a)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = evidence_to_json(&honest.evidence);
    *a = (struct attest){ 0 };
    evidence_from_json(text, -1, &a->evidence, &error);
    g_assert_no_error(error);
    a->nonce = honest.nonce;
    a->credential = honest.credential;
}

static void drop(struct attest *a)
{
    evtpm_evidence_clear(&a->evidence);
}

static void judge(struct attest *a)
{
    g_autoptr(GError) error = NULL;
    struct attest_policy policy = e2e_policy(e2e_shared_vm()->config);
    attest_verify(a, &policy, FALSE, &error);
    g_assert_no_error(error);
}

static void assert_failed(struct attest *a, enum evtpm_link link)
{
    judge(a);
    if (a->result.failed != link) {
        g_test_message("%s failed, not %s",
                       a->result.failed == EVTPM_LINK_COUNT
                           ? "nothing"
                           : evtpm_link_name(a->result.failed),
                       evtpm_link_name(link));
        g_test_fail();
    }
    struct attest_policy policy = { 0 };
    g_autofree char *text = attest_failure(a, &policy, NULL);
    g_test_message("%s", text);
    g_assert_nonnull(strstr(text, evtpm_link_name(link)));
}

static void test_honest(void)
{
    prepare();
    struct attest a;
    copy(&a);
    judge(&a);
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_COUNT);
    g_assert_true(a.result.emulated);
    drop(&a);
}

/* Evidence that answered an earlier request. */
static void test_replay(void)
{
    prepare();
    struct attest a, later;
    e2e_collect(e2e_shared_vm(), &later);
    copy(&a);
    a.nonce = later.nonce;
    assert_failed(&a, EVTPM_LINK_NONCE);
    /* with the nonce written into it, too, the report still tells */
    g_assert_true(
        evtpm_blob_set(&a.evidence.nonce, later.nonce.data, later.nonce.size));
    assert_failed(&a, EVTPM_LINK_REPORT_DATA);
    drop(&a);
    attest_clear(&later);
}

/* Another VM of the same image and chip answers in place of the one that was
 * asked. */
static void test_other_vm(void)
{
    prepare();
    struct vm_config *c = e2e_config();
    struct vm *vm = e2e_boot(c);
    struct attest other;
    e2e_collect(vm, &other);
    judge(&other);
    g_assert_cmpint(other.result.failed, ==, EVTPM_LINK_COUNT);
    struct attest a = other;
    a.nonce = honest.nonce;
    a.credential = honest.credential;
    assert_failed(&a, EVTPM_LINK_NONCE);
    /* the right nonce for the wrong TPM: the credential was not made for it */
    a.nonce = other.nonce;
    assert_failed(&a, EVTPM_LINK_AK_BINDING);
    attest_clear(&other);
    e2e_vm_end(vm);
    vm_config_free(c);
}

/* The guest asks for a report by itself: it says VMPL2, and nothing can make it
 * say 0. */
static void test_vmpl2(void)
{
    prepare();
    g_autofree char *nonce =
        g_base64_encode(honest.nonce.data, honest.nonce.size);
    g_autofree char *text =
        e2e_guest(e2e_shared_vm(),
                  "cd /sys/kernel/config/tsm/report && mkdir g && "
                  "echo 2 >g/privlevel && echo %s | base64 -d >g/inblob && "
                  "base64 -w0 g/outblob; "
                  "s=$?; rmdir g; exit $s",
                  nonce);
    gsize size;
    g_autofree guchar *report = g_base64_decode(text, &size);
    g_assert_cmpuint(size, >=, sizeof(struct snp_attestation_report));
    struct attest a;
    copy(&a);
    g_assert_true(evtpm_blob_set(&a.evidence.report, report,
                                 sizeof(struct snp_attestation_report)));
    assert_failed(&a, EVTPM_LINK_VMPL);
    g_assert_cmpint(a.result.link[EVTPM_LINK_REPORT_SIGNATURE].status, ==,
                    EVTPM_PASSED);
    /* a lie about the level breaks the signature */
    a.evidence.report.data[offsetof(struct snp_attestation_report, vmpl)] = 0;
    assert_failed(&a, EVTPM_LINK_REPORT_SIGNATURE);
    drop(&a);
}

/* The guest changes a PCR after the firmware measured: the log does not explain
 * it. */
static void test_changed_pcr(void)
{
    prepare();
    struct attest a;
    copy(&a);
    a.evidence.pcr[4][0] ^= 1;
    assert_failed(&a, EVTPM_LINK_QUOTE_PCRS);
    drop(&a);

    struct vm_config *c = e2e_config();
    struct vm *vm = e2e_boot(c);
    g_autofree char *out =
        e2e_guest(vm, "TPM2TOOLS_TCTI=device:/dev/tpmrm0 tpm2_pcrextend "
                      "4:sha256=$(printf x | sha256sum | cut -d' ' -f1)");
    e2e_collect(vm, &a);
    assert_failed(&a, EVTPM_LINK_EVENT_LOG);
    attest_clear(&a);
    e2e_vm_end(vm);
    vm_config_free(c);
}

/* Offset of the digest of event `index`, and where that event begins. */
static gsize find_event(const struct evtpm_blob *blob, guint index,
                        gsize *begins)
{
    struct evtpm_error err = { "" };
    struct evtpm_eventlog log;
    struct evtpm_event event;
    g_assert_cmpint(evtpm_eventlog_open(&log, blob->data, blob->size, &err), ==,
                    0);
    gsize offset = 0;
    do {
        *begins = offset;
        g_assert_true(evtpm_eventlog_next(&log, &offset, &event));
    } while (event.index < index || !event.digest[EVTPM_SHA256]);
    return (gsize)(event.digest[EVTPM_SHA256] - blob->data);
}

/* An event is altered; the log ends too early; it is not even a log. */
static void test_changed_event_log(void)
{
    prepare();
    struct attest a;
    struct evtpm_blob *log = &a.evidence.event_log;
    gsize begins;
    copy(&a);
    log->data[find_event(log, 3, &begins)] ^= 1;
    assert_failed(&a, EVTPM_LINK_EVENT_LOG);
    log->data[find_event(log, 3, &begins)] ^= 1;
    judge(&a);
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_COUNT);
    find_event(log, 5, &begins);
    gsize size = log->size;
    log->size = begins;
    assert_failed(&a, EVTPM_LINK_EVENT_LOG);
    log->size = size - 1;
    assert_failed(&a, EVTPM_LINK_EVENT_LOG);
    log->size = size;
    drop(&a);
}

/* A quote by a key of the same TPM that the credential was not made for. */
static void test_changed_quote(void)
{
    prepare();
    struct attest a;
    copy(&a);
    a.evidence.quote_signature.data[a.evidence.quote_signature.size - 1] ^= 1;
    assert_failed(&a, EVTPM_LINK_QUOTE_SIGNATURE);
    drop(&a);
    copy(&a);
    a.evidence.credential_secret.data[0] ^= 1;
    assert_failed(&a, EVTPM_LINK_AK_BINDING);
    drop(&a);
}

static void test_changed_manifest(void)
{
    prepare();
    struct attest a;
    copy(&a);
    a.evidence.manifest.data[a.evidence.manifest.size - 1] ^= 1;
    assert_failed(&a, EVTPM_LINK_REPORT_DATA);
    drop(&a);
}

/* An emulated chip is no AMD chip unless its root is named. */
static void test_root_not_named(void)
{
    prepare();
    g_autoptr(GError) error = NULL;
    struct attest a;
    copy(&a);
    struct attest_policy policy = e2e_policy(e2e_shared_vm()->config);
    policy.root = NULL;
    attest_verify(&a, &policy, FALSE, &error);
    g_assert_no_error(error);
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_ROOT);
    drop(&a);
}

static void judge_by_policy(struct attest *a, const char *command_line)
{
    g_autoptr(GError) error = NULL;
    struct vm *vm = e2e_shared_vm();
    g_autofree char *text = g_strdup_printf(
        "{\"version\": 1, // what this VM was launched with\n"
        "\"minimum_tcb\": {\"Milan\": {\"snp\": 1}},\n"
        "\"boot\": {\"kernel_files\": [\"%s\"], \"initrd_files\": [\"%s\"],\n"
        "\"command_line\": [\"%s\"]},\n"
        "\"freshness\": {\"maximum_age\": 3600}}\n",
        vm->config->kernel, vm->config->initrd, command_line);
    g_autofree char *file = g_build_filename(e2e_dir(), "policy.json", NULL);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    struct attest_policy policy = e2e_policy(vm->config);
    policy.file = file;
    a->issued = honest.issued;
    attest_verify(a, &policy, FALSE, &error);
    g_assert_no_error(error);
}

/* Kernel and initrd of the policy are files, their digests in the log
 * firmware's and Linux's own. */
static void test_policy(void)
{
    prepare();
    struct attest a;
    const struct vm_config *c = e2e_shared_vm()->config;
    copy(&a);
    judge_by_policy(&a, c->append);
    if (a.result.failed != EVTPM_LINK_COUNT) {
        g_test_message("%s", a.result.link[a.result.failed].detail);
    }
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_COUNT);
    g_assert_cmpint(a.result.link[EVTPM_LINK_EVENT_RULES].status, ==,
                    EVTPM_PASSED);
    g_assert_cmpint(a.result.link[EVTPM_LINK_FRESHNESS].status, ==,
                    EVTPM_PASSED);
    judge_by_policy(&a, "console=ttyS0 quiet");
    g_assert_cmpint(a.result.failed, ==, EVTPM_LINK_EVENT_RULES);
    g_assert_nonnull(strstr(a.result.link[EVTPM_LINK_EVENT_RULES].detail,
                            "command line: LOADED_IMAGE::LoadOptions"));
    drop(&a);
}

/* Every file of the list that evidence has, as sha256sum would print them. */
static void write_allow_list(const struct evtpm_evidence *e)
{
    g_autoptr(GString) text = g_string_new("# what ran\n");
    struct evtpm_ima_entry entry = { 0 };
    size_t offset = 0;
    char hex[65], path[200];
    while (evtpm_ima_next(e->ima_log.data, e->ima_log.size, &offset, &entry,
                          NULL) > 0) {
        if (entry.number > 0 && entry.digest_size == 32) {
            g_string_append_printf(text, "%s  %s\n",
                                   evtpm_hex(hex, 65, entry.digest, 32),
                                   evtpm_ima_path(&entry, path, sizeof(path)));
        }
    }
    g_assert_true(g_file_set_contents("files.sha256", text->str, -1, NULL));
}

static void judge_files(struct attest *a)
{
    g_autoptr(GError) error = NULL;
    struct attest_policy policy = e2e_policy(e2e_shared_vm()->config);
    g_assert_true(g_file_set_contents(
        "files.json",
        "{\"version\": 1, \"ima\": {\"allow_lists\": [\"files.sha256\"]}}", -1,
        NULL));
    policy.file = "files.json";
    attest_verify(a, &policy, FALSE, &error);
    g_assert_no_error(error);
    g_test_message("ima-files: %s",
                   a->result.link[EVTPM_LINK_IMA_FILES].detail);
}

/* The VM's IMA measures what is executed. A program that ran before is on the
 * list, one with a byte more is not. Last, because the VM's logs grow. */
static void test_files(void)
{
    prepare();
    struct vm *vm = e2e_shared_vm();
    struct attest before, after;
    g_free(e2e_guest(vm, "echo 'measure func=BPRM_CHECK mask=MAY_EXEC' "
                         ">/sys/kernel/security/ima/policy && "
                         "mkdir /tmp/own && cp /usr/bin/busybox "
                         "/tmp/own/true && /tmp/own/true"));
    e2e_collect(vm, &before);
    write_allow_list(&before.evidence);
    judge_files(&before);
    g_assert_cmpint(before.result.failed, ==, EVTPM_LINK_COUNT);

    g_free(e2e_guest(vm, "echo >>/tmp/own/true && /tmp/own/true"));
    e2e_collect(vm, &after);
    judge_files(&after);
    g_assert_cmpint(after.result.failed, ==, EVTPM_LINK_IMA_FILES);
    g_assert_nonnull(strstr(after.result.link[EVTPM_LINK_IMA_FILES].detail,
                            ": /tmp/own/true ("));
    attest_clear(&before);
    attest_clear(&after);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/tamper/control-honest", test_honest, 0, 512 },
    { "/e2e/tamper/replayed-nonce", test_replay, 0, 512 },
    { "/e2e/tamper/other-vm", test_other_vm, 0, 1024 },
    { "/e2e/tamper/vmpl2-report", test_vmpl2, 0, 512 },
    { "/e2e/tamper/changed-pcr", test_changed_pcr, 0, 1024 },
    { "/e2e/tamper/changed-event-log", test_changed_event_log, 0, 512 },
    { "/e2e/tamper/changed-quote", test_changed_quote, 0, 512 },
    { "/e2e/tamper/changed-manifest", test_changed_manifest, 0, 512 },
    { "/e2e/tamper/root-not-named", test_root_not_named, 0, 512 },
    { "/e2e/tamper/policy", test_policy, 0, 512 },
    { "/e2e/tamper/files", test_files, 0, 512 },
};

int main(int argc, char **argv)
{
    int status = e2e_main(argc, argv, E2E_TABLE(scenarios));
    if (collected) {
        attest_clear(&honest);
    }
    return status;
}
