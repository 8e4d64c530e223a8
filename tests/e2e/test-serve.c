/* SPDX-License-Identifier: MIT */
/*
 * evtpm serve and a VM: the secret arrives in the guest and nowhere before. A
 * VM that was launched from a changed file gets none, and cannot open what the
 * good one got. The guest's carrier here is its agent for tests; the documents
 * are those of docs/serve.md.
 */
#include <string.h>

#include "harness/tree.h"
#include "lib/file.h"
#include "tests/e2e/e2e.h"
#include "tests/unit/https-client.h"
#include "tests/unit/serve-process.h"

#define SECRET "what the disk is encrypted with: \x01\xff and more\n"

static char *kept; /* the answer to the good VM */

static void start(struct serve_process *serve, const char *const *more)
{
    struct vm_config *c = e2e_config();
    struct attest_policy policy = e2e_policy(c);
    g_autofree char *secrets = g_build_filename(e2e_dir(), "secrets", NULL);
    g_autofree char *disk = g_build_filename(secrets, "disk", NULL);
    g_autofree char *db = g_build_filename(e2e_dir(), "audit.db", NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *const arguments[] = { "--root", policy.root, "--secrets",
                                      secrets,  "--db",      db };
    g_assert_true(tree_make(secrets, NULL));
    g_assert_true(tree_write(disk, SECRET, strlen(SECRET), NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(arguments); i++) {
        g_ptr_array_add(argv, (gpointer)arguments[i]);
    }
    for (; *more; more++) {
        g_ptr_array_add(argv, (gpointer)*more);
    }
    g_ptr_array_add(argv, NULL);
    serve_process_start(serve, (const char *const *)argv->pdata);
    vm_config_free(c);
}

static void post(const struct serve_process *serve, const char *path,
                 const char *body, struct https_answer *answer)
{
    https_client_call(serve->port, "POST", path, body, strlen(body), answer);
    g_test_message("%s: %u %.2000s", path, answer->status, answer->body);
    g_assert_cmpint(answer->status, !=, 0);
}

/* The whole exchange; the last answer. */
static void exchange(struct vm *vm, const struct serve_process *serve,
                     struct https_answer *answer)
{
    g_autofree char *keys = e2e_guest(vm, "evtpm-agent ak");
    post(serve, "/v1/challenge?secret=disk", keys, answer);
    g_assert_cmpint(answer->status, ==, 200);
    g_autofree char *session = https_answer_string(answer, "session");
    g_autofree char *nonce = https_answer_string(answer, "nonce");
    g_autofree char *credential = https_answer_string(answer, "credential");
    https_answer_clear(answer);
    g_autofree char *evidence =
        e2e_guest(vm, "evtpm-agent collect %s %s", nonce, credential);
    g_autofree char *path = g_strconcat("/v1/evidence/", session, NULL);
    post(serve, path, evidence, answer);
}

/* Gives the answer to the guest's agent; its status. */
static int unwrap(struct vm *vm, const char *answer, struct ga_result *result)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) input = g_bytes_new(answer, strlen(answer));
    *result = (struct ga_result){ 0 };
    ga_exec(&vm->ga, "evtpm-agent unwrap -", input, deadline_in(E2E_SECONDS),
            result, &error);
    g_assert_no_error(error);
    return result->status;
}

static void assert_not_unwrapped(struct vm *vm, const char *answer,
                                 const char *text)
{
    struct ga_result result;
    g_assert_cmpint(unwrap(vm, answer, &result), ==, 1);
    g_autofree char *said = g_strndup(g_bytes_get_data(result.err, NULL),
                                      g_bytes_get_size(result.err));
    g_test_message("%s", said);
    g_assert_nonnull(strstr(said, text));
    g_assert_cmpint(g_bytes_get_size(result.out), ==, 0);
    ga_result_clear(&result);
}

static void assert_audit(const char *text)
{
    struct e2e_result r;
    e2e_evtpm(&r, "audit", "--db", "audit.db", NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_nonnull(strstr(r.out, text));
    e2e_result_clear(&r);
}

static void test_release(void)
{
    struct vm *vm = e2e_shared_vm();
    struct serve_process serve;
    struct https_answer answer;
    struct ga_result result;
    const char *more[] = { "--igvm", vm->config->igvm, NULL };
    start(&serve, more);
    exchange(vm, &serve, &answer);
    g_assert_cmpint(answer.status, ==, 200);
    g_assert_nonnull(strstr(answer.body, "\"verdict\":\"released\""));
    g_assert_null(strstr(answer.body, "what the disk"));
    g_assert_cmpint(unwrap(vm, answer.body, &result), ==, 0);
    g_assert_cmpmem(g_bytes_get_data(result.out, NULL),
                    g_bytes_get_size(result.out), SECRET, strlen(SECRET));
    ga_result_clear(&result);
    kept = g_strdup(answer.body);
    https_answer_clear(&answer);
    serve_process_stop(&serve);
    assert_audit(" released - disk 127.0.0.1:");
}

/* Sealed to PCRs: only this VM opens it, and only as it booted. */
static void test_sealed(void)
{
    struct vm *vm = e2e_shared_vm();
    struct serve_process serve;
    struct https_answer answer;
    struct ga_result result;
    const char *more[] = { "--igvm", vm->config->igvm, "--seal-pcrs", "0,4,7",
                           NULL };
    start(&serve, more);
    exchange(vm, &serve, &answer);
    g_assert_cmpint(answer.status, ==, 200);
    g_assert_cmpint(unwrap(vm, answer.body, &result), ==, 0);
    g_assert_cmpmem(g_bytes_get_data(result.out, NULL),
                    g_bytes_get_size(result.out), SECRET, strlen(SECRET));
    ga_result_clear(&result);
    g_free(e2e_guest(vm, "tpm2_pcrextend 7:sha256=$(sha256sum /init | "
                         "cut -d' ' -f1)"));
    assert_not_unwrapped(vm, answer.body, "tpm2_unseal: ");
    https_answer_clear(&answer);
    serve_process_stop(&serve);
}

/* A copy of the file with one bit of the vTPM program flipped: in a message of
 * OpenSSL's that nothing prints. */
static char *changed_igvm(const char *path)
{
    static const char text[] = "X509v3 CRL Number";
    char *changed = g_build_filename(e2e_dir(), "changed.igvm", NULL);
    struct evtpm_blob blob = { 0 };
    struct evtpm_error err = { "" };
    g_assert_cmpint(evtpm_file_read(path, 64 << 20, &blob, &err), ==, 0);
    guint8 *at = memmem(blob.data, blob.size, text, strlen(text));
    g_assert_nonnull(at);
    *at ^= 1;
    g_assert_true(tree_write(changed, blob.data, (gssize)blob.size, NULL));
    evtpm_blob_clear(&blob);
    return changed;
}

static void test_changed_image(void)
{
    struct vm_config *c = e2e_config();
    struct serve_process serve;
    struct https_answer answer;
    g_autofree char *good = g_strdup(c->igvm);
    const char *more[] = { "--igvm", good, NULL };
    g_free(c->igvm);
    c->igvm = changed_igvm(good);
    struct vm *vm = e2e_boot(c);
    start(&serve, more);
    exchange(vm, &serve, &answer);
    g_assert_cmpint(answer.status, ==, 403);
    g_assert_nonnull(strstr(answer.body, "\"verdict\":\"refused\",\"record\":1,"
                                         "\"failed\":\"launch-digest\""));
    g_assert_null(strstr(answer.body, "envelope"));
    assert_not_unwrapped(vm, answer.body, "no secret was released");
    https_answer_clear(&answer);
    serve_process_stop(&serve);
    assert_audit(" refused launch-digest - 127.0.0.1:");
    /* What the other VM got is of no use to this one, */
    if (kept) { /* unless this test runs alone */
        assert_not_unwrapped(vm, kept, "tpm2_activatecredential: ");
    }
    /* whose keys serve whoever wants this image: the control. */
    more[1] = c->igvm;
    start(&serve, more);
    exchange(vm, &serve, &answer);
    g_assert_cmpint(answer.status, ==, 200);
    https_answer_clear(&answer);
    serve_process_stop(&serve);
    e2e_vm_end(vm);
    vm_config_free(c);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/serve/secret-arrives", test_release, E2E_EMULATED, 512 },
    { "/e2e/serve/sealed-to-pcrs", test_sealed, E2E_EMULATED, 512 },
    { "/e2e/serve/changed-image-gets-none", test_changed_image, E2E_EMULATED,
      1024 },
};

int main(int argc, char **argv)
{
    int status = e2e_main(argc, argv, E2E_TABLE(scenarios));
    g_free(kept);
    return status;
}
