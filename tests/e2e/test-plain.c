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
    e2e_vm_end(vm);
    vm_config_free(config);
}

static void test_igvm(void)
{
    check_boot((struct vm_options){ .cpus = 2 });
}

static void test_bios(void)
{
    check_boot((struct vm_options){ .bios = TRUE });
}

/* One VMSA for each vCPU is measured. */
static void test_bios_smp(void)
{
    check_boot((struct vm_options){ .bios = TRUE, .cpus = 2 });
}

/* The command that computes digests says what the launches above had. */
static void test_measure(void)
{
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

static const struct e2e_refusal rows[] = {
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

static const struct e2e_scenario scenarios[] = {
    { "/e2e/plain/launch", test_launch, 0, 512 },
    { "/e2e/plain/measure", test_measure, 0, 0 },
    { "/e2e/plain/igvm", test_igvm, 0, 512 },
    { "/e2e/plain/bios", test_bios, 0, 512 },
    { "/e2e/plain/bios-2-vcpus", test_bios_smp, 0, 512 },
};

int main(int argc, char **argv)
{
    e2e_begin(&argc, &argv);
    e2e_add_refusals("plain/bad-input", rows, G_N_ELEMENTS(rows));
    e2e_add(E2E_TABLE(scenarios));
    return e2e_end();
}
