/* SPDX-License-Identifier: MIT */
/*
 * What the AMD-SP model answers: derived keys. A key rooted in the VCEK comes
 * from the chip's secret at one TCB: the one that the guest mixes in, else the
 * present one, whose VCEK signs. So a roll of the TCB changes keys, and a guest
 * that names the TCB of old gets its old key back; that of a TCB which the chip
 * has not reached cannot be had.
 */
#include "lib/amdsp_priv.h"

#include <gnutls/crypto.h>
#include <string.h>

/* KEY_REQ root_key_select */
#define ROOT_VCEK 0u
#define ROOT_VMRK 1u
/* and what to mix in */
#define FIELD_POLICY (1u << 0)
#define FIELD_IMAGE_ID (1u << 1)
#define FIELD_FAMILY_ID (1u << 2)
#define FIELD_MEASUREMENT (1u << 3)
#define FIELD_GUEST_SVN (1u << 4)
#define FIELD_TCB (1u << 5)
#define FIELD_MIT_VECTOR (1u << 6) /* version 2 */

static unsigned check_key_req(const struct amdsp_guest *guest, unsigned vmpck,
                              unsigned version,
                              const struct snp_derived_key_req *req)
{
    uint64_t fields = version >= 2 ? 0x7f : 0x3f;
    enum snp_product product = guest->chip->product;
    struct snp_tcb tcb;
    uint8_t raw[8];

    if (req->root_key_select > ROOT_VMRK ||
        (req->root_key_select == ROOT_VCEK && guest->vcek_dis)) {
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

static int find_root(const struct amdsp_guest *guest,
                     const struct snp_derived_key_req *req, uint8_t root[32])
{
    const struct evtpm_chip *chip = guest->chip;
    struct snp_tcb tcb = chip->tcb;
    uint8_t raw[8];

    if (req->root_key_select == ROOT_VMRK) {
        memcpy(root, guest->vmrk, sizeof(guest->vmrk));
        return 0;
    }
    if (req->guest_field_select & FIELD_TCB) {
        memcpy(raw, &req->tcb_version, sizeof(raw));
        tcb = snp_tcb_decode(chip->product, raw);
    }
    return evtpm_chip_secret(chip, &tcb, root);
}

int amdsp_make_key(const struct amdsp_guest *guest, unsigned vmpck,
                   unsigned version, const struct amdsp_key_req_v2 *req,
                   struct snp_derived_key_rsp *rsp, struct evtpm_error *err)
{
    struct key_input in;
    uint8_t root[32];
    int rc;

    memset(rsp, 0, sizeof(*rsp));
    rsp->status = check_key_req(guest, vmpck, version, &req->v1);
    if (rsp->status != SNP_FW_OK) {
        return 0;
    }
    if (find_root(guest, &req->v1, root) < 0) {
        return evtpm_fail(err, "cannot derive a key");
    }
    fill_key_input(guest, req, &in);
    rc = gnutls_hmac_fast(GNUTLS_MAC_SHA256, root, sizeof(root), &in,
                          sizeof(in), rsp->key);
    gnutls_memset(root, 0, sizeof(root));
    return rc < 0
               ? evtpm_fail(err, "cannot derive a key: %s", gnutls_strerror(rc))
               : 0;
}
