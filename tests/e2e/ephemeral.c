/* SPDX-License-Identifier: MIT */
/* A reboot makes another TPM: what the old one held is gone, what is measured is the same. */
#include "scenario.h"
#include "harness/canary.h"
#include "harness/guest_tpm.h"

static char *pcrs(struct vm *vm)
{
    g_autoptr(GError) error = NULL;
    char *text = guest_tpm_pcrs(vm, e2e_deadline(), &error);
    e2e_require(vm, text != NULL, error);
    return text;
}

/* Every item must be there, or none. */
static void check(struct vm *vm, const struct canary *canary, gboolean there)
{
    g_autoptr(GError) error = NULL;
    struct canary_view view;
    e2e_require(vm, canary_look(vm, e2e_deadline(), canary, &view, &error),
                error);
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
    struct vm *vm = e2e_boot(FALSE);
    g_autofree char *first = pcrs(vm);
    e2e_require(vm, canary_plant(vm, e2e_deadline(), &canary, &error), error);
    check(vm, &canary, TRUE);
    /* the control again: looking is not what makes it go */
    check(vm, &canary, TRUE);
    g_autofree char *planted = pcrs(vm);
    g_assert_cmpstr(planted, !=, first);

    e2e_require(vm, vm_reboot(vm, e2e_deadline(), &error), error);
    e2e_require(vm, vm_wait_agent(vm, e2e_deadline(), &error), error);
    g_autofree char *second = pcrs(vm);
    g_assert_cmpstr(second, ==, first);
    check(vm, &canary, FALSE);
    e2e_end(vm);

    vm = e2e_boot(FALSE);
    g_autofree char *fresh = pcrs(vm);
    g_assert_cmpstr(fresh, ==, first);
    check(vm, &canary, FALSE);
    e2e_end(vm);
    canary_clear(&canary);
}

static void add(void)
{
    e2e_add("/ephemeral/reboot-forgets", test_reboot);
}

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, add);
}
