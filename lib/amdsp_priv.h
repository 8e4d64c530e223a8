/* SPDX-License-Identifier: MIT */
/* Between the files of the AMD-SP model only. */
#ifndef EVTPM_LIB_AMDSP_PRIV_H
#define EVTPM_LIB_AMDSP_PRIV_H

#include "lib/amdsp.h"

/* The firmware that the model claims to be, as reports and the policy check state it. */
#define AMDSP_API_MAJOR 1
#define AMDSP_API_MINOR 55
#define AMDSP_BUILD 1
#define AMDSP_REPORT_VERSION 3
/* platform_info: alias check complete; no SMT, no TSME */
#define AMDSP_PLATFORM_INFO 0x20

/* KEY_REQ with a message version 2 ends in the mitigation vector. */
struct amdsp_key_req_v2 {
    struct snp_derived_key_req v1;
    uint64_t launch_mit_vector;
};
EVTPM_SIZE(struct amdsp_key_req_v2, 0x28);

/* Each fills a response whose status field tells the guest how it went; -1 if the host failed. */
int amdsp_make_report(const struct amdsp_guest *guest, unsigned vmpck,
                      const struct snp_report_req *req,
                      struct snp_report_rsp *rsp, struct evtpm_error *err);
int amdsp_make_key(const struct amdsp_guest *guest, unsigned vmpck,
                   unsigned version, const struct amdsp_key_req_v2 *req,
                   struct snp_derived_key_rsp *rsp, struct evtpm_error *err);

#endif
