/* SPDX-License-Identifier: MIT */
/*
 * The TPM is where it should be: its commands are work of VMPL0, nobody else has a TPM, the secrets
 * page is out of the guest's reach; and what the boot measures depends on what is booted.
 */
#include <string.h>
#include <sys/wait.h>

#include "evtpm/svsm_boot.h"
#include "harness/exits.h"
#include "tests/e2e/e2e.h"

#define MODULE "/usr/lib/modules/evtpm-test.ko"

static void touch_svsm(guint64 gpa)
{
    g_autoptr(GError) error = NULL;
    struct vm_config *c = e2e_config();
    struct vm *vm = e2e_boot(c);
    g_autofree char *command = g_strdup_printf(
        "insmod " MODULE " touch=0x%" G_GINT64_MODIFIER "x", gpa);
    struct ga_result result = { 0 };
    g_assert_false(ga_exec(&vm->ga, command, NULL, deadline_in(E2E_SECONDS),
                           &result, &error));
    vm_explain(vm, &error);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "VMPL violation"));
    g_assert_cmpint(WEXITSTATUS(vm->process.status), ==, EXIT_VMPL_FAULT);
    g_autofree char *where = g_strdup_printf("%" G_GINT64_MODIFIER "x", gpa);
    g_assert_nonnull(strstr(error->message, where));
    vm_free(vm);
    vm_config_free(c);
}

static void test_touch_secrets(void)
{
    if (e2e_ready()) {
        touch_svsm(SVSM_SECRETS_GPA);
    }
}

static gint64 counter(struct vm *vm, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        qmp_hmp(&vm->qmp, "info snp", deadline_in(20), &error);
    g_assert_no_error(error);
    const char *at = strstr(text, name);
    g_assert_nonnull(at);
    return g_ascii_strtoll(at + strlen(name), NULL, 10);
}

/* Each TPM command takes the vCPU to VMPL0 and back; a program without TPM commands does not. */
static void test_work_at_vmpl0(void)
{
    if (!e2e_ready()) {
        return;
    }
    struct vm *vm = e2e_shared_vm();
    gint64 start = counter(vm, "VMPL switches ");
    g_autofree char *control = e2e_guest(vm, "sha256sum /usr/bin/tpm2");
    gint64 idle = counter(vm, "VMPL switches ") - start;
    start += idle;
    g_autofree char *out = e2e_guest(
        vm, "for i in 1 2 3 4 5 6 7 8 9 10; do "
            "TPM2TOOLS_TCTI=device:/dev/tpm0 tpm2_getrandom --hex 8; done");
    gint64 busy = counter(vm, "VMPL switches ") - start;
    g_test_message("VMPL switches: %" G_GINT64_FORMAT " without, %"
                   G_GINT64_FORMAT " with TPM commands", idle, busy);
    g_assert_cmpint(busy, >=, 20);
    g_assert_cmpint(idle, <, busy / 2);
}

/* QEMU has no TPM of its own, and has started no process that could be one. */
static void test_no_other_tpm(void)
{
    if (!e2e_ready()) {
        return;
    }
    g_autoptr(GError) error = NULL;
    struct vm *vm = e2e_shared_vm();
    g_autoptr(JsonNode) node =
        qmp_call(&vm->qmp, "query-tpm", NULL, deadline_in(20), &error);
    if (node) {
        g_assert_cmpuint(json_array_get_length(json_node_get_array(node)), ==,
                         0);
    } else {
        /* built without any TPM backend: the command does not even exist */
        g_assert_nonnull(strstr(error->message, "query-tpm"));
    }
    g_autofree char *path = g_strdup_printf(
        "/proc/%d/task/%d/children", (int)vm->process.pid,
        (int)vm->process.pid);
    g_autofree char *children = NULL;
    g_assert_true(g_file_get_contents(path, &children, NULL, NULL));
    g_assert_cmpstr(children, ==, "");
    g_autofree char *acpi =
        e2e_guest(vm, "ls /sys/firmware/acpi/tables; ls /sys/class/tpm");
    g_assert_null(strstr(acpi, "TPM2"));
    g_assert_nonnull(strstr(acpi, "tpm0"));
    g_assert_null(strstr(acpi, "tpm1"));
}

/* The control of "the PCRs are those of a fresh boot": of another boot they differ. */
static void test_other_boot(void)
{
    if (!e2e_ready()) {
        return;
    }
    g_autoptr(GError) error = NULL;
    struct vm_config *c = e2e_config();
    g_autofree char *usual =
        guest_tpm_pcrs(e2e_shared_vm(), deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);
    g_free(c->append);
    c->append = g_strdup("console=ttyS0 quiet panic=-1 another=boot");
    struct vm *vm = e2e_boot(c);
    g_autofree char *other =
        guest_tpm_pcrs(vm, deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(other, !=, usual);
    vm_free(vm);
    vm_config_free(c);
}

int main(int argc, char **argv)
{
    e2e_main(&argc, &argv);
    g_test_add_func("/e2e/place/touch-secrets", test_touch_secrets);
    g_test_add_func("/e2e/place/tpm-work-at-vmpl0", test_work_at_vmpl0);
    g_test_add_func("/e2e/place/no-other-tpm", test_no_other_tpm);
    g_test_add_func("/e2e/place/another-boot-measures-otherwise",
                    test_other_boot);
    return e2e_main_end();
}
