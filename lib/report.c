/* SPDX-License-Identifier: MIT */
/* The SNP attestation report: form and signature. */
#include "lib/report.h"

#include <string.h>

/* key_info: author_key_en, mask_chip_key, three bits of signing key; the rest
 * is reserved. */
#define KEY_INFO_MASK 0x1fu

int snp_report_parse(const void *data, size_t size,
                     struct snp_attestation_report *report,
                     struct evtpm_error *err)
{
    if (size != SNP_REPORT_SIZE) {
        return evtpm_fail(err, "report has %zu bytes, not %d", size,
                          SNP_REPORT_SIZE);
    }
    memcpy(report, data, sizeof(*report));
    if (report->version < 2 || report->version > 5) {
        return evtpm_fail(err, "report version %u is not known (2 to 5 are)",
                          report->version);
    }
    if (report->signature_algo != SNP_ALGO_ECDSA_P384_SHA384) {
        return evtpm_fail(err,
                          "report signature algorithm %u is not ECDSA P-384",
                          report->signature_algo);
    }
    if (report->key_info & ~KEY_INFO_MASK) {
        return evtpm_fail(err, "report key information %#x has reserved bits",
                          report->key_info);
    }
    if (report->vmpl >= SNP_VMPL_COUNT) {
        return evtpm_fail(err, "report VMPL %u does not exist", report->vmpl);
    }
    return 0;
}

int snp_report_sign(struct snp_attestation_report *report,
                    gnutls_privkey_t vcek, struct evtpm_error *err)
{
    memset(report->sig_r, 0, SNP_REPORT_SIZE - SNP_REPORT_SIGNED_SIZE);
    return snp_ecdsa_sign(report, SNP_REPORT_SIGNED_SIZE, vcek, report->sig_r,
                          report->sig_s, err);
}

int snp_report_verify(const struct snp_attestation_report *report,
                      gnutls_pubkey_t vcek, struct evtpm_error *err)
{
    return snp_ecdsa_verify(report, SNP_REPORT_SIGNED_SIZE, vcek, report->sig_r,
                            report->sig_s, err);
}
