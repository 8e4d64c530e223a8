/* SPDX-License-Identifier: MIT */
/* What the AMD-SP model answers: attestation reports and derived keys. */
#include "lib/amdsp_priv.h"

#include <gnutls/crypto.h>
#include <string.h>

/* report key_sel [1:0]; a VLEK does not exist here */
#define KEY_SEL_MASK 3u
#define KEY_SEL_AUTO 0u
#define KEY_SEL_VCEK 1u

/* KEY_REQ: what to mix in */
#define FIELD_POLICY (1u << 0)
#define FIELD_IMAGE_ID (1u << 1)
#define FIELD_FAMILY_ID (1u << 2)
#define FIELD_MEASUREMENT (1u << 3)
#define FIELD_GUEST_SVN (1u << 4)
#define FIELD_TCB (1u << 5)
#define FIELD_MIT_VECTOR (1u << 6) /* version 2 */

#define KEY_INFO_AUTHOR_KEY_EN 1u

static bool zero_bytes(const uint8_t *byte, size_t size)
{
    while (size && *byte == 0) {
        byte++;
        size--;
    }
    return size == 0;
}

static void fill_report(const struct amdsp_guest *guest,
                        const struct snp_report_req *req,
                        struct snp_attestation_report *report)
{
    const struct evtpm_chip *chip = guest->chip;
    struct snp_fms fms = snp_product_fms(chip->product);

    report->version = AMDSP_REPORT_VERSION;
    report->policy = guest->policy;
    report->vmpl = req->vmpl;
    report->signature_algo = SNP_ALGO_ECDSA_P384_SHA384;
    report->platform_info = AMDSP_PLATFORM_INFO;
    memcpy(report->report_data, req->report_data, sizeof(report->report_data));
    memcpy(report->measurement, guest->measurement,
           sizeof(report->measurement));
    memcpy(report->host_data, guest->host_data, sizeof(report->host_data));
    memcpy(report->report_id, guest->report_id, sizeof(report->report_id));
    memset(report->report_id_ma, 0xff, sizeof(report->report_id_ma));
    if (guest->has_id_block) {
        report->guest_svn = guest->id_block.guest_svn;
        memcpy(report->family_id, guest->id_block.family_id, 16);
        memcpy(report->image_id, guest->id_block.image_id, 16);
        memcpy(report->id_key_digest, guest->id_key_digest, 48);
    }
    if (guest->has_author_key) {
        report->key_info = KEY_INFO_AUTHOR_KEY_EN;
        memcpy(report->author_key_digest, guest->author_key_digest, 48);
    }
    memcpy(report->chip_id, chip->chip_id, sizeof(report->chip_id));
    report->cpuid_fam_id = fms.family;
    report->cpuid_mod_id = fms.model;
    report->cpuid_step = fms.stepping;
    snp_tcb_encode(chip->product, &chip->tcb, report->current_tcb);
    memcpy(report->reported_tcb, report->current_tcb, 8);
    memcpy(report->committed_tcb, report->current_tcb, 8);
    memcpy(report->launch_tcb, report->current_tcb, 8);
    report->current_build = report->committed_build = AMDSP_BUILD;
    report->current_minor = report->committed_minor = AMDSP_API_MINOR;
    report->current_major = report->committed_major = AMDSP_API_MAJOR;
}

int amdsp_make_report(const struct amdsp_guest *guest, unsigned vmpck,
                      const struct snp_report_req *req,
                      struct snp_report_rsp *rsp, struct evtpm_error *err)
{
    unsigned key_sel = req->key_sel & KEY_SEL_MASK;

    memset(rsp, 0, sizeof(*rsp));
    /* A VMPCK speaks for its own VMPL and less privileged ones. */
    if (req->vmpl < vmpck || req->vmpl >= SNP_VMPL_COUNT ||
        (req->key_sel & ~KEY_SEL_MASK) ||
        !zero_bytes(req->rsvd_48, sizeof(req->rsvd_48))) {
        rsp->status = SNP_FW_INVALID_PARAM;
        return 0;
    }
    if (key_sel != KEY_SEL_AUTO && key_sel != KEY_SEL_VCEK) {
        rsp->status = SNP_FW_INVALID_KEY;
        return 0;
    }
    rsp->report_size = sizeof(rsp->report);
    fill_report(guest, req, &rsp->report);
    return snp_report_sign(&rsp->report, guest->chip->vcek_key, err);
}

static unsigned check_key_req(const struct amdsp_guest *guest, unsigned vmpck,
                              unsigned version,
                              const struct snp_derived_key_req *req)
{
    uint64_t fields = version >= 2 ? 0x7f : 0x3f;
    enum snp_product product = guest->chip->product;
    struct snp_tcb tcb;
    uint8_t raw[8];

    if (req->root_key_select > 1) {
        return SNP_FW_INVALID_KEY;
    }
    if (req->rsvd_04 || (req->guest_field_select & ~fields) ||
        req->vmpl < vmpck || req->vmpl >= SNP_VMPL_COUNT) {
        return SNP_FW_INVALID_PARAM;
    }
    memcpy(raw, &req->tcb_version, sizeof(raw));
    tcb = snp_tcb_decode(product, raw);
    if (!snp_tcb_at_least(&guest->chip->tcb, &tcb)) {
        return SNP_FW_INVALID_PARAM;
    }
    if (req->guest_svn >
        (guest->has_id_block ? guest->id_block.guest_svn : 0)) {
        return SNP_FW_INVALID_PARAM;
    }
    return SNP_FW_OK;
}

/* Every field goes in at a fixed place, zero when not selected, so that no two
 * choices collide. */
struct key_input {
    char label[32];
    uint32_t root_key_select;
    uint32_t vmpl;
    uint64_t guest_field_select;
    uint64_t policy;
    uint8_t image_id[16];
    uint8_t family_id[16];
    uint8_t measurement[48];
    uint64_t guest_svn;
    uint64_t tcb_version;
    uint64_t launch_mit_vector;
};
EVTPM_SIZE(struct key_input, 160);

static void fill_key_input(const struct amdsp_guest *guest,
                           const struct amdsp_key_req_v2 *req,
                           struct key_input *in)
{
    uint64_t fields = req->v1.guest_field_select;

    memset(in, 0, sizeof(*in));
    strcpy(in->label, "evtpm emulated derived key");
    in->root_key_select = req->v1.root_key_select;
    in->vmpl = req->v1.vmpl;
    in->guest_field_select = fields;
    if (fields & FIELD_POLICY) {
        in->policy = guest->policy;
    }
    if (fields & FIELD_IMAGE_ID) {
        memcpy(in->image_id, guest->id_block.image_id, 16);
    }
    if (fields & FIELD_FAMILY_ID) {
        memcpy(in->family_id, guest->id_block.family_id, 16);
    }
    if (fields & FIELD_MEASUREMENT) {
        memcpy(in->measurement, guest->measurement, 48);
    }
    if (fields & FIELD_GUEST_SVN) {
        in->guest_svn = req->v1.guest_svn;
    }
    if (fields & FIELD_TCB) {
        in->tcb_version = req->v1.tcb_version;
    }
    if (fields & FIELD_MIT_VECTOR) {
        in->launch_mit_vector = req->launch_mit_vector;
    }
}

int amdsp_make_key(const struct amdsp_guest *guest, unsigned vmpck,
                   unsigned version, const struct amdsp_key_req_v2 *req,
                   struct snp_derived_key_rsp *rsp, struct evtpm_error *err)
{
    const uint8_t *root =
        req->v1.root_key_select ? guest->vmrk : guest->chip->root_key;
    struct key_input in;
    int rc;

    memset(rsp, 0, sizeof(*rsp));
    rsp->status = check_key_req(guest, vmpck, version, &req->v1);
    if (rsp->status != SNP_FW_OK) {
        return 0;
    }
    fill_key_input(guest, req, &in);
    rc = gnutls_hmac_fast(GNUTLS_MAC_SHA256, root, 32, &in, sizeof(in),
                          rsp->key);
    return rc < 0
               ? evtpm_fail(err, "cannot derive a key: %s", gnutls_strerror(rc))
               : 0;
}
