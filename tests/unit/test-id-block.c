/* SPDX-License-Identifier: MIT */
/* ID blocks: what is signed, their text, their keys; and that the AMD-SP model
 * launches what they are for. */
#include <glib.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/amdsp.h"
#include "lib/file.h"
#include "lib/id_block.h"

static char *root;
static gnutls_privkey_t id_key, author_key;

static char *in_root(const char *name)
{
    return g_build_filename(root, name, NULL);
}

static void make(struct evtpm_id *id, gboolean author)
{
    struct evtpm_error err = { "" };

    memset(id, 0, sizeof(*id));
    memset(id->block.ld, 0x1d, sizeof(id->block.ld));
    id->block.guest_svn = 3;
    id->block.policy = SNP_POLICY_DEFAULT;
    if (evtpm_id_sign(id, id_key, author ? author_key : NULL, &err) < 0) {
        g_error("%s", err.text);
    }
}

static unsigned launch(const struct evtpm_id *id, uint8_t first)
{
    static struct evtpm_chip chip;
    struct amdsp_finish finish = { .id_block = &id->block,
                                   .id_auth = &id->auth,
                                   .auth_key_en = evtpm_id_has_author(id) };
    struct amdsp_guest guest;

    memset(finish.measurement, 0x1d, sizeof(finish.measurement));
    finish.measurement[0] = first;
    amdsp_launch_start(&guest, &chip, SNP_POLICY_DEFAULT, NULL);
    return amdsp_launch_finish(&guest, &finish, NULL);
}

/* The firmware's judgement, and ours before it. */
static void test_sign(void)
{
    uint8_t digest[48];

    memset(digest, 0x1d, sizeof(digest));
    for (int author = 0; author < 2; author++) {
        struct evtpm_id id;

        make(&id, author);
        g_assert_cmpuint(id.block.version, ==, 1);
        g_assert_cmpint(evtpm_id_has_author(&id), ==, author);
        g_assert_cmpint(evtpm_id_check(&id, digest, SNP_POLICY_DEFAULT, NULL),
                        ==, 0);
        g_assert_cmpuint(launch(&id, 0x1d), ==, SNP_FW_OK);
        g_assert_cmpuint(launch(&id, 0x1e), ==, SNP_FW_BAD_MEASUREMENT);
    }
}

static void test_check(void)
{
    static const struct {
        size_t at;      /* of the byte that changes */
        gboolean again; /* sign once more */
        const char *words;
        unsigned status;
    } rows[] = {
        { offsetof(struct evtpm_id, block.ld), TRUE,
          "the ID block is for the launch digest 1c", SNP_FW_BAD_MEASUREMENT },
        { offsetof(struct evtpm_id, block.policy) + 3, TRUE,
          "the ID block is for the policy 0x1030000, this is 0x30000",
          SNP_FW_POLICY_FAILURE },
        { offsetof(struct evtpm_id, block.guest_svn), FALSE,
          "the ID block is not signed by its ID key", SNP_FW_BAD_SIGNATURE },
        { offsetof(struct evtpm_id, auth.id_block_sig.r), FALSE,
          "the ID block is not signed by its ID key", SNP_FW_BAD_SIGNATURE },
        { offsetof(struct evtpm_id, auth.id_key.qx), FALSE,
          "the ID block is not signed by its ID key", SNP_FW_BAD_SIGNATURE },
        { offsetof(struct evtpm_id, auth.id_key_sig.s), FALSE,
          "the ID key is not signed by its author key", SNP_FW_BAD_SIGNATURE },
        { offsetof(struct evtpm_id, auth.author_key.qy), FALSE,
          "the ID key is not signed by its author key", SNP_FW_BAD_SIGNATURE },
    };
    uint8_t digest[48];

    memset(digest, 0x1d, sizeof(digest));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_error err = { "" };
        struct evtpm_id id;

        make(&id, TRUE);
        ((uint8_t *)&id)[rows[i].at] ^= 1;
        if (rows[i].again) {
            evtpm_id_sign(&id, id_key, author_key, NULL);
        }
        g_assert_cmpint(evtpm_id_check(&id, digest, SNP_POLICY_DEFAULT, &err),
                        ==, -1);
        g_assert_true(g_str_has_prefix(err.text, rows[i].words));
        g_assert_cmpuint(launch(&id, 0x1d), ==, rows[i].status);
    }
}

static void test_text(void)
{
    struct evtpm_id id, again;
    char *block, *auth;

    make(&id, TRUE);
    block = evtpm_id_encode(&id.block, sizeof(id.block));
    auth = evtpm_id_encode(&id.auth, sizeof(id.auth));
    g_assert_cmpuint(strlen(block), ==, 128);
    g_assert_cmpuint(strlen(auth), ==, 5464);
    g_assert_null(strchr(auth, '\n'));
    g_autofree char *line = g_strconcat(block, "\n", NULL);
    g_assert_cmpint(evtpm_id_decode(line, auth, &again, NULL), ==, 0);
    g_assert_cmpmem(&id, sizeof(id), &again, sizeof(again));

    const struct {
        const char *block, *auth, *words;
    } rows[] = {
        { "", auth, "the ID block is not base64" },
        { block, "%%%%", "the ID authentication page is not base64" },
        { "AAAA", auth, "the ID block has 3 bytes, not 96" },
        { auth, auth, "the ID block has 4096 bytes, not 96" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_error err = { "" };

        g_assert_cmpint(
            evtpm_id_decode(rows[i].block, rows[i].auth, &again, &err), ==, -1);
        g_assert_cmpstr(err.text, ==, rows[i].words);
    }
    g_autofree char *long_auth = g_strconcat(auth, auth, NULL);
    g_assert_cmpint(evtpm_id_decode(block, long_auth, &again, NULL), ==, -1);
    /* a page that stops after the ID key, as QEMU takes it too */
    g_autofree char *page = g_strndup(auth, 0x880 / 3 * 4);
    g_assert_cmpint(evtpm_id_decode(block, page, &again, NULL), ==, 0);
    g_assert_false(evtpm_id_has_author(&again));
    free(block);
    free(auth);
}

static void test_keys(void)
{
    g_autofree char *path = in_root("key.pem");
    g_autofree char *rsa = in_root("rsa.pem");
    struct evtpm_error err = { "" };
    gnutls_x509_privkey_t other;
    gnutls_datum_t pem;
    struct stat st;

    g_assert_cmpint(evtpm_id_key_create(path, &err), ==, 0);
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 077, ==, 0);
    g_assert_cmpint(evtpm_id_key_create(path, &err), ==, -1);
    g_assert_true(g_str_has_suffix(err.text, "key.pem: exists already"));
    gnutls_x509_privkey_init(&other);
    gnutls_x509_privkey_generate(
        other, GNUTLS_PK_ECDSA,
        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_privkey_export2(other, GNUTLS_X509_FMT_PEM, &pem);
    evtpm_file_write(rsa, pem.data, pem.size, 0600, NULL);
    gnutls_free(pem.data);
    gnutls_x509_privkey_deinit(other);
    g_assert_null(evtpm_id_key_load(rsa, &err));
    g_assert_true(g_str_has_suffix(err.text, "rsa.pem: no P-384 key"));
    evtpm_file_write(rsa, "junk", 4, 0600, NULL);
    g_assert_null(evtpm_id_key_load(rsa, &err));
    g_assert_nonnull(strstr(err.text, "rsa.pem: no private key: "));
    g_unlink(rsa);
    g_unlink(path);
}

/* ECPrivateKey (RFC 5915): the secret has the bytes of the curve, no more. */
static void test_key_form(void)
{
    static const uint8_t start[] = { 2, 1, 1, 4, 48 };

    for (int i = 0; i < 20; i++) {
        g_autofree char *path = in_root("form.pem");
        gnutls_datum_t pem, der;
        unsigned at;

        g_assert_cmpint(evtpm_id_key_create(path, NULL), ==, 0);
        g_assert_cmpint(gnutls_load_file(path, &pem), ==, 0);
        g_assert_cmpint(gnutls_pem_base64_decode2("PRIVATE KEY", &pem, &der),
                        ==, 0);
        for (at = 0; at + sizeof(start) <= der.size; at++) {
            if (memcmp(der.data + at, start, sizeof(start)) == 0) {
                break;
            }
        }
        g_assert_cmpuint(at + sizeof(start), <=, der.size);
        gnutls_free(pem.data);
        gnutls_free(der.data);
        g_unlink(path);
    }
}

static gnutls_privkey_t new_key(const char *name)
{
    g_autofree char *path = in_root(name);
    struct evtpm_error err = { "" };
    gnutls_privkey_t key;

    g_assert_cmpint(evtpm_id_key_create(path, &err), ==, 0);
    key = evtpm_id_key_load(path, &err);
    g_assert_nonnull(key);
    g_unlink(path);
    return key;
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_assert_nonnull(root);
    id_key = new_key("id.pem");
    author_key = new_key("author.pem");
    g_test_add_func("/id-block/sign", test_sign);
    g_test_add_func("/id-block/check", test_check);
    g_test_add_func("/id-block/text", test_text);
    g_test_add_func("/id-block/keys", test_keys);
    g_test_add_func("/id-block/key-form", test_key_form);
    status = g_test_run();
    gnutls_privkey_deinit(id_key);
    gnutls_privkey_deinit(author_key);
    g_rmdir(root);
    g_free(root);
    return status;
}
