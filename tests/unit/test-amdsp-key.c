/* SPDX-License-Identifier: MIT */
/* Derived keys (MSG_KEY_REQ): what goes into them, what is refused, and what a
 * roll of the chip's TCB does to them. */
#include <glib.h>
#include <string.h>

#include "lib/amdsp.h"
#include "tests/unit/guest-message.h"

static struct evtpm_chip chip; /* no certificates are needed here */

static void launch(struct amdsp_guest *guest)
{
    struct amdsp_finish finish = { .measurement = { 1, 2, 3 } };

    g_assert_cmpuint(amdsp_launch_start(guest, &chip, SNP_POLICY_DEFAULT, NULL),
                     ==, SNP_FW_OK);
    g_assert_cmpuint(amdsp_launch_finish(guest, &finish, NULL), ==, SNP_FW_OK);
}

static void derive(struct amdsp_guest *guest, unsigned vmpck,
                   const struct snp_derived_key_req *req,
                   struct snp_derived_key_rsp *rsp)
{
    g_assert_cmpuint(message_exchange(guest, vmpck, SNP_MSG_KEY_REQ, 1, req,
                                      sizeof(*req), rsp, sizeof(*rsp)),
                     ==, SNP_FW_OK);
}

/* Equal for equal requests, different when a selected field differs. */
static void test_key(void)
{
    struct snp_derived_key_req req = { 0 };
    struct snp_derived_key_rsp a, b;
    struct amdsp_guest guest, next;
    struct amdsp_finish finish = { .measurement = { 0xee } };

    launch(&guest);
    launch(&next);
    derive(&guest, 0, &req, &a);
    derive(&next, 0, &req, &b);
    g_assert_cmpuint(a.status, ==, 0);
    g_assert_cmpmem(a.key, 32, b.key, 32);
    for (unsigned bit = 0; bit < 6; bit++) {
        req.guest_field_select = 1ull << bit;
        derive(&guest, 0, &req, &b);
        g_assert_cmpuint(b.status, ==, 0);
        g_assert_cmpint(memcmp(a.key, b.key, 32), !=, 0);
    }
    req.guest_field_select = 0;
    req.vmpl = 1;
    derive(&guest, 0, &req, &b);
    g_assert_cmpint(memcmp(a.key, b.key, 32), !=, 0);

    /* VMRK: another for each launch */
    req.vmpl = 0;
    req.root_key_select = 1;
    derive(&guest, 0, &req, &a);
    derive(&next, 0, &req, &b);
    g_assert_cmpint(memcmp(a.key, b.key, 32), !=, 0);

    /* another image, with and without the measurement selected */
    amdsp_launch_start(&next, &chip, SNP_POLICY_DEFAULT, NULL);
    amdsp_launch_finish(&next, &finish, NULL);
    req.root_key_select = 0;
    derive(&guest, 0, &req, &a);
    derive(&next, 0, &req, &b);
    g_assert_cmpmem(a.key, 32, b.key, 32);
    req.guest_field_select = 1u << 3;
    derive(&guest, 0, &req, &a);
    derive(&next, 0, &req, &b);
    g_assert_cmpint(memcmp(a.key, b.key, 32), !=, 0);
}

static void test_key_rules(void)
{
    static const uint8_t zero[32];
    static const struct {
        unsigned vmpck;
        struct snp_derived_key_req req;
        unsigned status;
    } rows[] = {
        { 2, { .vmpl = 2 }, SNP_FW_OK },
        { 2, { .vmpl = 1 }, SNP_FW_INVALID_PARAM },
        { 0, { .vmpl = 4 }, SNP_FW_INVALID_PARAM },
        { 0, { .root_key_select = 2 }, SNP_FW_INVALID_KEY },
        { 0, { .rsvd_04 = 1 }, SNP_FW_INVALID_PARAM },
        { 0, { .guest_field_select = 1 << 6 }, SNP_FW_INVALID_PARAM },
        { 0, { .guest_svn = 1 }, SNP_FW_INVALID_PARAM },
        { 0, { .tcb_version = 219ull << 56 | 4 }, SNP_FW_OK },
        { 0, { .tcb_version = 220ull << 56 }, SNP_FW_INVALID_PARAM },
        { 0, { .tcb_version = 5 }, SNP_FW_INVALID_PARAM },
    };
    struct snp_derived_key_rsp rsp;
    struct amdsp_guest guest;

    launch(&guest);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        derive(&guest, rows[i].vmpck, &rows[i].req, &rsp);
        g_assert_cmpuint(rsp.status, ==, rows[i].status);
        g_assert_cmpint(memcmp(rsp.key, zero, 32) != 0, ==,
                        rows[i].status == 0);
    }
}

/* A guest that was launched without the VCEK derives from its VMRK only. */
static void test_key_vcek_disabled(void)
{
    struct amdsp_finish finish = { .vcek_dis = true };
    struct snp_derived_key_rsp rsp;
    struct snp_derived_key_req req = { .root_key_select = 0 };
    struct amdsp_guest guest;

    launch(&guest);
    g_assert_cmpuint(amdsp_launch_finish(&guest, &finish, NULL), ==, SNP_FW_OK);
    derive(&guest, 0, &req, &rsp);
    g_assert_cmpuint(rsp.status, ==, SNP_FW_INVALID_KEY);
    req.root_key_select = 1;
    derive(&guest, 0, &req, &rsp);
    g_assert_cmpuint(rsp.status, ==, SNP_FW_OK);
}

/* Version 2 of the request carries a mitigation vector. */
static void test_key_version_2(void)
{
    struct {
        struct snp_derived_key_req v1;
        uint64_t vector;
    } req = { .v1.guest_field_select = 1 << 6, .vector = 1 };
    struct snp_derived_key_rsp a, b;
    struct amdsp_guest guest;

    launch(&guest);
    g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_KEY_REQ, 2, &req,
                                      sizeof(req), &a, sizeof(a)),
                     ==, SNP_FW_OK);
    req.vector = 2;
    g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_KEY_REQ, 2, &req,
                                      sizeof(req), &b, sizeof(b)),
                     ==, SNP_FW_OK);
    g_assert_cmpuint(a.status | b.status, ==, 0);
    g_assert_cmpint(memcmp(a.key, b.key, 32), !=, 0);
}

#define FIELD_TCB (1u << 5)

/* The key of a guest that starts on the chip as it is now. */
static void key_at(uint64_t fields, uint64_t tcb_version,
                   struct snp_derived_key_rsp *rsp)
{
    struct snp_derived_key_req req = { .guest_field_select = fields,
                                       .tcb_version = tcb_version };
    struct amdsp_guest guest;

    launch(&guest);
    derive(&guest, 0, &req, rsp);
    amdsp_guest_clear(&guest);
}

static bool same_key(const struct snp_derived_key_rsp *a,
                     const struct snp_derived_key_rsp *b)
{
    g_assert_cmpuint(a->status | b->status, ==, 0);
    return memcmp(a->key, b->key, 32) == 0;
}

/* TCB_VERSION of a Milan */
#define OLD_TCB (219ull << 56 | 24ull << 48 | 4)
#define NEW_TCB (219ull << 56 | 25ull << 48 | 4)

static void test_roll(void)
{
    const struct snp_tcb before = chip.tcb;
    struct snp_derived_key_rsp plain, old, none, rolled, again, newest;

    key_at(0, 0, &plain);
    key_at(FIELD_TCB, OLD_TCB, &old);
    g_assert_false(same_key(&plain, &old));
    /* not before the chip has it */
    key_at(FIELD_TCB, NEW_TCB, &none);
    g_assert_cmpuint(none.status, ==, SNP_FW_INVALID_PARAM);
    key_at(0, NEW_TCB, &none);
    g_assert_cmpuint(none.status, ==, SNP_FW_INVALID_PARAM);

    chip.tcb.snp++;
    key_at(0, 0, &rolled);
    key_at(FIELD_TCB, OLD_TCB, &again);
    key_at(FIELD_TCB, NEW_TCB, &newest);
    g_assert_false(same_key(&rolled, &plain));
    g_assert_true(same_key(&again, &old));
    g_assert_false(same_key(&newest, &old));
    g_assert_false(same_key(&newest, &rolled));

    chip.tcb = before;
}

/* Each component of the TCB makes another secret, in either direction. */
static void test_secret(void)
{
    struct snp_tcb tcb = { 1, 4, 2, 24, 219 };
    uint8_t *component[] = { &tcb.fmc, &tcb.bootloader, &tcb.tee, &tcb.snp,
                             &tcb.microcode };
    uint8_t usual[32], other[32], further[32];

    g_assert_cmpint(evtpm_chip_secret(&chip, &tcb, usual), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(component); i++) {
        (*component[i])++;
        g_assert_cmpint(evtpm_chip_secret(&chip, &tcb, other), ==, 0);
        *component[i] -= 2;
        g_assert_cmpint(evtpm_chip_secret(&chip, &tcb, further), ==, 0);
        (*component[i])++;
        g_assert_cmpint(memcmp(usual, other, 32), !=, 0);
        g_assert_cmpint(memcmp(usual, further, 32), !=, 0);
        g_assert_cmpint(memcmp(other, further, 32), !=, 0);
    }
    g_assert_cmpint(evtpm_chip_secret(&chip, &tcb, other), ==, 0);
    g_assert_cmpmem(usual, 32, other, 32);
    chip.root_key[0] ^= 1;
    g_assert_cmpint(evtpm_chip_secret(&chip, &tcb, other), ==, 0);
    chip.root_key[0] ^= 1;
    g_assert_cmpint(memcmp(usual, other, 32), !=, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    chip.product = SNP_PRODUCT_MILAN;
    chip.tcb = (struct snp_tcb){ 0, 4, 0, 24, 219 };
    memset(chip.root_key, 0x42, sizeof(chip.root_key));
    g_test_add_func("/amdsp/key", test_key);
    g_test_add_func("/amdsp/key/rules", test_key_rules);
    g_test_add_func("/amdsp/key/vcek-disabled", test_key_vcek_disabled);
    g_test_add_func("/amdsp/key/version-2", test_key_version_2);
    g_test_add_func("/amdsp/key/roll", test_roll);
    g_test_add_func("/amdsp/key/secret", test_secret);
    return g_test_run();
}
