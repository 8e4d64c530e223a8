/* SPDX-License-Identifier: MIT */
/*
 * SEV-SNP as a guest sees it: MSRs, feature bits, instruction results, #VC codes
 * (APM vol. 2 15.35-36, vol. 3 PVALIDATE/RMPADJUST/RMPQUERY), and the pages and messages that
 * the AMD-SP firmware owns (SNP firmware ABI 56860: policy, secrets page, CPUID page, launch).
 * Public statements of the same facts: Linux arch/x86/include/asm/{sev,sev-common,svm}.h.
 */
#ifndef EVTPM_SNP_H
#define EVTPM_SNP_H

#include "evtpm/abi.h"

/* MSRs */
#define MSR_AMD64_GHCB 0xc0010130u
#define MSR_AMD64_SEV_STATUS 0xc0010131u
#define MSR_AMD64_GUEST_TSC_FREQ 0xc0010134u
#define MSR_SVSM_CAA 0xc001f000u /* software-defined: served by the guest's #VC handler */

/* SEV_STATUS = SEV_FEATURES << 2 | ES << 1 | SEV */
#define SEV_STATUS_SEV (1ull << 0)
#define SEV_STATUS_ES (1ull << 1)
#define SEV_STATUS_FEATURES_SHIFT 2

/* SEV_FEATURES, VMSA offset 3b0 */
#define SEV_FEATURE_SNP_ACTIVE (1ull << 0)
#define SEV_FEATURE_VTOM (1ull << 1)
#define SEV_FEATURE_REFLECT_VC (1ull << 2)
#define SEV_FEATURE_RESTRICTED_INJECTION (1ull << 3)
#define SEV_FEATURE_ALTERNATE_INJECTION (1ull << 4)
#define SEV_FEATURE_DEBUG_SWAP (1ull << 5)
#define SEV_FEATURE_PREVENT_HOST_IBS (1ull << 6)
#define SEV_FEATURE_BTB_ISOLATION (1ull << 7)
#define SEV_FEATURE_VMPL_SSS (1ull << 8)
#define SEV_FEATURE_SECURE_TSC (1ull << 9)
#define SEV_FEATURE_VMGEXIT_PARAMETER (1ull << 10)
#define SEV_FEATURE_VMSA_REG_PROT (1ull << 14)

/* CPUID 8000_001F EAX */
#define CPUID_SEV_LEAF 0x8000001fu
#define CPUID_SEV_EAX_SEV (1u << 1)
#define CPUID_SEV_EAX_ES (1u << 3)
#define CPUID_SEV_EAX_SNP (1u << 4)
#define CPUID_SEV_EAX_VMPL (1u << 5)
#define CPUID_SEV_EAX_RMPQUERY (1u << 6)
#define CPUID_SEV_EAX_SVSM (1u << 28) /* set by the SVSM in its guest's copy */

/* The C-bit position that every public SVSM and this project use (CPUID 8000_001F EBX[5:0]). */
#define SNP_CBIT_POS 51
#define SNP_CBIT (1ull << SNP_CBIT_POS)
#define SNP_VMPL_COUNT 4

/* EAX results of PVALIDATE, RMPADJUST, RMPQUERY */
#define SNP_OK 0u
#define SNP_FAIL_INPUT 1u
#define SNP_FAIL_PERMISSION 2u
#define SNP_FAIL_SIZEMISMATCH 6u

/* RMPADJUST RDX: [7:0] VMPL, [15:8] permissions, 16 VMSA; permission bits below are bits 8.. of RDX shifted down. */
#define RMP_PERM_READ 0x1u
#define RMP_PERM_WRITE 0x2u
#define RMP_PERM_EXEC_USER 0x4u
#define RMP_PERM_EXEC_SUPER 0x8u
#define RMP_PERM_ALL 0xfu
#define RMPADJUST_PERM_SHIFT 8
#define RMPADJUST_VMSA (1ull << 16)

/* #VC error codes = SVM exit codes (vector 29); spelled as in QEMU's svm.h, which some files include too */
#define SNP_VECTOR_HV 28
#define SNP_VECTOR_VC 29
#define SVM_EXIT_DR7_READ 0x27u
#define SVM_EXIT_DR7_WRITE 0x37u
#define SVM_EXIT_EXCP_DB 0x41u
#define SVM_EXIT_EXCP_AC 0x51u
#define SVM_EXIT_EXCP_MC 0x52u
#define SVM_EXIT_INTR 0x060
#define SVM_EXIT_RDTSC 0x06e
#define SVM_EXIT_RDPMC 0x06f
#define SVM_EXIT_CPUID 0x072
#define SVM_EXIT_INVD 0x076
#define SVM_EXIT_HLT 0x078
#define SVM_EXIT_IOIO 0x07b
#define SVM_EXIT_MSR 0x07c
#define SVM_EXIT_SHUTDOWN 0x07f
#define SVM_EXIT_VMMCALL 0x081
#define SVM_EXIT_RDTSCP 0x087
#define SVM_EXIT_WBINVD 0x089
#define SVM_EXIT_MONITOR 0x08a
#define SVM_EXIT_MWAIT 0x08b
#define SVM_EXIT_NPF 0x400
#define SVM_EXIT_VMGEXIT 0x403u
#define SVM_EXIT_PAGE_NOT_VALIDATED 0x404u
#define SVM_EXIT_INVALID 0xffffffffffffffffull
#define SVM_EXIT_BUSY 0xfffffffffffffffeull

/* Nested page fault error bits (exit_info_1) */
#define NPF_PRESENT (1ull << 0)
#define NPF_WRITE (1ull << 1)
#define NPF_USER (1ull << 2)
#define NPF_FETCH (1ull << 4)
#define NPF_RMP (1ull << 31)
#define NPF_FINAL (1ull << 32)
#define NPF_TABLE (1ull << 33)
#define NPF_ENC (1ull << 34)
#define NPF_SIZEM (1ull << 35)
#define NPF_VMPL (1ull << 36)

/* Guest policy (SNP firmware ABI, LAUNCH_START) */
#define SNP_POLICY_ABI_MINOR_MASK 0xffull
#define SNP_POLICY_ABI_MAJOR_MASK 0xff00ull
#define SNP_POLICY_SMT (1ull << 16)
#define SNP_POLICY_RSVD_MBO (1ull << 17)
#define SNP_POLICY_MIGRATE_MA (1ull << 18)
#define SNP_POLICY_DEBUG (1ull << 19)
#define SNP_POLICY_SINGLE_SOCKET (1ull << 20)
#define SNP_POLICY_VALID_MASK 0x3ffffffull
#define SNP_POLICY_DEFAULT 0x30000ull

/* SNP_LAUNCH_UPDATE page types */
#define SNP_PAGE_TYPE_NORMAL 1
#define SNP_PAGE_TYPE_VMSA 2
#define SNP_PAGE_TYPE_ZERO 3
#define SNP_PAGE_TYPE_UNMEASURED 4
#define SNP_PAGE_TYPE_SECRETS 5
#define SNP_PAGE_TYPE_CPUID 6

/* The GPA that KVM gives every launch VMSA in the digest: outside all memory, host-owned. */
#define SNP_INITIAL_VMSA_GPA 0xfffffffff000ull

#define SNP_LAUNCH_DIGEST_SIZE 48

/* Firmware status codes */
#define SNP_FW_OK 0x00u
#define SNP_FW_INVALID_LENGTH 0x04u
#define SNP_FW_POLICY_FAILURE 0x07u
#define SNP_FW_INVALID_ADDRESS 0x09u
#define SNP_FW_BAD_SIGNATURE 0x0au
#define SNP_FW_BAD_MEASUREMENT 0x0bu
#define SNP_FW_UNSUPPORTED 0x15u
#define SNP_FW_INVALID_PARAM 0x16u
#define SNP_FW_AEAD_OFLOW 0x1du
#define SNP_FW_BAD_VERSION 0x22u
#define SNP_FW_INVALID_KEY 0x27u

/* PAGE_INFO, the input of one launch digest step (SNP firmware ABI 8.17) */
struct snp_page_info {
    uint8_t digest_cur[48];
    uint8_t contents[48];
    uint16_t length;
    uint8_t page_type;
    uint8_t imi_page;
    uint8_t vmpl_perms[4];
    uint64_t gpa;
};
EVTPM_SIZE(struct snp_page_info, 0x70);
EVTPM_OFFSET(struct snp_page_info, length, 0x60);
EVTPM_OFFSET(struct snp_page_info, gpa, 0x68);

/* Secrets page. Bytes from 140 on are written by an SVSM into its guest's copy, not by firmware. */
struct snp_secrets_page {
    uint32_t version;
    uint32_t flags; /* bit 0: IMI enabled */
    uint32_t fms;
    uint32_t rsvd_00c;
    uint8_t gosvw[16];
    uint8_t vmpck[4][32];
    uint32_t msg_seqno[4]; /* guest OS area */
    uint64_t ap_jump_table_pa;
    uint8_t rsvd_0b8[40];
    uint8_t guest_usage[32];
    uint8_t vmsa_tweak_bitmap[64];
    uint64_t svsm_base;
    uint64_t svsm_size; /* 0: no SVSM */
    uint64_t svsm_caa;  /* GPA of the boot vCPU's calling area */
    uint32_t svsm_max_version;
    uint8_t svsm_guest_vmpl;
    uint8_t rsvd_15d[3];
    uint32_t tsc_factor;
    uint8_t rsvd_164[4096 - 0x164];
};
EVTPM_SIZE(struct snp_secrets_page, 4096);
EVTPM_OFFSET(struct snp_secrets_page, vmpck, 0x20);
EVTPM_OFFSET(struct snp_secrets_page, msg_seqno, 0xa0);
EVTPM_OFFSET(struct snp_secrets_page, ap_jump_table_pa, 0xb0);
EVTPM_OFFSET(struct snp_secrets_page, guest_usage, 0xe0);
EVTPM_OFFSET(struct snp_secrets_page, vmsa_tweak_bitmap, 0x100);
EVTPM_OFFSET(struct snp_secrets_page, svsm_base, 0x140);
EVTPM_OFFSET(struct snp_secrets_page, svsm_caa, 0x150);
EVTPM_OFFSET(struct snp_secrets_page, svsm_guest_vmpl, 0x15c);
EVTPM_OFFSET(struct snp_secrets_page, tsc_factor, 0x160);

/* CPUID page */
struct snp_cpuid_entry {
    uint32_t eax_in;
    uint32_t ecx_in;
    uint64_t xcr0_in;
    uint64_t xss_in;
    uint32_t eax;
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
    uint64_t rsvd_28;
};
EVTPM_SIZE(struct snp_cpuid_entry, 0x30);

#define SNP_CPUID_COUNT_MAX 64
struct snp_cpuid_page {
    uint32_t count;
    uint32_t rsvd_004;
    uint64_t rsvd_008;
    struct snp_cpuid_entry entry[SNP_CPUID_COUNT_MAX];
    uint8_t rsvd_c10[4096 - 0xc10];
};
EVTPM_SIZE(struct snp_cpuid_page, 4096);
EVTPM_OFFSET(struct snp_cpuid_page, entry, 0x10);

/* ID block (96 bytes) and ID authentication page (4096 bytes) of SNP_LAUNCH_FINISH */
struct snp_id_block {
    uint8_t ld[48];
    uint8_t family_id[16];
    uint8_t image_id[16];
    uint32_t version; /* 1 */
    uint32_t guest_svn;
    uint64_t policy;
};
EVTPM_SIZE(struct snp_id_block, 96);

/* ECDSA P-384 in AMD's form: little-endian integers, zero-extended. */
struct snp_ecdsa_sig {
    uint8_t r[72];
    uint8_t s[72];
    uint8_t rsvd_090[368];
};
EVTPM_SIZE(struct snp_ecdsa_sig, 512);

#define SNP_CURVE_P384 2
#define SNP_ALGO_ECDSA_P384_SHA384 1
struct snp_ecdsa_key {
    uint32_t curve;
    uint8_t qx[72];
    uint8_t qy[72];
    uint8_t rsvd_094[0x404 - 0x94];
};
EVTPM_SIZE(struct snp_ecdsa_key, 0x404);

struct snp_id_auth {
    uint32_t id_key_algo;
    uint32_t auth_key_algo;
    uint8_t rsvd_008[56];
    struct snp_ecdsa_sig id_block_sig;
    struct snp_ecdsa_key id_key;
    uint8_t rsvd_644[60];
    struct snp_ecdsa_sig id_key_sig;
    struct snp_ecdsa_key author_key;
    uint8_t rsvd_c84[892];
};
EVTPM_SIZE(struct snp_id_auth, 4096);
EVTPM_OFFSET(struct snp_id_auth, id_block_sig, 0x40);
EVTPM_OFFSET(struct snp_id_auth, id_key, 0x240);
EVTPM_OFFSET(struct snp_id_auth, id_key_sig, 0x680);
EVTPM_OFFSET(struct snp_id_auth, author_key, 0x880);

#endif
