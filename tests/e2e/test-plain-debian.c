/* SPDX-License-Identifier: MIT */
/*
 * Debian's own cloud kernel, as shipped, from a disk image in a plain SNP
 * guest: it runs at VMPL0, reads its disk and gets reports that verify.
 */
#include <stdio.h>
#include <string.h>

#include "harness/artifacts.h"
#include "harness/process.h"
#include "tests/e2e/plain.h"

/* The guest may write to its disk; the artefact stays as it is. */
static char *copy_of(const char *image)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *err = NULL;
    char *copy = g_build_filename(e2e_dir(), "debian.img", NULL);
    const char *argv[] = { "cp", "--sparse=always", image, copy, NULL };
    int status;
    process_run(argv, NULL, NULL, FALSE, NULL, NULL, &err, &status,
                deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    return copy;
}

/* Debian's, and 7.2 or later. */
static void assert_kernel(struct vm *vm)
{
    unsigned major = 0, minor = 0;
    g_autofree char *release = e2e_guest(vm, "uname -r");
    g_autofree char *builder = e2e_guest(vm, "uname -v");
    g_test_message("%s %s", release, builder);
    g_assert_true(g_str_has_suffix(release, "-cloud-amd64"));
    g_assert_nonnull(strstr(builder, "Debian"));
    g_assert_cmpint(sscanf(release, "%u.%u", &major, &minor), ==, 2);
    g_assert_true(major > 7 || (major == 7 && minor >= 2));
}

/* What the guest reads through its bounce buffers is what the file has, with
 * the variables that firmware without flash keeps on the disk. */
static void assert_disk(struct vm *vm, const char *image)
{
    const gsize size = 4 << 20;
    g_autofree char *data = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(image, &data, &length, NULL));
    g_assert_cmpuint(length, >=, size);
    g_autofree char *wanted =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)data, size);
    g_autofree char *seen =
        e2e_guest(vm, "dd if=/dev/vda bs=1M count=4 2>/dev/null | sha256sum | "
                      "cut -d' ' -f1");
    g_assert_cmpstr(seen, ==, wanted);
}

static void check_boot(gboolean bios, int cpus)
{
    g_autofree char *image = e2e_debian_disk();
    g_autofree char *disk = copy_of(image);
    struct vm_config *config = plain_config(
        (struct vm_options){ .bios = bios, .cpus = cpus, .disk = disk });
    g_autofree char *expected = plain_expected(config);
    struct vm *vm = e2e_boot(config);
    assert_kernel(vm);
    assert_disk(vm, disk);
    g_autofree char *seen =
        e2e_guest(vm, "dmesg | grep -o 'running at VMPL.'; nproc");
    g_autofree char *wanted = g_strdup_printf("running at VMPL0\n%d", cpus);
    g_assert_cmpstr(seen, ==, wanted);
    plain_verify(vm, expected);
    e2e_vm_end(vm);
    vm_config_free(config);
}

static void test_igvm(void)
{
    check_boot(FALSE, 1);
}

static void test_bios(void)
{
    check_boot(TRUE, 2);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/plain-debian/igvm", test_igvm, E2E_DEBIAN_DISK, 512 },
    { "/e2e/plain-debian/bios-2-vcpus", test_bios, E2E_DEBIAN_DISK, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
