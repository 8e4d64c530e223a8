/* SPDX-License-Identifier: MIT */
/*
 * Plain SNP guests: stock OVMF and Linux at VMPL0, from an IGVM file and by
 * -bios. Their reports verify, with the launch digest computed offline.
 */
#include <string.h>

#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "tests/e2e/plain.h"

static void assert_vmpl0(struct vm *vm, unsigned cpus)
{
    g_autofree char *out =
        e2e_guest(vm, "dmesg | grep -o 'running at VMPL.'; nproc; "
                      "test -c /dev/sev-guest && echo sev-guest; "
                      "test -e /dev/tpm0 || echo no TPM");
    g_autofree char *wanted =
        g_strdup_printf("running at VMPL0\n%u\nsev-guest\nno TPM", cpus);
    g_assert_cmpstr(out, ==, wanted);
}

/* Output, console and exit status are those of any VM; there is no TPM. */
static void test_launch(void)
{
    if (!e2e_ready()) {
        return;
    }
    struct e2e_result r;
    e2e_evtpm(&r, "launch", "--no-svsm", "--exec",
              "echo out; test -e /dev/tpm0 || exit 5", NULL);
    g_assert_cmpint(r.status, ==, 5);
    g_assert_cmpstr(r.out, ==, "out\n");
    e2e_result_clear(&r);

    e2e_evtpm(&r, "launch", "--no-svsm", "--name", "p", "--detach", NULL);
    g_assert_cmpint(r.status, ==, 0);
    e2e_result_clear(&r);
    e2e_evtpm(&r, "attest", "p", NULL);
    g_assert_cmpint(r.status, ==, 1);
    g_assert_nonnull(strstr(r.err, "evtpm: the VM \"p\" has no SVSM"));
    e2e_result_clear(&r);
    e2e_evtpm(&r, "stop", "p", NULL);
    g_assert_cmpint(r.status, ==, 0);
    e2e_result_clear(&r);
    e2e_assert_no_vms();
}

static void check_boot(struct vm_options options)
{
    struct vm_config *config = plain_config(options);
    g_autofree char *expected = plain_expected(config);
    struct vm *vm = e2e_boot(config);
    assert_vmpl0(vm, config->cpus);
    plain_verify(vm, expected);
    vm_free(vm);
    vm_config_free(config);
}

static void test_igvm(void)
{
    if (e2e_ready()) {
        check_boot((struct vm_options){ .cpus = 2 });
    }
}

static void test_bios(void)
{
    if (e2e_ready()) {
        check_boot((struct vm_options){ .bios = TRUE });
    }
}

/* One VMSA for each vCPU is measured. */
static void test_bios_smp(void)
{
    if (e2e_ready()) {
        check_boot((struct vm_options){ .bios = TRUE, .cpus = 2 });
    }
}

/* The command that computes digests says what the launches above had. */
static void test_measure(void)
{
    if (!e2e_ready()) {
        return;
    }
    struct vm_config *c =
        plain_config((struct vm_options){ .bios = TRUE, .cpus = 2 });
    g_autofree char *expected = plain_expected(c);
    struct e2e_result r;
    e2e_evtpm(&r, "igvm", "measure", "--bios", c->firmware, "--cpus", "2",
              NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_true(g_str_has_prefix(r.out, expected));
    e2e_result_clear(&r);
    e2e_evtpm(&r, "igvm", "measure", "--bios", c->firmware, NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_false(g_str_has_prefix(r.out, expected));
    e2e_result_clear(&r);
    vm_config_free(c);
}

/* ---- bad input ---- */

static const struct row {
    const char *name;
    const char *argv[8];
    int status;
    const char *text;
} rows[] = {
    { "bios-alone", { "launch", "--bios" }, 2, "--bios needs --no-svsm" },
    { "hashes-of-a-file",
      { "launch", "--kernel-hashes", "--igvm", "/dev/null" },
      2,
      "--kernel-hashes and --igvm exclude each other" },
    { "id-block-alone",
      { "launch", "--id-block", "x" },
      2,
      "--id-block and --id-auth need each other" },
    { "id-block-is-none",
      { "launch", "--id-block", "/etc/passwd", "--id-auth", "/etc/passwd" },
      1,
      "/etc/passwd, /etc/passwd: the ID block is not base64" },
    { "firmware-alone",
      { "launch", "--firmware", "/dev/null" },
      2,
      "--firmware needs --no-svsm" },
    { "igvm-too",
      { "launch", "--no-svsm", "--igvm", "/etc/passwd" },
      2,
      "--no-svsm and --igvm exclude each other" },
    { "hashes-of-a-disk",
      { "launch", "--no-svsm", "--kernel-hashes", "--disk", "/dev/null" },
      2,
      "--kernel-hashes needs a kernel" },
    { "firmware-missing",
      { "launch", "--no-svsm", "--firmware", "no-such-firmware" },
      1,
      "no-such-firmware: No such file or directory" },
    { "firmware-is-none",
      { "launch", "--no-svsm", "--bios", "--firmware", "/etc/passwd" },
      1,
      "/etc/passwd: " },
    { "measure-nothing", { "igvm", "measure" }, 2, "name the files" },
    { "measure-both",
      { "igvm", "measure", "--bios", "x", "y" },
      2,
      "--bios and IGVM files exclude each other" },
    { "measure-cpus-of-igvm",
      { "igvm", "measure", "--cpus", "2", "y" },
      2,
      "need --bios" },
    { "measure-no-cpus",
      { "igvm", "measure", "--bios", "x", "--cpus", "-1" },
      2,
      "-1 vCPUs" },
    { "build-svsm-too",
      { "igvm", "build", "-o", "x", "--no-svsm", "--svsm", "y" },
      2,
      "--no-svsm leaves nothing but the firmware" },
    { "build-kernel-alone",
      { "igvm", "build", "-o", "x", "--no-firmware", "--kernel", "y" },
      2,
      "--kernel is for the firmware" },
    { "build-id-auth-alone",
      { "igvm", "build", "-o", "x", "--id-auth", "y" },
      2,
      "--id-block and --id-auth need each other" },
    { "build-append-alone",
      { "igvm", "build", "-o", "x", "--no-svsm", "--append", "y" },
      2,
      "need --kernel" },
    { "build-kernel-missing",
      { "igvm", "build", "-o", "x", "--no-svsm", "--kernel", "no-such" },
      1,
      "no-such: No such file or directory" },
};

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    const char *const *a = row->argv;
    struct e2e_result r;
    if (!e2e_ready()) {
        return;
    }
    e2e_evtpm(&r, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], NULL);
    e2e_assert_refused(&r, row->status, row->text);
    e2e_result_clear(&r);
}

int main(int argc, char **argv)
{
    e2e_main(&argc, &argv);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/e2e/plain/bad-input/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/e2e/plain/launch", test_launch);
    g_test_add_func("/e2e/plain/measure", test_measure);
    g_test_add_func("/e2e/plain/igvm", test_igvm);
    g_test_add_func("/e2e/plain/bios", test_bios);
    g_test_add_func("/e2e/plain/bios-2-vcpus", test_bios_smp);
    return e2e_main_end();
}
