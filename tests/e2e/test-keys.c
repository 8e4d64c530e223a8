/* SPDX-License-Identifier: MIT */
/*
 * The SVSM's keys are out of the guest's reach, and what the boot measures
 * depends on what is booted: the control of every comparison of PCRs.
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
    g_assert_nonnull(strstr(error->message, e2e_vmpl_fault_text()));
    e2e_assert_exit(vm, EXIT_VMPL_FAULT);
    g_autofree char *where = g_strdup_printf("%" G_GINT64_MODIFIER "x", gpa);
    g_assert_nonnull(strstr(error->message, where));
    e2e_vm_end(vm);
    vm_config_free(c);
}

static void test_touch_secrets(void)
{
    touch_svsm(SVSM_SECRETS_GPA);
}

/* The control of "the PCRs are those of a fresh boot": of another boot they
 * differ. */
static void test_other_boot(void)
{
    struct vm_config *c = e2e_config();
    g_autofree char *usual = e2e_pcrs(e2e_shared_vm());
    g_autofree char *usual_append = c->append;
    c->append = g_strconcat(usual_append, " another=boot", NULL);
    struct vm *vm = e2e_boot(c);
    g_autofree char *other = e2e_pcrs(vm);
    g_assert_cmpstr(other, !=, usual);
    e2e_vm_end(vm);
    vm_config_free(c);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/keys/touch-secrets", test_touch_secrets, E2E_EMULATED, 512 },
    { "/e2e/keys/another-boot-measures-otherwise", test_other_boot, 0, 1024 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
