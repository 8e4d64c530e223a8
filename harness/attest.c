/* SPDX-License-Identifier: MIT */
/* Collecting evidence from a VM, and judging it. */
#include "harness/attest.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "harness/certificate_dir.h"
#include "harness/igvm_file.h"
#include "harness/json_depth.h"
#include "harness/policy.h"
#include "harness/process.h"
#include "lib/bundle.h"
#include "lib/credential.h"
#include "lib/file.h"

#define SECRET_SIZE 32
#define CERTIFICATES_MAX 0x40000
/* In the guest: either program, the quicker one first (docs/attestation.md) */
#define COLLECTOR                                                              \
    "agent=$(command -v evtpm-agent || command -v evtpm-evidence) || "         \
    "{ echo 'there is neither evtpm-agent nor evtpm-evidence' >&2; "           \
    "exit 127; }; \"$agent\" "

void attest_clear(struct attest *a)
{
    evtpm_blob_clear(&a->nonce);
    evtpm_blob_clear(&a->credential.secret);
    evtpm_blob_clear(&a->credential.ek_public);
    evtpm_blob_clear(&a->credential.ak_name);
    evtpm_evidence_clear(&a->evidence);
}

static gboolean random_blob(struct evtpm_blob *blob, gsize size, GError **error)
{
    guint8 bytes[EVTPM_NONCE_SIZE];
    g_assert(size <= sizeof(bytes));
    if (gnutls_rnd(GNUTLS_RND_KEY, bytes, size) < 0 ||
        !evtpm_blob_set(blob, bytes, size)) {
        return fail(error, HARNESS_ERROR_FAILED, "no random numbers");
    }
    return TRUE;
}

/* {"ek_public","ak_public","ak_name"}: whom the credential is for, by its own
 * account. */
static gboolean get_keys(struct vm *vm, deadline_t deadline, struct attest *a,
                         GError **error)
{
    g_autofree char *text = ga_shell(&vm->ga, deadline, error, COLLECTOR "ak");
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root = NULL;
    if (!text) {
        return FALSE;
    }
    if (!json_depth_refuse(text, -1) &&
        json_parser_load_from_data(parser, text, -1, NULL)) {
        root = json_parser_get_root(parser);
    }
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        return fail(error, HARNESS_ERROR_FAILED,
                    "the guest's keys are not JSON");
    }
    JsonObject *object = json_node_get_object(root);
    return json_get_base64(object, "ek_public", 0x1000,
                           &a->credential.ek_public, error) &&
           json_get_base64(object, "ak_name", 0x100, &a->credential.ak_name,
                           error);
}

static gboolean make_credential(struct attest *a, struct evtpm_blob *out,
                                GError **error)
{
    struct evtpm_credential *c = &a->credential;
    struct evtpm_error err = { "" };
    return random_blob(&c->secret, SECRET_SIZE, error) &&
           (evtpm_make_credential(&c->ek_public, &c->ak_name, &c->secret, out,
                                  &err) == 0 ||
            fail_lib(error, &err));
}

static gboolean collect(struct vm *vm, deadline_t deadline, struct attest *a,
                        GError **error)
{
    struct evtpm_blob credential = { 0 };
    a->issued = time(NULL);
    if (!random_blob(&a->nonce, EVTPM_NONCE_SIZE, error) ||
        !get_keys(vm, deadline, a, error) ||
        !make_credential(a, &credential, error)) {
        evtpm_blob_clear(&credential);
        return FALSE;
    }
    g_autofree char *nonce = g_base64_encode(a->nonce.data, a->nonce.size);
    g_autofree char *cred = g_base64_encode(credential.data, credential.size);
    evtpm_blob_clear(&credential);
    g_autofree char *text = ga_shell(
        &vm->ga, deadline, error, COLLECTOR "collect '%s' '%s'", nonce, cred);
    return text && evidence_from_json(text, -1, &a->evidence, error);
}

gboolean attest_collect(struct vm *vm, deadline_t deadline,
                        struct attest *attest, GError **error)
{
    *attest = (struct attest){ 0 };
    if (!vm_wait_agent(vm, deadline, error)) {
        return FALSE;
    }
    if (!collect(vm, deadline, attest, error)) {
        attest_clear(attest);
        return process_alive(&vm->process) ? FALSE : vm_explain(vm, error);
    }
    return TRUE;
}

static gboolean add_certificates(struct evtpm_chain *chain, const char *path,
                                 GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 };
    if (evtpm_file_read(path, CERTIFICATES_MAX, &file, &err) < 0) {
        return fail_lib(error, &err);
    }
    int rc = evtpm_chain_add(chain, file.data, file.size, &err);
    evtpm_blob_clear(&file);
    return rc == 0 ||
           fail(error, HARNESS_ERROR_FAILED, "%s: %s", path, err.text);
}

/* Those that lie beside the emulated chip, as a key server would give them. */
static gboolean chip_certificates(const char *chip, struct evtpm_chain *chain,
                                  GError **error)
{
    static const char *const names[] = { "ark.pem", "ask.pem", "vcek.pem" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(chip, names[i], NULL);
        if (!add_certificates(chain, path, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* What the evidence may lack, from where the policy says. */
static gboolean spare_certificates(const struct attest_policy *policy,
                                   const struct evtpm_blob *report,
                                   struct evtpm_chain *chain, GError **error)
{
    const char *const *path = policy->certificates;
    if (!path || !*path) {
        return !policy->chip || chip_certificates(policy->chip, chain, error);
    }
    for (; *path; path++) {
        gboolean dir = g_file_test(*path, G_FILE_TEST_IS_DIR);
        if (!(dir ? certificate_dir_add(*path, report, chain, error)
                  : add_certificates(chain, *path, error))) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_all(struct policy *p, const char *const *paths,
                        gboolean (*add)(struct policy *p, const char *path,
                                        GError **error),
                        GError **error)
{
    for (; paths && *paths; paths++) {
        if (!add(p, *paths, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean add_igvm(struct policy *p, const char *igvm, GError **error)
{
    struct igvm_summary summary;
    if (!igvm_file_summary(igvm, &summary, error)) {
        return FALSE;
    }
    policy_add_launch_digest(p, summary.digest);
    return TRUE;
}

/* The file's policy, or an empty one, and what was named besides. */
static struct policy *load_policy(const struct attest_policy *policy,
                                  GError **error)
{
    struct policy *p =
        policy->file ? policy_load(policy->file, error) : policy_new();
    if (p && (!policy->root || policy_add_root(p, policy->root, error)) &&
        add_all(p, policy->roots, policy_add_root, error) &&
        add_all(p, policy->crls, policy_add_crl, error) &&
        (!policy->igvm || add_igvm(p, policy->igvm, error))) {
        return p;
    }
    policy_free(p);
    return NULL;
}

gboolean attest_verify(struct attest *a, const struct attest_policy *policy,
                       gboolean recorded, GError **error)
{
    struct evtpm_chain chain = { 0 };
    struct policy *loaded = load_policy(policy, error);
    if (!loaded) {
        return FALSE;
    }
    gboolean ok = spare_certificates(policy, &a->evidence.report, &chain, error);
    if (ok) {
        struct evtpm_policy p = *policy_get(loaded);
        p.nonce = recorded ? NULL : &a->nonce;
        p.credential = recorded ? NULL : &a->credential;
        p.nonce_issued = recorded ? 0 : a->issued;
        p.recorded = recorded;
        p.certificates = &chain;
        evtpm_verify(&a->evidence, &p, &a->result);
    }
    policy_free(loaded);
    evtpm_chain_clear(&chain);
    return ok;
}

gboolean attest_good(const struct attest *attest)
{
    return attest->result.failed == EVTPM_LINK_COUNT;
}

char *attest_failure(const struct attest *a, const struct attest_policy *policy,
                     const char *launched)
{
    enum evtpm_link link = a->result.failed;
    if (link == EVTPM_LINK_COUNT) {
        return NULL;
    }
    g_autofree char *difference =
        link == EVTPM_LINK_LAUNCH_DIGEST && launched && policy->igvm
            ? igvm_file_difference(policy->igvm, launched)
            : NULL;
    return g_strdup_printf("attestation failed: %s: %s%s%s",
                           evtpm_link_name(link), a->result.link[link].detail,
                           difference ? "; the launched file differs in " : "",
                           difference ? difference : "");
}
