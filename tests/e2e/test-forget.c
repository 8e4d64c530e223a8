/* SPDX-License-Identifier: MIT */
/* Ephemerality: within a boot all stays (the control), over a reboot all goes. */
#include <string.h>

#include "harness/canary.h"
#include "tests/e2e/e2e.h"

static void assert_view(struct vm *vm, const struct canary *c,
                        gboolean expected)
{
    g_autoptr(GError) error = NULL;
    struct canary_view view;
    canary_look(vm, deadline_in(E2E_SECONDS), c, &view, &error);
    g_assert_no_error(error);
    for (int i = 0; i < CANARY_ITEM_COUNT; i++) {
        g_test_message("%s: %s", canary_item_name((enum canary_item)i),
                       view.detail[i]);
        g_assert_cmpint(view.there[i], ==, expected);
    }
    canary_view_clear(&view);
}

static char *pcrs(struct vm *vm)
{
    g_autoptr(GError) error = NULL;
    char *text = guest_tpm_pcrs(vm, deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);
    return text;
}

static void test_reboot(void)
{
    if (!e2e_ready()) {
        return;
    }
    g_autoptr(GError) error = NULL;
    deadline_t deadline = deadline_in(2 * E2E_SECONDS);
    struct vm_config *c = e2e_config();
    struct vm *vm = e2e_boot(c);
    struct canary canary;
    g_autofree char *first = pcrs(vm);
    canary_plant(vm, deadline, &canary, &error);
    g_assert_no_error(error);
    assert_view(vm, &canary, TRUE);
    g_autofree char *changed = pcrs(vm);
    g_assert_cmpstr(changed, !=, first);

    vm_reboot(vm, deadline, &error);
    g_assert_no_error(error);
    vm_wait_agent(vm, deadline, &error);
    g_assert_no_error(error);
    g_autofree char *second = pcrs(vm);
    g_assert_cmpstr(second, ==, first);
    assert_view(vm, &canary, FALSE);
    canary_clear(&canary);
    vm_free(vm);
    vm_config_free(c);
}

/* The control of "the PCRs are those of a fresh boot": of another boot they differ. */
static void test_other_boot(void)
{
    if (!e2e_ready()) {
        return;
    }
    struct vm_config *c = e2e_config();
    g_autofree char *usual = pcrs(e2e_shared_vm());
    g_free(c->append);
    c->append = g_strdup("console=ttyS0 quiet panic=-1 another=boot");
    struct vm *vm = e2e_boot(c);
    g_autofree char *other = pcrs(vm);
    g_assert_cmpstr(other, !=, usual);
    vm_free(vm);
    vm_config_free(c);
}

int main(int argc, char **argv)
{
    e2e_main(&argc, &argv);
    g_test_add_func("/e2e/forget/reboot", test_reboot);
    g_test_add_func("/e2e/forget/control-other-boot", test_other_boot);
    return e2e_main_end();
}
