/* SPDX-License-Identifier: MIT */
/* GHCB MSR protocol and GHCB page protocol, version 2: AMD 56421; Linux asm/{sev-common,svm}.h. */
#ifndef EVTPM_GHCB_H
#define EVTPM_GHCB_H

#include "evtpm/abi.h"

/* MSR protocol: the low 12 bits of the MSR name the request or response. */
#define GHCB_MSR_CODE_MASK 0xfffull
#define GHCB_MSR_SEV_INFO_RESP 0x001u
#define GHCB_MSR_SEV_INFO_REQ 0x002u
#define GHCB_MSR_CPUID_REQ 0x004u
#define GHCB_MSR_CPUID_RESP 0x005u
#define GHCB_MSR_AP_RESET_HOLD_REQ 0x006u
#define GHCB_MSR_AP_RESET_HOLD_RESP 0x007u
#define GHCB_MSR_PREF_GPA_REQ 0x010u
#define GHCB_MSR_PREF_GPA_RESP 0x011u
#define GHCB_MSR_REG_GPA_REQ 0x012u
#define GHCB_MSR_REG_GPA_RESP 0x013u
#define GHCB_MSR_PSC_REQ 0x014u
#define GHCB_MSR_PSC_RESP 0x015u
#define GHCB_MSR_VMPL_REQ 0x016u
#define GHCB_MSR_VMPL_RESP 0x017u
#define GHCB_MSR_HV_FEATURES_REQ 0x080u
#define GHCB_MSR_HV_FEATURES_RESP 0x081u
#define GHCB_MSR_TERM_REQ 0x100u

#define GHCB_PROTOCOL_MIN 1u
#define GHCB_PROTOCOL_MAX 2u

/* Hypervisor features, MSR 081[63:12] and NAE 8000FFFD info_2 */
#define GHCB_HV_FT_SNP (1ull << 0)
#define GHCB_HV_FT_AP_CREATION (1ull << 1)
#define GHCB_HV_FT_RESTRICTED_INJECTION (1ull << 2)
#define GHCB_HV_FT_RI_TIMER (1ull << 3)
#define GHCB_HV_FT_APIC_ID_LIST (1ull << 4)
#define GHCB_HV_FT_MULTI_VMPL (1ull << 5)

/* Termination reason sets and codes */
#define GHCB_TERM_SET_GENERAL 0u
#define GHCB_TERM_GENERAL 0u
#define GHCB_TERM_PROTOCOL_RANGE 1u
#define GHCB_TERM_SNP_FEATURES 2u
#define GHCB_TERM_SET_LINUX 1u
#define GHCB_TERM_SET_EVTPM 0xeu /* this project's SVSM and test guests: see docs */

/* NAE events beyond the SVM exit codes of snp.h */
#define GHCB_NAE_MMIO_READ 0x80000001ull
#define GHCB_NAE_MMIO_WRITE 0x80000002ull
#define GHCB_NAE_NMI_COMPLETE 0x80000003ull
#define GHCB_NAE_AP_RESET_HOLD 0x80000004ull
#define GHCB_NAE_AP_JUMP_TABLE 0x80000005ull
#define GHCB_NAE_PSC 0x80000010ull
#define GHCB_NAE_GUEST_REQUEST 0x80000011ull
#define GHCB_NAE_EXT_GUEST_REQUEST 0x80000012ull
#define GHCB_NAE_AP_CREATION 0x80000013ull
#define GHCB_NAE_HV_DOORBELL 0x80000014ull
#define GHCB_NAE_HV_IPI 0x80000015ull
#define GHCB_NAE_HV_TIMER 0x80000016ull
#define GHCB_NAE_APIC_ID_LIST 0x80000017ull
#define GHCB_NAE_RUN_VMPL 0x80000018ull
#define GHCB_NAE_HV_FEATURES 0x8000fffdull
#define GHCB_NAE_TERMINATE 0x8000fffeull
#define GHCB_NAE_UNSUPPORTED 0x8000ffffull

/* sw_exit_info_1[31:0] on return */
#define GHCB_RESULT_OK 0u
#define GHCB_RESULT_EXCEPTION 1u
#define GHCB_RESULT_ERROR 2u
/* sw_exit_info_2 with GHCB_RESULT_ERROR */
#define GHCB_ERR_NOT_REGISTERED 1u
#define GHCB_ERR_INVALID_USAGE 2u
#define GHCB_ERR_INVALID_SCRATCH 3u
#define GHCB_ERR_MISSING_INPUT 4u
#define GHCB_ERR_INVALID_INPUT 5u
#define GHCB_ERR_INVALID_EVENT 6u

/* IOIO sw_exit_info_1 */
#define GHCB_IOIO_IN (1u << 0)
#define GHCB_IOIO_STR (1u << 2)
#define GHCB_IOIO_REP (1u << 3)
#define GHCB_IOIO_SIZE8 (1u << 4)
#define GHCB_IOIO_SIZE16 (1u << 5)
#define GHCB_IOIO_SIZE32 (1u << 6)
#define GHCB_IOIO_PORT_SHIFT 16

/* #HV doorbell page sw_exit_info_1; info_2 is the page's address, all ones: none */
#define GHCB_DOORBELL_PREFERRED 0u
#define GHCB_DOORBELL_SET 1u
#define GHCB_DOORBELL_QUERY 2u
#define GHCB_DOORBELL_CLEAR 3u
#define GHCB_DOORBELL_NONE (~0ull)

/* #HV doorbell page: how a level under restricted injection learns of events */
struct hv_doorbell {
    uint16_t events; /* HV_EVENT_* */
    uint8_t no_eoi_required;
    uint8_t vmpl_events;
    uint8_t rsvd_004[60];
    struct {
        uint32_t status;
        uint32_t irr[7];
        uint32_t isr[8];
    } vmpl[3]; /* alternate injection's interrupts for VMPL1 to VMPL3 */
    uint8_t rsvd_100[4096 - 0x100];
};
EVTPM_SIZE(struct hv_doorbell, 4096);
EVTPM_OFFSET(struct hv_doorbell, vmpl, 0x40);
#define HV_EVENT_VECTOR_MASK 0x00ffu
#define HV_EVENT_NMI 0x0100u
#define HV_EVENT_MC 0x0200u
#define HV_EVENT_NO_FURTHER_SIGNAL 0x8000u

/* #HV IPI sw_exit_info_1: an x2APIC ICR */
#define GHCB_ICR_VECTOR_MASK 0xffu
#define GHCB_ICR_MODE_SHIFT 8
#define GHCB_ICR_MODE_FIXED 0u
#define GHCB_ICR_MODE_NMI 4u
#define GHCB_ICR_LOGICAL (1u << 11)
#define GHCB_ICR_SHORTHAND_SHIFT 18
#define GHCB_ICR_SELF 1u
#define GHCB_ICR_ALL 2u
#define GHCB_ICR_OTHERS 3u

/* AP creation sw_exit_info_1: [15:0] request, [19:16] VMPL, [63:32] APIC id */
#define GHCB_AP_CREATE_ON_INIT 0u
#define GHCB_AP_CREATE 1u
#define GHCB_AP_DESTROY 2u

/* Page state change operations, in MSR 014[55:52] and list entries */
#define GHCB_PSC_PRIVATE 1u
#define GHCB_PSC_SHARED 2u
#define GHCB_PSC_PSMASH 3u
#define GHCB_PSC_UNSMASH 4u

#define GHCB_BUFFER_SIZE 2032

struct ghcb {
    uint8_t rsvd_000[0xcb];
    uint8_t cpl;
    uint8_t rsvd_0cc[0x140 - 0xcc];
    uint64_t xss;
    uint8_t rsvd_148[0x160 - 0x148];
    uint64_t dr7;
    uint8_t rsvd_168[0x178 - 0x168];
    uint64_t rip;
    uint8_t rsvd_180[0x1d8 - 0x180];
    uint64_t rsp;
    uint8_t rsvd_1e0[0x1f8 - 0x1e0];
    uint64_t rax;
    uint8_t rsvd_200[0x308 - 0x200];
    uint64_t rcx, rdx, rbx;
    uint64_t rsvd_320;
    uint64_t rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint8_t rsvd_380[16];
    uint64_t sw_exit_code;
    uint64_t sw_exit_info_1;
    uint64_t sw_exit_info_2;
    uint64_t sw_scratch;
    uint8_t rsvd_3b0[0x3e8 - 0x3b0];
    uint64_t xcr0;
    uint8_t valid_bitmap[16]; /* bit n: the qword at 8 n */
    uint64_t x87_state_gpa;
    uint8_t rsvd_408[0x800 - 0x408];
    uint8_t shared_buffer[GHCB_BUFFER_SIZE];
    uint8_t rsvd_ff0[10];
    uint16_t protocol_version;
    uint32_t ghcb_usage;
};
EVTPM_SIZE(struct ghcb, 4096);
EVTPM_OFFSET(struct ghcb, cpl, 0xcb);
EVTPM_OFFSET(struct ghcb, rax, 0x1f8);
EVTPM_OFFSET(struct ghcb, rcx, 0x308);
EVTPM_OFFSET(struct ghcb, sw_exit_code, 0x390);
EVTPM_OFFSET(struct ghcb, sw_scratch, 0x3a8);
EVTPM_OFFSET(struct ghcb, xcr0, 0x3e8);
EVTPM_OFFSET(struct ghcb, valid_bitmap, 0x3f0);
EVTPM_OFFSET(struct ghcb, shared_buffer, 0x800);
EVTPM_OFFSET(struct ghcb, protocol_version, 0xffa);
EVTPM_OFFSET(struct ghcb, ghcb_usage, 0xffc);

/* Index into valid_bitmap of a field of struct ghcb. */
#define GHCB_VALID_BIT(member) (offsetof(struct ghcb, member) / 8)

struct ghcb_psc_hdr {
    uint16_t cur_entry;
    uint16_t end_entry; /* last index, inclusive */
    uint32_t rsvd_4;
};
EVTPM_SIZE(struct ghcb_psc_hdr, 8);
#define GHCB_PSC_ENTRY_MAX 253
#define GHCB_PSC_CUR_PAGE_MASK 0xfffull
#define GHCB_PSC_GFN_SHIFT 12
#define GHCB_PSC_OP_SHIFT 52
#define GHCB_PSC_LARGE (1ull << 56)

#endif
