/* SPDX-License-Identifier: MIT */
/*
 * Guest messages, attestation report, certificate table (SNP firmware ABI 56860, GHCB 56421
 * for the table). Public statement: Linux include/uapi/linux/sev-guest.h, go-sev-guest abi/.
 */
#ifndef EVTPM_REPORT_H
#define EVTPM_REPORT_H

#include "evtpm/abi.h"

#define SNP_MSG_CPUID_REQ 1
#define SNP_MSG_KEY_REQ 3
#define SNP_MSG_KEY_RSP 4
#define SNP_MSG_REPORT_REQ 5
#define SNP_MSG_REPORT_RSP 6
#define SNP_MSG_TSC_INFO_REQ 17
#define SNP_MSG_TSC_INFO_RSP 18

#define SNP_AEAD_AES_256_GCM 1
#define SNP_MSG_AAD_OFFSET 0x30
#define SNP_MSG_AAD_SIZE 0x30
#define SNP_MSG_PAYLOAD_MAX (4096 - 0x60)

struct snp_guest_msg_hdr {
    uint8_t authtag[32]; /* 16 used */
    uint64_t msg_seqno;
    uint8_t rsvd_28[8];
    uint8_t algo;
    uint8_t hdr_version; /* 1 */
    uint16_t hdr_sz;     /* 60h */
    uint8_t msg_type;
    uint8_t msg_version; /* 1 */
    uint16_t msg_sz;     /* payload bytes */
    uint32_t rsvd_38;
    uint8_t msg_vmpck;
    uint8_t rsvd_3d[35];
};
EVTPM_SIZE(struct snp_guest_msg_hdr, 0x60);
EVTPM_OFFSET(struct snp_guest_msg_hdr, msg_seqno, 0x20);
EVTPM_OFFSET(struct snp_guest_msg_hdr, algo, SNP_MSG_AAD_OFFSET);
EVTPM_OFFSET(struct snp_guest_msg_hdr, msg_type, 0x34);
EVTPM_OFFSET(struct snp_guest_msg_hdr, msg_vmpck, 0x3c);

struct snp_guest_msg {
    struct snp_guest_msg_hdr hdr;
    uint8_t payload[SNP_MSG_PAYLOAD_MAX];
};
EVTPM_SIZE(struct snp_guest_msg, 4096);

struct snp_report_req {
    uint8_t report_data[64];
    uint32_t vmpl;
    uint32_t key_sel;
    uint8_t rsvd_48[24];
};
EVTPM_SIZE(struct snp_report_req, 0x60);

/* reported/committed/... TCB: Milan and Genoa [0] BL [1] TEE [6] SNP [7] microcode; Turin [0] FMC [1] BL [2] TEE [3] SNP [7] microcode */
struct snp_attestation_report {
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint32_t vmpl;
    uint32_t signature_algo;
    uint8_t current_tcb[8];
    uint64_t platform_info;
    uint32_t key_info;
    uint32_t rsvd_04c;
    uint8_t report_data[64];
    uint8_t measurement[48];
    uint8_t host_data[32];
    uint8_t id_key_digest[48];
    uint8_t author_key_digest[48];
    uint8_t report_id[32];
    uint8_t report_id_ma[32];
    uint8_t reported_tcb[8];
    uint8_t cpuid_fam_id;
    uint8_t cpuid_mod_id;
    uint8_t cpuid_step;
    uint8_t rsvd_18b[21];
    uint8_t chip_id[64];
    uint8_t committed_tcb[8];
    uint8_t current_build;
    uint8_t current_minor;
    uint8_t current_major;
    uint8_t rsvd_1eb;
    uint8_t committed_build;
    uint8_t committed_minor;
    uint8_t committed_major;
    uint8_t rsvd_1ef;
    uint8_t launch_tcb[8];
    uint64_t launch_mit_vector;
    uint64_t current_mit_vector;
    uint8_t rsvd_208[152];
    uint8_t sig_r[72];
    uint8_t sig_s[72];
    uint8_t rsvd_330[368];
};
#define SNP_REPORT_SIZE 0x4a0
#define SNP_REPORT_SIGNED_SIZE 0x2a0
EVTPM_SIZE(struct snp_attestation_report, SNP_REPORT_SIZE);
EVTPM_OFFSET(struct snp_attestation_report, vmpl, 0x30);
EVTPM_OFFSET(struct snp_attestation_report, key_info, 0x48);
EVTPM_OFFSET(struct snp_attestation_report, report_data, 0x50);
EVTPM_OFFSET(struct snp_attestation_report, measurement, 0x90);
EVTPM_OFFSET(struct snp_attestation_report, host_data, 0xc0);
EVTPM_OFFSET(struct snp_attestation_report, report_id, 0x140);
EVTPM_OFFSET(struct snp_attestation_report, reported_tcb, 0x180);
EVTPM_OFFSET(struct snp_attestation_report, chip_id, 0x1a0);
EVTPM_OFFSET(struct snp_attestation_report, committed_tcb, 0x1e0);
EVTPM_OFFSET(struct snp_attestation_report, launch_tcb, 0x1f0);
EVTPM_OFFSET(struct snp_attestation_report, sig_r, SNP_REPORT_SIGNED_SIZE);

struct snp_report_rsp {
    uint32_t status;
    uint32_t report_size;
    uint8_t rsvd_08[24];
    struct snp_attestation_report report;
};
EVTPM_SIZE(struct snp_report_rsp, 0x20 + SNP_REPORT_SIZE);

struct snp_derived_key_req {
    uint32_t root_key_select;
    uint32_t rsvd_04;
    uint64_t guest_field_select;
    uint32_t vmpl;
    uint32_t guest_svn;
    uint64_t tcb_version;
};
EVTPM_SIZE(struct snp_derived_key_req, 0x20);

struct snp_derived_key_rsp {
    uint32_t status;
    uint8_t rsvd_04[28];
    uint8_t key[32];
};
EVTPM_SIZE(struct snp_derived_key_rsp, 0x40);

/* Certificate table: entries until an all-zero one; offsets from the table's start; DER.
 * GUIDs here are in RFC 4122 (big-endian) byte order. */
struct snp_cert_entry {
    uint8_t guid[16];
    uint32_t offset;
    uint32_t length;
};
EVTPM_SIZE(struct snp_cert_entry, 24);

#endif
