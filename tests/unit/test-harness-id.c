/* SPDX-License-Identifier: MIT */
/* ID blocks on command lines: evtpm id-block, its files, QEMU's properties. */
#include <gio/gio.h>
#include <string.h>

#include "harness/cmdline.h"
#include "harness/id_files.h"
#include "harness/tree.h"

static char *root;

static char *in_root(const char *name)
{
    return g_build_filename(root, name, NULL);
}

/* "evtpm ARGUMENT..." in the test's directory; its first line of complaint. */
static char *evtpm(int *status, ...)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    const char *build = g_getenv("G_TEST_BUILDDIR");
    g_autofree char *relative =
        g_build_filename(build ? build : ".", "harness/evtpm", NULL);
    g_autofree char *program = g_canonicalize_filename(relative, NULL);
    g_autoptr(GError) error = NULL;
    const char *word;
    char *err = NULL;
    va_list ap;
    g_ptr_array_add(argv, program);
    va_start(ap, status);
    while ((word = va_arg(ap, const char *))) {
        g_ptr_array_add(argv, (char *)word);
    }
    va_end(ap);
    g_ptr_array_add(argv, NULL);
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_subprocess_launcher_set_cwd(launcher, root);
    g_autoptr(GSubprocess) p = g_subprocess_launcher_spawnv(
        launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8(p, NULL, NULL, NULL, &err, &error);
    g_assert_no_error(error);
    *status = g_subprocess_get_exit_status(p);
    return err;
}

#define DIGEST                                                                 \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"         \
    "00112233445566778899aabbccddeeff"

static void test_command(void)
{
    g_autoptr(GError) error = NULL;
    guint8 digest[48];
    struct evtpm_id id;
    int status;
    g_autofree char *err =
        evtpm(&status, "id-block", "--digest", DIGEST, "--id-key", "id.pem",
              "--author-key", "author.pem", "--make-keys", "--family-id",
              "family", "--image-id", "000102030405060708090a0b0c0d0e0f",
              "--svn", "7", "--policy", "0x130000", "-o", "vm", NULL);
    g_assert_cmpstr(err, ==, "");
    g_assert_cmpint(status, ==, 0);
    g_autofree char *block = in_root("vm.id-block");
    g_autofree char *auth = in_root("vm.id-auth");
    g_assert_true(id_files_read(block, auth, &id, NULL, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(evtpm_unhex(digest, 48, DIGEST));
    g_assert_cmpint(evtpm_id_check(&id, digest, 0x130000, NULL), ==, 0);
    g_assert_cmpmem(id.block.family_id, 7, "family", 7);
    g_assert_cmpuint(id.block.image_id[15], ==, 15);
    g_assert_cmpuint(id.block.guest_svn, ==, 7);
    g_assert_true(evtpm_id_has_author(&id));
}

static void test_refused(void)
{
    static const struct {
        const char *args[8];
        const char *words;
        int status;
    } rows[] = {
        { { "--id-key", "id.pem", "-o", "x" },
          "name what may be launched, by --igvm or by --digest",
          2 },
        { { "--digest", "00", "--id-key", "id.pem", "-o", "x" },
          "bad launch digest \"00\": 96 hex digits",
          2 },
        { { "--digest", DIGEST, "-o", "x" }, "--id-key and -o are needed", 2 },
        { { "--digest", DIGEST, "--id-key", "no.pem", "-o", "x" },
          "no.pem: No such file or directory",
          1 },
        { { "--digest", DIGEST, "--id-key", "id.pem", "-o", "x",
            "--family-id=seventeen letters" },
          "bad name \"seventeen letters\": at most 16 bytes, or 32 hex digits",
          2 },
        { { "--digest", DIGEST, "--id-key", "id.pem", "-o", "x",
            "--policy=3000o" },
          "bad policy \"3000o\": a number",
          2 },
        { { "--igvm", "id.pem", "--id-key", "id.pem", "-o", "x" },
          "not an IGVM file",
          1 },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *const *a = rows[i].args;
        g_autofree char *file = in_root("x.id-block");
        int status;
        g_autofree char *err = evtpm(&status, "id-block", a[0], a[1], a[2],
                                     a[3], a[4], a[5], a[6], a[7], NULL);
        g_assert_true(g_str_has_prefix(err, "evtpm: "));
        if (!strstr(err, rows[i].words)) {
            g_test_message("row %zu: %s", i, err);
            g_test_fail();
        }
        g_assert_cmpint(status, ==, rows[i].status);
        g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    }
}

static void test_files(void)
{
    g_autofree char *block = in_root("vm.id-block");
    g_autofree char *empty = in_root("empty");
    g_autofree char *none = in_root("none");
    struct evtpm_id id;
    const struct {
        const char *block, *auth, *words;
    } rows[] = {
        { none, block, "none: No such file or directory" },
        { block, none, "none: No such file or directory" },
        { empty, block, ": the ID block is not base64" },
        { block, empty, ": the ID authentication page is not base64" },
    };
    g_assert_true(g_file_set_contents(empty, "", 0, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(id_files_read(rows[i].block, rows[i].auth, &id, NULL,
                                     NULL, &error));
        g_assert_true(g_str_has_suffix(error->message, rows[i].words));
    }
}

static gboolean has_word(GStrv argv, const char *part)
{
    for (char **a = argv; *a; a++) {
        if (strstr(*a, part)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* The same properties for either object; the author's key where there is one.
 */
static void test_properties(void)
{
    const struct cmdline_channels channels = { .console_log = "log" };
    g_autofree char *block = in_root("vm.id-block");
    g_autofree char *auth = in_root("vm.id-auth");
    struct vm_config c = { .name = (char *)"t",
                           .qemu = (char *)"qemu",
                           .igvm = (char *)"f",
                           .chip = (char *)"chip",
                           .memory = 512,
                           .cpus = 1 };
    struct evtpm_id id;
    g_auto(GStrv) without = cmdline_build(&c, &channels);
    g_assert_false(has_word(without, "id-block"));
    g_assert_true(
        id_files_read(block, auth, &id, &c.id_block, &c.id_auth, NULL));
    g_autofree char *wanted = g_strdup_printf(
        ",id-block=%s,id-auth=%s,author-key-enabled=on", c.id_block, c.id_auth);
    for (int i = 0; i < 2; i++) {
        c.platform = i ? PLATFORM_SNP : PLATFORM_EMULATED;
        g_auto(GStrv) argv = cmdline_build(&c, &channels);
        g_assert_true(has_word(argv, wanted));
    }
    g_free(c.id_block);
    g_free(c.id_auth);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_assert_nonnull(root);
    g_test_add_func("/harness/id/command", test_command);
    g_test_add_func("/harness/id/refused", test_refused);
    g_test_add_func("/harness/id/files", test_files);
    g_test_add_func("/harness/id/properties", test_properties);
    int status = g_test_run();
    tree_remove(root);
    g_free(root);
    return status;
}
