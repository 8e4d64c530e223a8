/* SPDX-License-Identifier: MIT */
/*
 * An encrypted root on the disk, whose key is released to an attested vTPM
 * only: unlocked, bound to PCRs for the rest of the boot, and of no use after
 * it. The root is an archive that is unpacked into private memory; the vTPM
 * decrypts it.
 *
 * needs: emulator, tar
 */
#include <gnutls/crypto.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/tree.h"
#include "lib/credential.h"
#include "tests/e2e/memory.h"

#define BLOCK 16
#define KEY_SIZE 32

/* What the relying party has. */
static guint8 key[KEY_SIZE], iv[BLOCK];
static char *inside; /* what the root says when it runs */

static void run(const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    int status = -1;
    process_run(argv, NULL, NULL, FALSE, NULL, NULL, NULL, &status,
                deadline_in(60), &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* The root file system, as an archive. */
static GByteArray *make_root(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *tree = g_build_filename(e2e_dir(), "root", NULL);
    g_autofree char *program = g_build_filename(tree, "hello", NULL);
    g_autofree char *archive = g_build_filename(e2e_dir(), "root.tar", NULL);
    inside = g_uuid_string_random();
    g_autofree char *text = g_strdup_printf("echo the root says %s\n", inside);
    g_assert_true(tree_make(tree, &error));
    g_assert_true(tree_write(program, text, -1, &error));
    const char *argv[] = { "tar", "-C", tree, "-cf", archive, "hello", NULL };
    run(argv);
    char *data;
    gsize size;
    g_assert_true(g_file_get_contents(archive, &data, &size, &error));
    return g_byte_array_new_take((guint8 *)data, size);
}

/* One block by AES-256 alone: CBC of one block with a zero IV. */
static void encrypt_block(const guint8 *in, guint8 *out)
{
    static const guint8 zero[BLOCK];
    gnutls_cipher_hd_t cipher;
    const gnutls_datum_t k = { key, KEY_SIZE };
    const gnutls_datum_t i = { (guint8 *)zero, BLOCK };
    g_assert_cmpint(
        gnutls_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_CBC, &k, &i), ==, 0);
    g_assert_cmpint(gnutls_cipher_encrypt2(cipher, in, BLOCK, out, BLOCK), ==,
                    0);
    gnutls_cipher_deinit(cipher);
}

/* CFB with whole blocks, which GnuTLS has not and TPMs have. */
static void encrypt(GByteArray *data)
{
    guint8 stream[BLOCK], last[BLOCK];
    memcpy(last, iv, BLOCK);
    for (guint at = 0; at < data->len; at += BLOCK) {
        encrypt_block(last, stream);
        for (guint i = 0; i < BLOCK && at + i < data->len; i++) {
            last[i] = data->data[at + i] ^= stream[i];
        }
    }
}

static char *make_disk(guint *size)
{
    g_autoptr(GError) error = NULL;
    char *path = g_build_filename(e2e_dir(), "disk", NULL);
    g_autoptr(GByteArray) root = make_root();
    g_assert_cmpint(gnutls_rnd(GNUTLS_RND_KEY, key, KEY_SIZE), ==, 0);
    g_assert_cmpint(gnutls_rnd(GNUTLS_RND_NONCE, iv, BLOCK), ==, 0);
    encrypt(root);
    g_assert_null(memmem(root->data, root->len, inside, strlen(inside)));
    *size = root->len;
    g_byte_array_prepend(root, iv, BLOCK);
    g_byte_array_set_size(root, (root->len + 511) / 512 * 512);
    g_assert_true(tree_write(path, root->data, root->len, &error));
    return path;
}

static struct vm *boot(const char *disk)
{
    g_autofree char *drive =
        g_strdup_printf("if=none,id=d,format=raw,readonly=on,file=%s", disk);
    const char *const extra[] = { "-drive", drive, "-device",
                                  "virtio-blk-pci,drive=d,romfile=", NULL };
    struct vm_config *c = e2e_config();
    c->debug_read = TRUE;
    c->extra = g_strdupv((char **)extra);
    struct vm *vm = e2e_boot(c);
    vm_config_free(c);
    return vm;
}

/* The relying party: judges, and makes what only that vTPM can open. */
static char *release(struct vm *vm)
{
    g_autoptr(GError) error = NULL;
    struct attest a;
    struct attest_policy policy = e2e_policy(vm->config);
    struct evtpm_blob secret = { 0 }, credential = { 0 };
    struct evtpm_error err = { "" };
    e2e_collect(vm, &a);
    attest_verify(&a, &policy, FALSE, &error);
    g_assert_no_error(error);
    g_assert_true(attest_good(&a));
    g_assert_true(evtpm_blob_set(&secret, key, KEY_SIZE));
    g_assert_cmpint(evtpm_make_credential(&a.credential.ek_public,
                                          &a.credential.ak_name, &secret,
                                          &credential, &err),
                    ==, 0);
    char *text = g_base64_encode(credential.data, credential.size);
    evtpm_blob_clear(&secret);
    evtpm_blob_clear(&credential);
    attest_clear(&a);
    return text;
}

/* In the guest: the released key, in /run/key; the TPM's complaint if not. */
static char *open_credential(struct vm *vm, const char *credential)
{
    g_autoptr(GHashTable) t = e2e_tpm(
        vm,
        "cd /run/evtpm; printf %%s %s | base64 -d >released\n"
        "tpm2_startauthsession -Q --policy-session -S session\n"
        "tpm2_policysecret -Q -S session -c e\n"
        "if tpm2_activatecredential -Q -c ak.ctx -C ek.ctx -i released "
        "-o /run/key -P session:session 2>err\n"
        "then echo opened yes\n"
        "else echo opened $(sed -n 's/.*(\\(0x[0-9A-F]*\\)).*/\\1/p' err); fi\n"
        "tpm2_flushcontext session\n",
        credential);
    return g_strdup(guest_tpm_get(t, "opened"));
}

/* The vTPM decrypts, the root runs. */
static char *unlock(struct vm *vm, guint size)
{
    g_autoptr(GHashTable) t = e2e_tpm(
        vm,
        "dd if=/dev/vda of=iv bs=16 count=1 2>/dev/null\n"
        "dd if=/dev/vda bs=16 skip=1 2>/dev/null | head -c %u >cipher\n"
        "tpm2_createprimary -Q -C o -G ecc -c srk.ctx\n"
        "tpm2_import -Q -C srk.ctx -G aes -i /run/key -u k.pub -r k.priv\n"
        "tpm2_load -Q -C srk.ctx -u k.pub -r k.priv -c k.ctx\n"
        "tpm2_encryptdecrypt -Q -d -c k.ctx -t iv -o root.tar cipher\n"
        "mkdir -p root; tar -C root -xf root.tar\n"
        "echo root $(sh root/hello)\n",
        size);
    return g_strdup(guest_tpm_get(t, "root"));
}

/* For the rest of the boot the key is sealed to what was booted: no network is
 * needed to unlock again, and whoever changes the PCRs cannot. */
static void bind(struct vm *vm)
{
    g_autoptr(GHashTable) t = e2e_tpm(
        vm, "tpm2_createpolicy -Q --policy-pcr -l sha256:0,4,7 -L pcr.policy\n"
            "tpm2_createprimary -Q -C o -G ecc -c srk.ctx\n"
            "tpm2_create -Q -C srk.ctx -i /run/key -L pcr.policy "
            "-a 'fixedtpm|fixedparent' -u s.pub -r s.priv\n"
            "tpm2_load -Q -C srk.ctx -u s.pub -r s.priv -c s.ctx\n"
            "tpm2_unseal -Q -c s.ctx -p pcr:sha256:0,4,7 -o again\n"
            "cmp again /run/key && echo again yes; rm again\n"
            "tpm2_pcrextend 7:sha256=$(printf %%064d 1)\n"
            "if tpm2_unseal -Q -c s.ctx -p pcr:sha256:0,4,7 -o x 2>err\n"
            "then echo changed opens\n"
            "else echo changed $(sed -n 's/.*(\\(0x[0-9A-F]*\\)).*/\\1/p' "
            "err); fi\n"
            "rm -f x\n");
    g_assert_cmpstr(guest_tpm_get(t, "again"), ==, "yes");
    /* TPM_RC_POLICY_FAIL, of the session */
    g_assert_cmpstr(guest_tpm_get(t, "changed"), ==, "0x99D");
}

static void test_unlock(void)
{
    guint size;
    g_autofree char *disk = make_disk(&size);
    struct vm *vm = boot(disk);
    g_autofree char *credential = release(vm);
    g_autofree char *opened = open_credential(vm, credential);
    g_assert_cmpstr(opened, ==, "yes");
    g_autofree char *said = unlock(vm, size);
    g_autofree char *wanted = g_strdup_printf("the root says %s", inside);
    g_assert_cmpstr(said, ==, wanted);
    bind(vm);

    /* the host carried it and has not seen it; in the guest it is */
    g_assert_cmpuint(memory_hits(vm, "private", key, KEY_SIZE, 0, G_MAXUINT64),
                     >, 0);
    g_assert_cmpuint(memory_hits(vm, "shared", key, KEY_SIZE, 0, G_MAXUINT64),
                     ==, 0);
    g_assert_cmpuint(files_hold(vm, key, KEY_SIZE), ==, 0);

    /* what was released is for the vTPM of that boot alone */
    e2e_reboot(vm);
    g_free(e2e_guest(vm, "evtpm-agent ak; test ! -e /run/key"));
    g_autofree char *later = open_credential(vm, credential);
    g_assert_cmpstr(later, !=, "yes");
    g_assert_true(g_str_has_prefix(later, "0x"));
    g_autofree char *again = release(vm);
    g_free(opened);
    opened = open_credential(vm, again);
    g_assert_cmpstr(opened, ==, "yes");
    e2e_vm_end(vm);
    g_clear_pointer(&inside, g_free);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/unlock/root", test_unlock, E2E_EMULATED, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
