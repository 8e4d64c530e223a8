/* SPDX-License-Identifier: MIT */
/* evtpm attest: evidence from a running VM. evtpm verify: evidence from a file.
 */
#include <stdio.h>

#include "harness/artifacts.h"
#include "harness/attest.h"
#include "harness/command.h"
#include "harness/evidence_json.h"
#include "harness/igvm_file.h"
#include "harness/tree.h"
#include "lib/file.h"

#define EVIDENCE_MAX (64u << 20)

struct options {
    char *igvm, *root, *out;
    gboolean json;
    double timeout;
};

static JsonObject *link_json(const struct evtpm_result *r, enum evtpm_link i)
{
    static const char *const status[] = { "skipped", "passed", "failed" };
    JsonObject *o = json_object_new();
    json_object_set_string_member(o, "link", evtpm_link_name(i));
    json_object_set_string_member(o, "claim", evtpm_link_claim(i));
    json_object_set_string_member(o, "status", status[r->link[i].status]);
    json_object_set_string_member(o, "detail", r->link[i].detail);
    return o;
}

static void print_json(const struct attest *a)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *o = json_object_new();
    JsonArray *links = json_array_new();
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        json_array_add_object_element(
            links, link_json(&a->result, (enum evtpm_link)i));
    }
    json_object_set_boolean_member(o, "ok", attest_good(a));
    json_object_set_boolean_member(o, "emulated", a->result.emulated);
    if (!attest_good(a)) {
        json_object_set_string_member(o, "failed",
                                      evtpm_link_name(a->result.failed));
    }
    json_object_set_array_member(o, "links", links);
    json_node_take_object(root, o);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

static void print_text(const struct attest *a, const struct attest_policy *p)
{
    static const char *const mark[] = { "skip", "ok", "FAIL" };
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        const struct evtpm_link_result *l = &a->result.link[i];
        printf("%-4s %-17s %s\n", mark[l->status],
               evtpm_link_name((enum evtpm_link)i),
               l->status == EVTPM_PASSED ? evtpm_link_claim((enum evtpm_link)i)
                                         : l->detail);
    }
    printf("reference: %s\n", p->igvm);
    if (a->result.emulated) {
        printf("root: %s, an emulated chip's: this proves the software, not "
               "the hardware\n",
               p->root ? p->root : "none");
    }
}

/* Prints the judgement; the exit status is that of the first failing link. */
static int judge(struct attest *a, const struct attest_policy *p,
                 gboolean recorded, gboolean json, const char *launched,
                 GError **error)
{
    if (!attest_verify(a, p, recorded, error)) {
        return -1;
    }
    if (json) {
        print_json(a);
    } else {
        print_text(a, p);
    }
    g_autofree char *text = attest_failure(a, p, launched);
    if (text) {
        fflush(stdout);
        fprintf(stderr, "evtpm: %s\n", text);
        return evtpm_link_exit_status(a->result.failed);
    }
    return 0;
}

static int attest(struct vm *vm, const struct options *o, GError **error)
{
    struct igvm_summary summary;
    g_autofree char *igvm =
        o->igvm ? g_strdup(o->igvm) : igvm_file_default(&summary, error);
    /* an emulated chip's root counts because the VM that we were told to attest
     * is an emulated one */
    const char *chip = vm->config->chip;
    g_autofree char *root = o->root ? g_strdup(o->root)
                            : chip  ? g_build_filename(chip, "ark.pem", NULL)
                                    : NULL;
    struct attest_policy policy = { .igvm = igvm, .root = root, .chip = chip };
    struct attest a;
    if (vm->config->no_svsm) {
        fail(error, HARNESS_ERROR_FAILED,
             "the VM \"%s\" has no SVSM, and no TPM to attest: its reports "
             "are /dev/sev-guest's",
             vm->config->name);
        return -1;
    }
    if (!igvm || !attest_collect(vm, deadline_in(o->timeout), &a, error)) {
        return -1;
    }
    g_autofree char *text = o->out ? evidence_to_json(&a.evidence) : NULL;
    int status = -1;
    if (!text || tree_write(o->out, text, -1, error)) {
        status = judge(&a, &policy, FALSE, o->json, vm->config->igvm, error);
    }
    attest_clear(&a);
    return status;
}

int cmd_attest(int argc, char **argv, GError **error)
{
    struct options o = { .timeout = 60 };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &o.json,
          "print the judgement as JSON", NULL },
        { "evidence-out", 'o', 0, G_OPTION_ARG_FILENAME, &o.out,
          "keep the evidence in a file", "F" },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &o.igvm,
          "expect the VM to have been launched from this file (default: the "
          "one of this build)",
          "F" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &o.root,
          "trust this root certificate besides AMD's (default for an emulated "
          "VM: its chip's)",
          "F" },
        { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &o.timeout,
          "limit for the guest's answer (default: 60)", "SECONDS" },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries, "attest [OPTIONS] VM",
                        "Sends a fresh nonce and a credential to a running VM "
                        "and verifies the evidence that comes back, link by "
                        "link. The exit status is 0, or that of the first "
                        "link that failed (20 and up).",
                        1, 1, error) >= 0) {
        struct vm *vm = vm_attach(argv[1], error);
        status = vm ? attest(vm, &o, error) : -1;
        vm_free(vm);
    }
    g_free(o.igvm);
    g_free(o.root);
    g_free(o.out);
    return status;
}

static int verify(const char *path, const struct options *o, GError **error)
{
    struct igvm_summary summary;
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    struct attest a = { 0 };
    g_autofree char *igvm =
        o->igvm ? g_strdup(o->igvm) : igvm_file_default(&summary, error);
    if (!igvm) {
        return -1;
    }
    if (evtpm_file_read(path, EVIDENCE_MAX, &blob, &err) < 0) {
        fail_lib(error, &err);
        return -1;
    }
    struct attest_policy policy = { .igvm = igvm, .root = o->root };
    int status = -1;
    if (evidence_from_json((const char *)blob.data, (gssize)blob.size,
                           &a.evidence, error)) {
        status = judge(&a, &policy, TRUE, o->json, NULL, error);
    }
    evtpm_blob_clear(&blob);
    attest_clear(&a);
    return status;
}

int cmd_verify(int argc, char **argv, GError **error)
{
    struct options o = { 0 };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &o.json,
          "print the judgement as JSON", NULL },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &o.igvm,
          "the file that the VM should have been launched from (default: the "
          "one of this build)",
          "F" },
        { "root", 0, 0, G_OPTION_ARG_FILENAME, &o.root,
          "trust this root certificate besides AMD's", "F" },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries, "verify [OPTIONS] FILE",
                        "Verifies evidence that evtpm attest kept. Freshness "
                        "and the binding of the attestation key were proven "
                        "to whoever collected it; they are skipped here.",
                        1, 1, error) >= 0) {
        status = verify(argv[1], &o, error);
    }
    g_free(o.igvm);
    g_free(o.root);
    return status;
}
