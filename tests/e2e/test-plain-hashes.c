/* SPDX-License-Identifier: MIT */
/*
 * Kernel hashes of plain SNP guests: what QEMU gets as -kernel, -initrd and
 * -append is in the launch digest, and firmware boots nothing else.
 */
#include <string.h>

#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "lib/igvm_build.h"
#include "tests/e2e/plain.h"

static gint64 good_boot; /* how long a boot takes here, microseconds */

static void check_boot(gboolean bios)
{
    struct vm_config *config = plain_config(
        (struct vm_options){ .bios = bios, .kernel_hashes = TRUE });
    g_autofree char *expected = plain_expected(config);
    gint64 began = g_get_monotonic_time();
    struct vm *vm = e2e_boot(config);
    good_boot = MAX(good_boot, g_get_monotonic_time() - began);
    plain_verify(vm, expected);
    e2e_vm_end(vm);
    vm_config_free(config);
}

static void test_igvm(void)
{
    check_boot(FALSE);
}

static void test_bios(void)
{
    check_boot(TRUE);
}

static char *digest_with(gboolean bios, const char *append, const char *initrd)
{
    g_autofree char *kernel = artifact_path(ARTIFACT_KERNEL, NULL);
    struct vm_config *config =
        plain_config((struct vm_options){ .bios = bios,
                                          .kernel_hashes = TRUE,
                                          .kernel = kernel,
                                          .initrd = (char *)initrd,
                                          .append = (char *)append });
    char *digest = plain_expected(config);
    vm_config_free(config);
    return digest;
}

/* The digest is another one for another command line and another initramfs. */
static void test_digest(void)
{
    g_autofree char *initrd = artifact_path(ARTIFACT_INITRD, NULL);
    for (int bios = 0; bios < 2; bios++) {
        g_autofree char *usual = digest_with(bios, "quiet", initrd);
        g_autofree char *again = digest_with(bios, "quiet", initrd);
        g_autofree char *append = digest_with(bios, "quiet ", initrd);
        g_autofree char *without = digest_with(bios, "quiet", NULL);
        g_assert_cmpstr(usual, ==, again);
        g_assert_cmpstr(usual, !=, append);
        g_assert_cmpstr(usual, !=, without);
        g_assert_cmpstr(append, !=, without);
    }
}

/* A host that gives other things than those that the file has hashes of. */
static void check_refused(const char *kernel, const char *initrd,
                          const char *append)
{
    g_autoptr(GError) error = NULL;
    struct evtpm_error err = { "" };
    struct vm_config *c =
        plain_config((struct vm_options){ .kernel_hashes = TRUE });
    const struct igvm_build_options options = {
        .no_svsm = TRUE,
        .firmware = c->firmware,
        .kernel = { kernel ? kernel : c->kernel, initrd ? initrd : c->initrd,
                    append ? append : c->append },
    };
    g_free(c->igvm);
    c->igvm = g_build_filename(e2e_dir(), "other.igvm", NULL);
    g_assert_cmpint(igvm_build_file(&options, c->igvm, &err), ==, 0);

    struct vm *vm = vm_start(c, FALSE, &error);
    g_assert_no_error(error);
    double limit = 2.0 * (double)good_boot / G_USEC_PER_SEC + 5;
    g_assert_false(vm_wait_agent(vm, deadline_in(limit), &error));
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_TIMEOUT);
    g_assert_true(process_alive(&vm->process));
    g_autofree char *path = g_build_filename(vm->dir.log, "console.log", NULL);
    g_autofree char *console = NULL;
    g_assert_true(g_file_get_contents(path, &console, NULL, NULL));
    g_assert_null(strstr(console, "userspace ready"));
    e2e_vm_end(vm);
    vm_config_free(c);
}

/* Something else, in a file. */
static char *other_file(void)
{
    char *other = g_build_filename(e2e_dir(), "other", NULL);
    if (good_boot == 0) {
        check_boot(FALSE);
    }
    g_assert_true(g_file_set_contents(other, "other", -1, NULL));
    return other;
}

static void test_other_kernel(void)
{
    g_autofree char *other = other_file();
    check_refused(other, NULL, NULL);
}

static void test_other_initrd(void)
{
    g_autofree char *other = other_file();
    check_refused(NULL, other, NULL);
}

static void test_other_append(void)
{
    g_autofree char *other = other_file();
    check_refused(NULL, NULL, "other");
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/plain-hashes/digest", test_digest, 0, 0 },
    { "/e2e/plain-hashes/igvm", test_igvm, 0, 512 },
    { "/e2e/plain-hashes/bios", test_bios, 0, 512 },
    { "/e2e/plain-hashes/other-kernel", test_other_kernel, 0, 512 },
    { "/e2e/plain-hashes/other-initrd", test_other_initrd, 0, 512 },
    { "/e2e/plain-hashes/other-append", test_other_append, 0, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
