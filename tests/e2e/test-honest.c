/* SPDX-License-Identifier: MIT */
/* The guest kernel is confined: the SVSM's memory and PVALIDATE are not for it.
 */
#include <string.h>
#include <sys/wait.h>

#include "evtpm/svsm_boot.h"
#include "harness/exits.h"
#include "tests/e2e/e2e.h"

#define MODULE "/usr/lib/modules/evtpm-test.ko"
/* What the module logged since it was loaded last. */
#define LOADED "dmesg | grep evtpm-test: | tail -n 1"

/* The module's own work is no fault: a page of the guest's is read, one is
 * shared. */
static void test_control(void)
{
    struct vm *vm = e2e_shared_vm();
    g_autofree char *start = e2e_guest(
        vm, "sed -n 's/^ *\\([0-9a-f]*\\)-.*: Kernel code$/\\1/p' /proc/iomem");
    g_assert_cmpstr(start, !=, "");
    g_autofree char *read = e2e_guest(
        vm, "insmod " MODULE " touch=0x%s && rmmod evtpm_test && " LOADED,
        start);
    g_assert_nonnull(strstr(read, " holds 0x"));
    g_autofree char *shared = e2e_guest(
        vm, "insmod " MODULE " share=hello && rmmod evtpm_test && " LOADED);
    g_assert_nonnull(strstr(shared, "shared page at 0x"));
}

static void check_alive(struct vm *vm)
{
    g_autofree char *alive = e2e_guest(vm, "echo alive");
    g_assert_cmpstr(alive, ==, "alive");
}

static void test_pvalidate(void)
{
    struct vm *vm = e2e_shared_vm();
    g_autofree char *said = e2e_guest(
        vm, "insmod " MODULE " pvalidate=1 && rmmod evtpm_test; " LOADED);
    g_test_message("%s", said);
    g_assert_nonnull(strstr(said, "pvalidate"));
    g_assert_null(strstr(said, "returned 0"));
    /* refused, and nothing else happened */
    check_alive(vm);
}

static gint64 counter(struct vm *vm, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        qmp_hmp(&vm->qmp, "info snp", deadline_in(E2E_SECONDS), &error);
    e2e_check(vm, error);
    const char *at = strstr(text, name);
    g_assert_nonnull(at);
    return g_ascii_strtoll(at + strlen(name), NULL, 10);
}

/* Each TPM command takes the vCPU to VMPL0 and back; other work does not. */
static void test_switches(void)
{
    struct vm *vm = e2e_shared_vm();
    gint64 start = counter(vm, "VMPL switches ");
    g_autofree char *control = e2e_guest(vm, "sha256sum /usr/bin/tpm2");
    gint64 idle = counter(vm, "VMPL switches ") - start;
    g_autofree char *out = e2e_guest(
        vm, "for i in 0 1 2 3 4 5 6 7 8 9; do "
            "TPM2TOOLS_TCTI=device:/dev/tpm0 tpm2_getrandom --hex 8; done");
    gint64 busy = counter(vm, "VMPL switches ") - start - idle;
    g_test_message("VMPL switches: %" G_GINT64_FORMAT
                   " without, %" G_GINT64_FORMAT " with TPM commands",
                   idle, busy);
    g_assert_cmpint(busy, >=, 20);
    g_assert_cmpint(idle, <, busy / 2);
}

/* QEMU has no TPM, nor a child that could be one; the guest sees one, and not
 * by ACPI. */
static void test_no_other_tpm(void)
{
    struct vm *vm = e2e_shared_vm();
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node =
        qmp_call(&vm->qmp, "query-tpm", NULL, deadline_in(E2E_SECONDS), &error);
    /* an emulator that was built without TPM backends lacks even the command */
    if (node) {
        g_assert_cmpuint(json_array_get_length(json_node_get_array(node)), ==,
                         0);
    } else {
        g_assert_nonnull(strstr(error->message, "query-tpm"));
    }
    pid_t pid = e2e_vm_pid(vm);
    g_autofree char *path =
        g_strdup_printf("/proc/%d/task/%d/children", pid, pid);
    g_autofree char *children = NULL;
    if (g_file_get_contents(path, &children, NULL, NULL)) {
        g_assert_cmpstr(children, ==, "");
    }
    g_autofree char *seen =
        e2e_guest(vm, "ls /sys/firmware/acpi/tables /sys/class/tpm");
    g_assert_null(strstr(seen, "TPM2"));
    g_assert_nonnull(strstr(seen, "FACP"));
    g_assert_nonnull(strstr(seen, "tpm0"));
    g_assert_null(strstr(seen, "tpm1"));
}

static void test_touch(void)
{
    g_autoptr(GError) error = NULL;
    struct vm *vm = e2e_unshare();
    check_alive(vm);
    g_autofree char *out =
        ga_shell(&vm->ga, deadline_in(E2E_SECONDS), &error,
                 "insmod " MODULE " touch=%#llx", SVSM_IMAGE_GPA);
    g_assert_null(out);
    g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_VM_ENDED);
    g_clear_error(&error);
    enum vm_end end;
    vm_wait_end(vm, deadline_in(E2E_SECONDS), &end, &error);
    e2e_check(vm, error);
    g_assert_cmpint(end, ==, VM_END_FAILED);
    e2e_assert_exit(vm, EXIT_VMPL_FAULT);
    vm_explain(vm, &error);
    g_test_message("%s", error->message);
    g_autofree char *gpa = g_strdup_printf("%llx", SVSM_IMAGE_GPA);
    g_assert_nonnull(strstr(error->message, e2e_vmpl_fault_text()));
    g_assert_nonnull(strstr(error->message, gpa));
    e2e_vm_end(vm);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/honest/control", test_control, E2E_EMULATED, 512 },
    { "/e2e/honest/pvalidate-is-refused", test_pvalidate, E2E_EMULATED, 512 },
    { "/e2e/honest/tpm-commands-switch-vmpl", test_switches, E2E_EMULATED,
      512 },
    { "/e2e/honest/no-other-tpm", test_no_other_tpm, E2E_EMULATED, 512 },
    { "/e2e/honest/svsm-memory-ends-the-vm", test_touch, E2E_EMULATED, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
