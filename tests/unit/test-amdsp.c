/* SPDX-License-Identifier: MIT */
/* The AMD-SP model: launch policy, ID block, reports with each rule broken
 * once. */
#include <glib.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/amdsp.h"
#include "tests/unit/guest-message.h"

static struct evtpm_chip chip; /* no certificates are needed here */
static gnutls_privkey_t id_key, author_key;

static gnutls_privkey_t new_key(void)
{
    gnutls_privkey_t key;

    g_assert_cmpint(gnutls_privkey_init(&key), ==, 0);
    g_assert_cmpint(gnutls_privkey_generate(
                        key, GNUTLS_PK_ECDSA,
                        GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), 0),
                    ==, 0);
    return key;
}

static void launch(struct amdsp_guest *guest)
{
    struct amdsp_finish finish = { .measurement = { 1, 2, 3 },
                                   .host_data = { 4, 5 } };

    g_assert_cmpuint(amdsp_launch_start(guest, &chip, SNP_POLICY_DEFAULT, NULL),
                     ==, SNP_FW_OK);
    g_assert_cmpuint(amdsp_launch_finish(guest, &finish, NULL), ==, SNP_FW_OK);
}

static void test_policy(void)
{
    static const struct {
        uint64_t policy;
        unsigned status;
        const char *words;
    } rows[] = {
        { 0x30000, SNP_FW_OK, "" },
        { 0xb0000, SNP_FW_OK, "" },
        { 0x20000, SNP_FW_OK, "" },
        { 0x30137, SNP_FW_OK, "" },
        { 0x10000, SNP_FW_INVALID_PARAM, "bit 17" },
        { 0x4030000, SNP_FW_INVALID_PARAM, "reserved bits" },
        { 1ull << 63 | 0x30000, SNP_FW_INVALID_PARAM, "reserved bits" },
        { 0x30138, SNP_FW_POLICY_FAILURE, "newer firmware ABI" },
        { 0x30200, SNP_FW_POLICY_FAILURE, "newer firmware ABI" },
        { 0x430000, SNP_FW_POLICY_FAILURE, "does not have" },
        { 0x830000, SNP_FW_POLICY_FAILURE, "does not have" },
        { 0x1030000, SNP_FW_POLICY_FAILURE, "does not have" },
    };
    struct amdsp_guest guest;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_error err = { "" };

        g_assert_cmpuint(
            amdsp_launch_start(&guest, &chip, rows[i].policy, &err), ==,
            rows[i].status);
        g_assert_nonnull(strstr(err.text, rows[i].words));
        if (rows[i].status) {
            g_assert_nonnull(
                strstr(err.text, amdsp_status_name(rows[i].status)));
        }
    }
}

static void test_secrets(void)
{
    static const struct snp_secrets_page zero;
    struct amdsp_guest one, two;
    struct snp_secrets_page page;

    launch(&one);
    launch(&two);
    amdsp_fill_secrets(&one, &page);
    g_assert_cmpmem(page.vmpck, sizeof(page.vmpck), one.vmpck,
                    sizeof(one.vmpck));
    g_assert_cmpuint(page.fms, ==,
                     0x00a00f11); /* family 19h, model 1, stepping 1 */
    g_assert_cmpuint(page.svsm_size, ==, 0);
    g_assert_cmpmem(page.msg_seqno, 4096 - 0xa0, zero.msg_seqno, 4096 - 0xa0);
    for (int i = 0; i < 4; i++) {
        g_assert_cmpint(memcmp(one.vmpck[i], two.vmpck[i], 32), !=, 0);
        g_assert_cmpint(memcmp(one.vmpck[i], one.vmpck[(i + 1) % 4], 32), !=,
                        0);
        g_assert_cmpint(memcmp(one.vmpck[i], zero.vmpck[i], 32), !=, 0);
    }
    g_assert_cmpint(memcmp(one.report_id, two.report_id, 32), !=, 0);
    amdsp_guest_clear(&one);
    g_assert_cmpmem(one.vmpck, sizeof(one.vmpck), zero.vmpck,
                    sizeof(zero.vmpck));
}

static void make_id(struct snp_id_block *block, struct snp_id_auth *auth,
                    const struct amdsp_finish *finish)
{
    gnutls_pubkey_t pub;

    memset(block, 0, sizeof(*block));
    memset(auth, 0, sizeof(*auth));
    memcpy(block->ld, finish->measurement, 48);
    block->family_id[0] = 0xfa;
    block->image_id[0] = 0x1a;
    block->version = 1;
    block->guest_svn = 7;
    block->policy = SNP_POLICY_DEFAULT;
    auth->id_key_algo = auth->auth_key_algo = SNP_ALGO_ECDSA_P384_SHA384;
    gnutls_pubkey_init(&pub);
    gnutls_pubkey_import_privkey(pub, id_key, 0, 0);
    snp_ecdsa_key_export(pub, &auth->id_key);
    gnutls_pubkey_deinit(pub);
    gnutls_pubkey_init(&pub);
    gnutls_pubkey_import_privkey(pub, author_key, 0, 0);
    snp_ecdsa_key_export(pub, &auth->author_key);
    gnutls_pubkey_deinit(pub);
    snp_ecdsa_sign(block, sizeof(*block), id_key, auth->id_block_sig.r,
                   auth->id_block_sig.s, NULL);
    snp_ecdsa_sign(&auth->id_key, sizeof(auth->id_key), author_key,
                   auth->id_key_sig.r, auth->id_key_sig.s, NULL);
}

/* Signs the block again, as its owner would after a mistake. */
static void sign_block(const struct snp_id_block *block,
                       struct snp_id_auth *auth)
{
    snp_ecdsa_sign(block, sizeof(*block), id_key, auth->id_block_sig.r,
                   auth->id_block_sig.s, NULL);
}

static void break_algo(struct snp_id_block *b, struct snp_id_auth *a)
{
    (void)b;
    a->id_key_algo = 2;
}
static void break_author_algo(struct snp_id_block *b, struct snp_id_auth *a)
{
    (void)b;
    a->auth_key_algo = 0;
}
static void break_version(struct snp_id_block *b, struct snp_id_auth *a)
{
    b->version = 2;
    sign_block(b, a);
}
static void break_block(struct snp_id_block *b, struct snp_id_auth *a)
{
    (void)a;
    b->guest_svn++;
}
static void break_signature(struct snp_id_block *b, struct snp_id_auth *a)
{
    (void)b;
    a->id_block_sig.s[0] ^= 1;
}
static void break_key(struct snp_id_block *b, struct snp_id_auth *a)
{
    (void)b;
    a->id_key.curve = 1;
}
static void break_author_signature(struct snp_id_block *b,
                                   struct snp_id_auth *a)
{
    (void)b;
    a->id_key_sig.r[0] ^= 1;
}
static void break_digest(struct snp_id_block *b, struct snp_id_auth *a)
{
    b->ld[0] ^= 1;
    sign_block(b, a);
}
static void break_policy(struct snp_id_block *b, struct snp_id_auth *a)
{
    b->policy |= SNP_POLICY_DEBUG;
    sign_block(b, a);
}

static void test_id_block(void)
{
    static const struct {
        void (*change)(struct snp_id_block *b, struct snp_id_auth *a);
        unsigned status;
    } rows[] = {
        { break_algo, SNP_FW_INVALID_PARAM },
        { break_author_algo, SNP_FW_INVALID_PARAM },
        { break_version, SNP_FW_BAD_VERSION },
        { break_block, SNP_FW_BAD_SIGNATURE },
        { break_signature, SNP_FW_BAD_SIGNATURE },
        { break_key, SNP_FW_BAD_SIGNATURE },
        { break_author_signature, SNP_FW_BAD_SIGNATURE },
        { break_digest, SNP_FW_BAD_MEASUREMENT },
        { break_policy, SNP_FW_POLICY_FAILURE },
    };
    struct snp_id_block block;
    struct snp_id_auth auth;
    struct amdsp_finish finish = { .measurement = { 9 },
                                   .id_block = &block,
                                   .id_auth = &auth,
                                   .auth_key_en = true };
    struct amdsp_guest guest;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        amdsp_launch_start(&guest, &chip, SNP_POLICY_DEFAULT, NULL);
        make_id(&block, &auth, &finish);
        rows[i].change(&block, &auth);
        g_assert_cmpuint(amdsp_launch_finish(&guest, &finish, NULL), ==,
                         rows[i].status);
        g_assert_false(guest.launched);
    }
    amdsp_launch_start(&guest, &chip, SNP_POLICY_DEFAULT, NULL);
    make_id(&block, &auth, &finish);
    finish.id_auth = NULL;
    g_assert_cmpuint(amdsp_launch_finish(&guest, &finish, NULL), ==,
                     SNP_FW_INVALID_PARAM);
}

/* What of the ID block ends up in reports. */
static void test_id_block_report(void)
{
    struct snp_id_block block;
    struct snp_id_auth auth;
    struct amdsp_finish finish = { .measurement = { 9 },
                                   .id_block = &block,
                                   .id_auth = &auth };
    struct snp_report_req req = { .vmpl = 0 };
    struct snp_report_rsp rsp;
    struct amdsp_guest guest;
    uint8_t digest[48];

    for (int author = 0; author < 2; author++) {
        static const uint8_t zero[48];

        finish.auth_key_en = author;
        amdsp_launch_start(&guest, &chip, SNP_POLICY_DEFAULT, NULL);
        make_id(&block, &auth, &finish);
        g_assert_cmpuint(amdsp_launch_finish(&guest, &finish, NULL), ==,
                         SNP_FW_OK);
        g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_REPORT_REQ, 1,
                                          &req, sizeof(req), &rsp, sizeof(rsp)),
                         ==, SNP_FW_OK);
        g_assert_cmpuint(rsp.report.guest_svn, ==, 7);
        g_assert_cmpmem(rsp.report.family_id, 16, block.family_id, 16);
        g_assert_cmpmem(rsp.report.image_id, 16, block.image_id, 16);
        gnutls_hash_fast(GNUTLS_DIG_SHA384, &auth.id_key, sizeof(auth.id_key),
                         digest);
        g_assert_cmpmem(rsp.report.id_key_digest, 48, digest, 48);
        gnutls_hash_fast(GNUTLS_DIG_SHA384, &auth.author_key,
                         sizeof(auth.author_key), digest);
        g_assert_cmpmem(rsp.report.author_key_digest, 48,
                        author ? digest : zero, 48);
        g_assert_cmpuint(rsp.report.key_info, ==, author ? 1 : 0);
    }
}

static void test_report(void)
{
    struct snp_report_req req = { .report_data = "sixty-four bytes" };
    const struct snp_attestation_report *r;
    struct snp_report_rsp rsp;
    struct amdsp_guest guest;
    gnutls_pubkey_t pub;

    launch(&guest);
    g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_REPORT_REQ, 1, &req,
                                      sizeof(req), &rsp, sizeof(rsp)),
                     ==, SNP_FW_OK);
    r = &rsp.report;
    g_assert_cmpuint(rsp.status, ==, 0);
    g_assert_cmpuint(rsp.report_size, ==, SNP_REPORT_SIZE);
    g_assert_cmpmem(r->report_data, 64, req.report_data, 64);
    g_assert_cmpmem(r->measurement, 48, guest.measurement, 48);
    g_assert_cmpmem(r->host_data, 32, guest.host_data, 32);
    g_assert_cmpmem(r->report_id, 32, guest.report_id, 32);
    g_assert_cmpmem(r->chip_id, 64, chip.chip_id, 64);
    g_assert_cmpuint(r->policy, ==, SNP_POLICY_DEFAULT);
    g_assert_cmpuint(r->reported_tcb[7], ==, chip.tcb.microcode);
    g_assert_cmpuint(r->report_id_ma[0], ==, 0xff);
    gnutls_pubkey_init(&pub);
    gnutls_pubkey_import_privkey(pub, chip.vcek_key, 0, 0);
    g_assert_cmpint(snp_report_verify(r, pub, NULL), ==, 0);
    gnutls_pubkey_deinit(pub);
}

/* A VMPCK speaks for its VMPL and those below; key_sel: VCEK or its own choice.
 */
static void test_report_rules(void)
{
    static const struct {
        unsigned vmpck, vmpl, key_sel;
        uint8_t reserved;
        unsigned status;
    } rows[] = {
        { 0, 0, 0, 0, SNP_FW_OK },
        { 0, 3, 1, 0, SNP_FW_OK },
        { 2, 2, 0, 0, SNP_FW_OK },
        { 2, 3, 0, 0, SNP_FW_OK },
        { 3, 3, 0, 0, SNP_FW_OK },
        { 2, 1, 0, 0, SNP_FW_INVALID_PARAM },
        { 3, 0, 0, 0, SNP_FW_INVALID_PARAM },
        { 0, 4, 0, 0, SNP_FW_INVALID_PARAM },
        { 0, 0, 2, 0, SNP_FW_INVALID_KEY },
        { 0, 0, 3, 0, SNP_FW_INVALID_KEY },
        { 0, 0, 4, 0, SNP_FW_INVALID_PARAM },
        { 0, 0, 0, 1, SNP_FW_INVALID_PARAM },
    };
    struct snp_report_rsp rsp;
    struct amdsp_guest guest;

    launch(&guest);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct snp_report_req req = { .vmpl = rows[i].vmpl,
                                      .key_sel = rows[i].key_sel };

        req.rsvd_48[23] = rows[i].reserved;
        g_assert_cmpuint(message_exchange(&guest, rows[i].vmpck,
                                          SNP_MSG_REPORT_REQ, 1, &req,
                                          sizeof(req), &rsp, sizeof(rsp)),
                         ==, SNP_FW_OK);
        g_assert_cmpuint(rsp.status, ==, rows[i].status);
        g_assert_cmpuint(rsp.report.vmpl, ==,
                         rows[i].status ? 0 : rows[i].vmpl);
        if (rows[i].status) {
            g_assert_cmpuint(rsp.report.version, ==, 0);
        }
    }
}

static void test_tsc_info(void)
{
    uint8_t req[128] = { 0 }, rsp[128];
    static const uint8_t none[128];
    struct amdsp_guest guest;

    launch(&guest);
    g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_TSC_INFO_REQ, 1, req,
                                      128, rsp, 128),
                     ==, SNP_FW_OK);
    g_assert_cmpmem(rsp, 128, none, 128);
    req[5] = 1;
    g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_TSC_INFO_REQ, 1, req,
                                      128, rsp, 128),
                     ==, SNP_FW_OK);
    g_assert_cmpuint(rsp[0], ==, SNP_FW_INVALID_PARAM);
}

static bool signed_by(const struct snp_attestation_report *report,
                      gnutls_privkey_t key)
{
    gnutls_pubkey_t pub;
    bool good;

    gnutls_pubkey_init(&pub);
    gnutls_pubkey_import_privkey(pub, key, 0, 0);
    good = snp_report_verify(report, pub, NULL) == 0;
    gnutls_pubkey_deinit(pub);
    return good;
}

/* With a VLEK loaded: by itself, unless the guest names a key. With the VCEK
 * disabled there is no other. */
static void test_report_vlek(void)
{
    static const struct {
        unsigned key_sel, status;
        bool vlek, vcek_dis;
    } rows[] = {
        { 0, SNP_FW_OK, true, false },
        { 1, SNP_FW_OK, false, false },
        { 2, SNP_FW_OK, true, false },
        { 3, SNP_FW_INVALID_KEY, false, false },
        { 0, SNP_FW_OK, true, true },
        { 1, SNP_FW_INVALID_KEY, false, true },
        { 2, SNP_FW_OK, true, true },
    };
    struct evtpm_chip with = chip;
    struct amdsp_guest guest;

    with.vlek_key = new_key();
    launch(&guest);
    guest.chip = &with;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct snp_report_req req = { .key_sel = rows[i].key_sel };
        struct snp_report_rsp rsp;

        guest.vcek_dis = rows[i].vcek_dis;
        g_assert_cmpuint(message_exchange(&guest, 0, SNP_MSG_REPORT_REQ, 1,
                                          &req, sizeof(req), &rsp, sizeof(rsp)),
                         ==, SNP_FW_OK);
        g_assert_cmpuint(rsp.status, ==, rows[i].status);
        if (rsp.status == SNP_FW_OK) {
            g_assert_cmpuint(rsp.report.key_info >> 2, ==, rows[i].vlek);
            g_assert_cmpint(signed_by(&rsp.report, with.vlek_key), ==,
                            rows[i].vlek);
            g_assert_cmpint(signed_by(&rsp.report, with.vcek_key), ==,
                            !rows[i].vlek);
        }
    }
    gnutls_privkey_deinit(with.vlek_key);
}

/* What is left where an SVSM took a key out of its guest's secrets page. */
static void test_disabled_vmpck(void)
{
    static const uint8_t no_key[32];
    struct snp_report_req req = { .vmpl = 2 };
    struct snp_guest_msg msg;
    struct snp_report_rsp rsp;
    struct amdsp_guest guest;
    uint8_t response[4096];

    launch(&guest);
    for (unsigned vmpck = 0; vmpck < AMDSP_VMPCK_COUNT; vmpck++) {
        message_prepare(&guest, vmpck, SNP_MSG_REPORT_REQ, 1, &req, sizeof(req),
                        &msg);
        message_seal(no_key, &msg);
        g_assert_cmpuint(
            amdsp_guest_request(&guest, (uint8_t *)&msg, response, NULL), ==,
            SNP_FW_BAD_MEASUREMENT);
        g_assert_cmpuint(guest.msg_count[vmpck], ==, 0);
    }
    /* the keys themselves still work, each with its own count */
    for (unsigned vmpck = 0; vmpck < AMDSP_VMPCK_COUNT; vmpck++) {
        req.vmpl = 3;
        g_assert_cmpuint(message_exchange(&guest, vmpck, SNP_MSG_REPORT_REQ, 1,
                                          &req, sizeof(req), &rsp, sizeof(rsp)),
                         ==, SNP_FW_OK);
        g_assert_cmpuint(rsp.status, ==, SNP_FW_OK);
        g_assert_cmpuint(guest.msg_count[vmpck], ==, 2);
    }
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    chip.product = SNP_PRODUCT_MILAN;
    chip.tcb = (struct snp_tcb){ 0, 4, 0, 24, 219 };
    memset(chip.chip_id, 0xc1, sizeof(chip.chip_id));
    chip.vcek_key = new_key();
    id_key = new_key();
    author_key = new_key();
    g_test_add_func("/amdsp/policy", test_policy);
    g_test_add_func("/amdsp/secrets", test_secrets);
    g_test_add_func("/amdsp/id-block", test_id_block);
    g_test_add_func("/amdsp/id-block/report", test_id_block_report);
    g_test_add_func("/amdsp/report", test_report);
    g_test_add_func("/amdsp/report/rules", test_report_rules);
    g_test_add_func("/amdsp/report/vlek", test_report_vlek);
    g_test_add_func("/amdsp/disabled-vmpck", test_disabled_vmpck);
    g_test_add_func("/amdsp/tsc-info", test_tsc_info);
    status = g_test_run();
    gnutls_privkey_deinit(chip.vcek_key);
    gnutls_privkey_deinit(id_key);
    gnutls_privkey_deinit(author_key);
    return status;
}
