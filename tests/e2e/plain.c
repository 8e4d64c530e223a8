/* SPDX-License-Identifier: MIT */
/* Plain SNP guests: what the tests of them share. */
#include "tests/e2e/plain.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "harness/tree.h"
#include "lib/file.h"

#define TSM "/sys/kernel/config/tsm/report/e2e"

struct vm_config *plain_config(struct vm_options options)
{
    g_autoptr(GError) error = NULL;
    options.no_svsm = TRUE;
    if (options.cpus == 0) {
        options.cpus = 1;
    }
    struct vm_config *config = vm_options_config(&options, &error);
    g_assert_no_error(error);
    g_free(config->name);
    config->name = g_strdup("t");
    return config;
}

char *plain_expected(const struct vm_config *config)
{
    g_autoptr(GError) error = NULL;
    struct igvm_summary summary;
    if (config->igvm) {
        igvm_file_summary(config->igvm, &summary, &error);
    } else {
        igvm_file_plain_digest(config, &summary, &error);
    }
    g_assert_no_error(error);
    return g_strdup(summary.digest_hex);
}

static void set_base64(struct evtpm_blob *blob, const char *text)
{
    gsize size;
    g_autofree guchar *data = g_base64_decode(text, &size);
    g_assert_true(evtpm_blob_set(blob, data, size));
}

/* The report data is what an SVSM's would be, with nothing for a manifest. */
static void collect(struct vm *vm, struct evtpm_evidence *e)
{
    guint8 nonce[EVTPM_NONCE_SIZE], data[64];
    g_assert_cmpint(gnutls_rnd(GNUTLS_RND_NONCE, nonce, sizeof(nonce)), ==, 0);
    g_assert_cmpint(
        gnutls_hash_fast(GNUTLS_DIG_SHA512, nonce, sizeof(nonce), data), ==, 0);
    evtpm_blob_set(&e->nonce, nonce, sizeof(nonce));
    g_autofree char *in = g_base64_encode(data, sizeof(data));
    g_autofree char *out = e2e_guest(
        vm,
        "mkdir " TSM " && echo %s | base64 -d >/run/in && "
        "cat /run/in >" TSM "/inblob && cat " TSM "/provider && "
        "base64 -w0 " TSM "/outblob && echo && base64 -w0 " TSM "/auxblob && "
        "echo && cat " TSM "/privlevel_floor; rmdir " TSM,
        in);
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 4);
    g_assert_cmpstr(lines[0], ==, "sev_guest");
    set_base64(&e->report, lines[1]);
    set_base64(&e->certificates, lines[2]);
    g_assert_cmpstr(lines[3], ==, "0");
}

static void read_root(const struct vm *vm, struct evtpm_blob *root)
{
    struct evtpm_error err = { "" };
    g_autofree char *path = g_build_filename(vm->config->chip, "ark.pem", NULL);
    g_assert_cmpint(evtpm_file_read(path, 0x10000, root, &err), ==, 0);
}

/* The links that a report alone can fulfil; `but` must fail instead. */
static void judge(const struct evtpm_evidence *e, const struct evtpm_blob *root,
                  const char *digest_hex, enum evtpm_link but)
{
    guint8 digest[1][48];
    struct evtpm_result result;
    g_assert_true(evtpm_unhex(digest[0], 48, digest_hex));
    const guint8(*digests)[48] = (const guint8(*)[48])digest;
    const struct evtpm_policy policy = {
        .nonce = &e->nonce,
        .launch_digests = digests,
        .launch_digest_count = 1,
        .roots = root,
        .root_count = 1,
    };
    evtpm_verify(e, &policy, &result);
    for (int i = EVTPM_LINK_NONCE; i <= EVTPM_LINK_REPORT_DATA; i++) {
        const struct evtpm_link_result *r = &result.link[i];
        enum evtpm_status wanted = i == (int)but ? EVTPM_FAILED : EVTPM_PASSED;
        if (r->status != wanted) {
            g_test_message("%s: %s", evtpm_link_name((enum evtpm_link)i),
                           r->detail);
            g_test_fail();
        }
    }
    g_assert_true(result.emulated);
}

void plain_verify(struct vm *vm, const char *expected)
{
    struct evtpm_evidence e = { 0 };
    struct evtpm_blob root = { 0 };
    g_autofree char *other = g_strdup(expected);
    collect(vm, &e);
    read_root(vm, &root);
    judge(&e, &root, expected, EVTPM_LINK_EVIDENCE);
    other[95] = other[95] == '0' ? '1' : '0';
    judge(&e, &root, other, EVTPM_LINK_LAUNCH_DIGEST);
    e.report.data[0xc0] ^= 1; /* host_data: the signature covers it */
    judge(&e, &root, expected, EVTPM_LINK_REPORT_SIGNATURE);
    evtpm_evidence_clear(&e);
    evtpm_blob_clear(&root);
}

void plain_install_key(struct vm *vm)
{
    g_autofree char *build = artifacts_build_dir();
    g_autofree char *path =
        g_build_filename(build, "tests/e2e/guest-key", NULL);
    e2e_install(vm, path, "/run/guest-key");
}

char *plain_key(struct vm *vm, unsigned fields)
{
    char *key = e2e_guest(vm, "/run/guest-key %u", fields);
    g_assert_cmpuint(strlen(key), ==, 64);
    return key;
}
