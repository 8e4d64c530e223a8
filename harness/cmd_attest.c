/* SPDX-License-Identifier: MIT */
/* evtpm attest: evidence from a running VM. evtpm verify: evidence from a file.
 */
#include <string.h>

#include "harness/artifacts.h"
#include "harness/attest.h"
#include "harness/command.h"
#include "harness/evidence_json.h"
#include "harness/igvm_file.h"
#include "harness/judgement.h"
#include "harness/request_json.h"
#include "harness/tree.h"
#include "lib/file.h"

#define EVIDENCE_MAX (64u << 20)

struct options {
    struct backend_options place;
    char *igvm, *out, *policy, *request;
    char **roots, **crls, **certificates;
    gboolean json, explain;
    double timeout;
};

static void clear_options(struct options *o)
{
    g_free(o->igvm);
    g_free(o->out);
    g_free(o->policy);
    g_free(o->request);
    g_strfreev(o->roots);
    g_strfreev(o->crls);
    g_strfreev(o->certificates);
}

/* The options of both commands and those of one; free with g_free. */
static GOptionEntry *with_common(struct options *o, const GOptionEntry *own)
{
    const GOptionEntry common[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &o->json,
          "print the judgement as JSON", NULL },
        { "explain", 'e', 0, G_OPTION_ARG_NONE, &o->explain,
          "print for each link the values seen and wanted", NULL },
        { "policy", 'p', 0, G_OPTION_ARG_FILENAME, &o->policy,
          "judge by this policy (docs/policy.md)", "F" },
        { "crl", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->crls,
          "a revocation list, in PEM or DER; may be repeated", "F" },
        { "certificates", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->certificates,
          "certificates that the evidence may lack, in PEM or DER, or a "
          "directory of them; may be repeated",
          "F" },
    };
    gsize count = 0;
    while (own[count].long_name) {
        count++;
    }
    GOptionEntry *all = g_new0(GOptionEntry, G_N_ELEMENTS(common) + count + 1);
    memcpy(all, common, sizeof(common));
    memcpy(all + G_N_ELEMENTS(common), own, count * sizeof(*own));
    return all;
}

static enum judgement_form form_of(const struct options *o)
{
    return o->json      ? JUDGEMENT_JSON
           : o->explain ? JUDGEMENT_EXPLAIN
                        : JUDGEMENT_TEXT;
}

/* This build's file is the reference only where neither file nor policy is
 * named: a relying party with a policy need not have built anything. Of a VM
 * with kernel hashes (`config`, or NULL) it is the one that its kernel belongs
 * to. */
static gboolean choose_igvm(const struct options *o,
                            const struct vm_config *config, char **igvm,
                            GError **error)
{
    struct igvm_summary summary;
    *igvm = o->igvm     ? g_strdup(o->igvm)
            : o->policy ? NULL
            : config    ? igvm_file_svsm(config, &summary, error)
                        : igvm_file_default(&summary, error);
    return *igvm || o->policy;
}

static struct attest_policy policy_of(const struct options *o, const char *igvm)
{
    return (struct attest_policy){
        .igvm = igvm,
        .file = o->policy,
        .roots = (const char *const *)o->roots,
        .crls = (const char *const *)o->crls,
        .certificates = (const char *const *)o->certificates,
    };
}

static gboolean keep(const struct options *o, struct attest *a, GError **error)
{
    g_autofree char *text = o->out ? evidence_to_json(&a->evidence) : NULL;
    return (!text || tree_write(o->out, text, -1, error)) &&
           (!o->request || request_write(o->request, a, error));
}

static int attest(struct vm *vm, const struct options *o, GError **error)
{
    g_autofree char *igvm = NULL;
    /* an emulated chip's root counts because the VM that we were told to attest
     * is an emulated one */
    const char *chip = vm->config->chip;
    g_autofree char *root = !o->roots && !o->policy && chip
                                ? g_build_filename(chip, "ark.pem", NULL)
                                : NULL;
    struct attest a;
    if (vm->config->no_svsm) {
        fail(error, HARNESS_ERROR_FAILED,
             "the VM \"%s\" has no SVSM, and no TPM to attest: its reports "
             "are /dev/sev-guest's",
             vm->config->name);
        return -1;
    }
    if (!choose_igvm(o, vm->config, &igvm, error) ||
        !attest_collect(vm, deadline_in(o->timeout), &a, error)) {
        return -1;
    }
    struct attest_policy policy = policy_of(o, igvm);
    policy.root = root;
    policy.chip = chip;
    int status = keep(o, &a, error)
                     ? judgement_print(&a, &policy, FALSE, vm->config->igvm,
                                       form_of(o), error)
                     : -1;
    attest_clear(&a);
    return status;
}

int cmd_attest(int argc, char **argv, GError **error)
{
    struct options o = { .timeout = 60 };
    const GOptionEntry own[] = {
        { "evidence-out", 'o', 0, G_OPTION_ARG_FILENAME, &o.out,
          "keep the evidence in a file", "F" },
        { "request-out", 0, 0, G_OPTION_ARG_FILENAME, &o.request,
          "keep our own record of nonce, time and credential, for verify",
          "F" },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &o.igvm,
          "expect the VM to have been launched from this file (default without "
          "--policy: the one of this build)",
          "F" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.roots,
          "trust this root certificate besides AMD's; may be repeated (default "
          "for an emulated VM: its chip's)",
          "F" },
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &o.timeout,
          "limit for the guest's answer (default: 60)", "SECONDS" },
        BACKEND_OPTIONS(&o.place),
        { NULL },
    };
    g_autofree GOptionEntry *entries = with_common(&o, own);
    int status = -1;
    if (command_options(&argc, &argv, entries, "attest [OPTIONS] VM",
                        "Sends a fresh nonce and a credential to a running VM "
                        "and verifies the evidence that comes back, link by "
                        "link. The exit status is 0, or that of the first "
                        "link that failed (20 and up).",
                        1, 1, error) >= 0) {
        struct vm *vm =
            vm_attach_at(o.place.backend, o.place.connect, argv[1], error);
        status = vm ? attest(vm, &o, error) : -1;
        vm_free(vm);
    }
    backend_options_clear(&o.place);
    clear_options(&o);
    return status;
}

static int verify(const char *path, const struct options *o, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    struct attest a = { 0 };
    g_autofree char *igvm = NULL;
    if (!choose_igvm(o, NULL, &igvm, error)) {
        return -1;
    }
    if (evtpm_file_read(path, EVIDENCE_MAX, &blob, &err) < 0) {
        fail_lib(error, &err);
        return -1;
    }
    struct attest_policy policy = policy_of(o, igvm);
    int status = -1;
    if ((!o->request || request_read(o->request, &a, error)) &&
        evidence_from_json((const char *)blob.data, (gssize)blob.size,
                           &a.evidence, error)) {
        status =
            judgement_print(&a, &policy, !o->request, NULL, form_of(o), error);
    }
    evtpm_blob_clear(&blob);
    attest_clear(&a);
    return status;
}

int cmd_verify(int argc, char **argv, GError **error)
{
    struct options o = { 0 };
    const GOptionEntry own[] = {
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &o.igvm,
          "the file that the VM should have been launched from (default "
          "without "
          "--policy: the one of this build)",
          "F" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.roots,
          "trust this root certificate besides AMD's; may be repeated", "F" },
        { "request", 0, 0, G_OPTION_ARG_FILENAME, &o.request,
          "our own record of the request, by attest --request-out", "F" },
        { NULL },
    };
    g_autofree GOptionEntry *entries = with_common(&o, own);
    int status = -1;
    if (command_options(&argc, &argv, entries, "verify [OPTIONS] FILE",
                        "Verifies evidence that evtpm attest kept. Freshness "
                        "and the binding of the attestation key were proven "
                        "to whoever collected it; without the record that "
                        "they kept (--request), they are skipped.",
                        1, 1, error) >= 0) {
        status = verify(argv[1], &o, error);
    }
    clear_options(&o);
    return status;
}
