/* SPDX-License-Identifier: MIT */
/* What the AMD-SP model answers: attestation reports. */
#include "lib/amdsp_priv.h"

#include <gnutls/crypto.h>
#include <string.h>

/* report key_sel [1:0]: the VLEK if one is loaded, else the VCEK; or either by
 * name */
#define KEY_SEL_MASK 3u
#define KEY_SEL_AUTO 0u
#define KEY_SEL_VCEK 1u
#define KEY_SEL_VLEK 2u

#define KEY_INFO_AUTHOR_KEY_EN (1u << 0)
#define KEY_INFO_SIGNED_BY_VLEK (1u << 2)

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
        report->key_info |= KEY_INFO_AUTHOR_KEY_EN;
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

/* NULL: the chip has no such key, or this guest was launched without it. */
static gnutls_privkey_t choose_key(const struct amdsp_guest *guest,
                                   unsigned key_sel)
{
    gnutls_privkey_t vcek = guest->vcek_dis ? NULL : guest->chip->vcek_key;
    gnutls_privkey_t vlek = guest->chip->vlek_key;

    switch (key_sel) {
    case KEY_SEL_AUTO:
        return vlek ? vlek : vcek;
    case KEY_SEL_VCEK:
        return vcek;
    case KEY_SEL_VLEK:
        return vlek;
    default:
        return NULL;
    }
}

int amdsp_make_report(const struct amdsp_guest *guest, unsigned vmpck,
                      const struct snp_report_req *req,
                      struct snp_report_rsp *rsp, struct evtpm_error *err)
{
    gnutls_privkey_t key;

    memset(rsp, 0, sizeof(*rsp));
    /* A VMPCK speaks for its own VMPL and less privileged ones. */
    if (req->vmpl < vmpck || req->vmpl >= SNP_VMPL_COUNT ||
        (req->key_sel & ~KEY_SEL_MASK) ||
        !zero_bytes(req->rsvd_48, sizeof(req->rsvd_48))) {
        rsp->status = SNP_FW_INVALID_PARAM;
        return 0;
    }
    key = choose_key(guest, req->key_sel & KEY_SEL_MASK);
    if (!key) {
        rsp->status = SNP_FW_INVALID_KEY;
        return 0;
    }
    rsp->report_size = sizeof(rsp->report);
    fill_report(guest, req, &rsp->report);
    if (key == guest->chip->vlek_key) {
        rsp->report.key_info |= KEY_INFO_SIGNED_BY_VLEK;
    }
    return snp_report_sign(&rsp->report, key, err);
}
