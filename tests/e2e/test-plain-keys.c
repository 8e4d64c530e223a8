/* SPDX-License-Identifier: MIT */
/*
 * Derived keys (MSG_KEY_REQ) through /dev/sev-guest: the same for the same
 * chip, policy and measurement, another as soon as one of them that goes into
 * the key is another.
 */
#include "harness/artifacts.h"
#include "harness/igvm_file.h"
#include "lib/chip.h"
#include "lib/igvm_build.h"
#include "tests/e2e/plain.h"

/* Keys of one boot: from nothing but chip and VMPL, from policy, from digest.
 */
struct keys {
    char *plain, *policy, *measurement;
};

static void keys_clear(struct keys *k)
{
    g_free(k->plain);
    g_free(k->policy);
    g_free(k->measurement);
}

/* `expected`: the launch digest that a report must state besides, or NULL. */
static void boot_and_verify(const struct vm_config *config, struct keys *k,
                            const char *expected)
{
    struct vm *vm = e2e_boot(config);
    if (expected) {
        plain_verify(vm, expected);
    }
    plain_install_key(vm);
    k->plain = plain_key(vm, 0);
    k->policy = plain_key(vm, PLAIN_FIELD_POLICY);
    k->measurement = plain_key(vm, PLAIN_FIELD_MEASUREMENT);
    g_autofree char *again = plain_key(vm, PLAIN_FIELD_POLICY);
    g_assert_cmpstr(again, ==, k->policy);
    e2e_vm_end(vm);
    /* what is mixed in is part of the key */
    g_assert_cmpstr(k->plain, !=, k->policy);
    g_assert_cmpstr(k->plain, !=, k->measurement);
    g_assert_cmpstr(k->policy, !=, k->measurement);
}

static void boot_keys(const struct vm_config *config, struct keys *k)
{
    boot_and_verify(config, k, NULL);
}

static struct keys usual; /* of the default plain guest */

static const struct keys *usual_keys(void)
{
    if (!usual.plain) {
        struct vm_config *c = plain_config((struct vm_options){ 0 });
        boot_keys(c, &usual);
        vm_config_free(c);
    }
    return &usual;
}

static void test_stable(void)
{
    struct keys k;
    struct vm_config *c = plain_config((struct vm_options){ 0 });
    boot_keys(c, &k);
    g_assert_cmpstr(k.plain, ==, usual_keys()->plain);
    g_assert_cmpstr(k.policy, ==, usual_keys()->policy);
    g_assert_cmpstr(k.measurement, ==, usual_keys()->measurement);
    keys_clear(&k);
    vm_config_free(c);
}

/* The same pages under another policy: the digest does not hold it. */
static void test_policy(void)
{
    struct keys k;
    struct evtpm_error err = { "" };
    struct vm_config *c = plain_config((struct vm_options){ 0 });
    const struct igvm_build_options options = {
        .no_svsm = TRUE,
        .firmware = c->firmware,
        .policy = SNP_POLICY_DEFAULT | SNP_POLICY_SINGLE_SOCKET,
    };
    g_free(c->igvm);
    c->igvm = g_build_filename(e2e_dir(), "policy.igvm", NULL);
    g_assert_cmpint(igvm_build_file(&options, c->igvm, &err), ==, 0);
    boot_keys(c, &k);
    g_assert_cmpstr(k.plain, ==, usual_keys()->plain);
    g_assert_cmpstr(k.policy, !=, usual_keys()->policy);
    g_assert_cmpstr(k.measurement, ==, usual_keys()->measurement);
    keys_clear(&k);
    vm_config_free(c);
}

static void test_measurement(void)
{
    struct keys k;
    struct vm_config *c = plain_config((struct vm_options){ .bios = TRUE });
    boot_keys(c, &k);
    g_assert_cmpstr(k.plain, ==, usual_keys()->plain);
    g_assert_cmpstr(k.policy, ==, usual_keys()->policy);
    g_assert_cmpstr(k.measurement, !=, usual_keys()->measurement);
    keys_clear(&k);
    vm_config_free(c);
}

/* Another chip; a cloud provider's key (VLEK) signs its reports. */
static void test_chip(void)
{
    struct keys k;
    struct evtpm_error err = { "" };
    struct vm_config *c = plain_config((struct vm_options){ 0 });
    const struct evtpm_chip_params params = { .issuer = c->chip,
                                              .csp_id = "a provider" };
    g_autofree char *chip = g_build_filename(e2e_dir(), "chip", NULL);
    g_assert_cmpint(evtpm_chip_create(chip, &params, &err), ==, 0);
    g_free(c->chip);
    c->chip = g_steal_pointer(&chip);
    g_autofree char *expected = plain_expected(c);
    boot_and_verify(c, &k, expected);
    g_assert_cmpstr(k.plain, !=, usual_keys()->plain);
    g_assert_cmpstr(k.policy, !=, usual_keys()->policy);
    g_assert_cmpstr(k.measurement, !=, usual_keys()->measurement);
    keys_clear(&k);
    vm_config_free(c);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/plain-keys/stable", test_stable, 0, 512 },
    { "/e2e/plain-keys/policy", test_policy, 0, 512 },
    { "/e2e/plain-keys/measurement", test_measurement, 0, 512 },
    { "/e2e/plain-keys/chip", test_chip, E2E_EMULATED, 512 },
};

int main(int argc, char **argv)
{
    int status = e2e_main(argc, argv, E2E_TABLE(scenarios));
    keys_clear(&usual);
    return status;
}
