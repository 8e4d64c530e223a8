/* SPDX-License-Identifier: MIT */
/* A reboot makes another TPM: what the old one held is gone, what is measured
 * is the same. */
#include "harness/canary.h"
#include "tests/e2e/e2e.h"

/* Every item must be there, or none. */
static void check(struct vm *vm, const struct canary *canary, gboolean there)
{
    g_autoptr(GError) error = NULL;
    struct canary_view view;
    canary_look(vm, deadline_in(E2E_SECONDS), canary, &view, &error);
    e2e_check(vm, error);
    for (int i = 0; i < CANARY_ITEM_COUNT; i++) {
        g_test_message("%s: %s", canary_item_name(i), view.detail[i]);
        if (view.there[i] != there) {
            g_test_fail_printf("%s: %s", canary_item_name(i), view.detail[i]);
        }
    }
    canary_view_clear(&view);
}

static void test_reboot(void)
{
    g_autoptr(GError) error = NULL;
    struct canary canary;
    struct vm *vm = e2e_boot_default();
    g_autofree char *first = e2e_pcrs(vm);
    canary_plant(vm, deadline_in(E2E_SECONDS), &canary, &error);
    e2e_check(vm, error);
    check(vm, &canary, TRUE);
    /* the control again: looking is not what makes it go */
    check(vm, &canary, TRUE);
    g_autofree char *planted = e2e_pcrs(vm);
    g_assert_cmpstr(planted, !=, first);

    e2e_reboot(vm);
    g_autofree char *second = e2e_pcrs(vm);
    g_assert_cmpstr(second, ==, first);
    check(vm, &canary, FALSE);
    e2e_vm_end(vm);

    vm = e2e_boot_default();
    g_autofree char *fresh = e2e_pcrs(vm);
    g_assert_cmpstr(fresh, ==, first);
    check(vm, &canary, FALSE);
    e2e_vm_end(vm);
    canary_clear(&canary);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/ephemeral/reboot-forgets", test_reboot, 0, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
