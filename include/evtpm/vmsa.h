/* SPDX-License-Identifier: MIT */
/* VMSA, the save area of an SEV-ES/SNP vCPU: APM vol. 2 appendix B table B-4; Linux struct sev_es_save_area. */
#ifndef EVTPM_VMSA_H
#define EVTPM_VMSA_H

#include "evtpm/abi.h"

/* attrib: type [3:0], S 4, DPL [6:5], P 7, AVL 8, L 9, D/B 10, G 11 */
struct vmsa_seg {
    uint16_t selector;
    uint16_t attrib;
    uint32_t limit;
    uint64_t base;
};
EVTPM_SIZE(struct vmsa_seg, 16);

struct vmsa {
    struct vmsa_seg es, cs, ss, ds, fs, gs;
    struct vmsa_seg gdtr, ldtr, idtr, tr;
    uint64_t pl_ssp[4];
    uint64_t u_cet;
    uint8_t rsvd_0c8[2];
    uint8_t vmpl;
    uint8_t cpl;
    uint8_t rsvd_0cc[4];
    uint64_t efer;
    uint8_t rsvd_0d8[104];
    uint64_t xss;
    uint64_t cr4, cr3, cr0;
    uint64_t dr7, dr6;
    uint64_t rflags;
    uint64_t rip;
    uint64_t dr[4];
    uint64_t dr_mask[4];
    uint8_t rsvd_1c0[24];
    uint64_t rsp;
    uint64_t s_cet, ssp, isst_addr;
    uint64_t rax;
    uint64_t star, lstar, cstar, sfmask;
    uint64_t kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t cr2;
    uint8_t rsvd_248[32];
    uint64_t g_pat;
    uint64_t dbgctl;
    uint64_t br_from, br_to;
    uint64_t last_excp_from, last_excp_to;
    uint8_t rsvd_298[72];
    uint64_t spec_ctrl;
    uint32_t pkru;
    uint32_t tsc_aux;
    uint64_t tsc_scale, tsc_offset;
    uint64_t reg_prot_nonce;
    uint64_t rcx, rdx, rbx;
    uint64_t rsvd_320;
    uint64_t rbp, rsi, rdi;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint8_t rsvd_380[16];
    uint64_t guest_exit_info_1;
    uint64_t guest_exit_info_2;
    uint64_t guest_exit_int_info;
    uint64_t guest_nrip;
    uint64_t sev_features;
    uint64_t vintr_ctrl;
    uint64_t guest_exit_code;
    uint64_t virtual_tom;
    uint64_t tlb_id;
    uint64_t pcpu_id;
    uint64_t event_inj;
    uint64_t xcr0;
    uint8_t rsvd_3f0[16];
    uint64_t x87_dp;
    uint32_t mxcsr;
    uint16_t x87_ftw; /* full two-bit tag word */
    uint16_t x87_fsw;
    uint16_t x87_fcw;
    uint16_t x87_fop;
    uint16_t x87_ds;
    uint16_t x87_cs;
    uint64_t x87_rip;
    uint8_t x87_regs[80]; /* 8 x 8 low bytes, then 8 x 2 high bytes */
    uint8_t xmm[256];
    uint8_t ymm_high[256];
    uint8_t rsvd_670[4096 - 0x670];
};
EVTPM_SIZE(struct vmsa, 4096);
EVTPM_OFFSET(struct vmsa, gdtr, 0x60);
EVTPM_OFFSET(struct vmsa, tr, 0x90);
EVTPM_OFFSET(struct vmsa, vmpl, 0xca);
EVTPM_OFFSET(struct vmsa, cpl, 0xcb);
EVTPM_OFFSET(struct vmsa, efer, 0xd0);
EVTPM_OFFSET(struct vmsa, xss, 0x140);
EVTPM_OFFSET(struct vmsa, cr0, 0x158);
EVTPM_OFFSET(struct vmsa, rflags, 0x170);
EVTPM_OFFSET(struct vmsa, rip, 0x178);
EVTPM_OFFSET(struct vmsa, dr, 0x180);
EVTPM_OFFSET(struct vmsa, rsp, 0x1d8);
EVTPM_OFFSET(struct vmsa, rax, 0x1f8);
EVTPM_OFFSET(struct vmsa, star, 0x200);
EVTPM_OFFSET(struct vmsa, kernel_gs_base, 0x220);
EVTPM_OFFSET(struct vmsa, cr2, 0x240);
EVTPM_OFFSET(struct vmsa, g_pat, 0x268);
EVTPM_OFFSET(struct vmsa, spec_ctrl, 0x2e0);
EVTPM_OFFSET(struct vmsa, tsc_scale, 0x2f0);
EVTPM_OFFSET(struct vmsa, rcx, 0x308);
EVTPM_OFFSET(struct vmsa, rbp, 0x328);
EVTPM_OFFSET(struct vmsa, r8, 0x340);
EVTPM_OFFSET(struct vmsa, guest_exit_info_1, 0x390);
EVTPM_OFFSET(struct vmsa, sev_features, 0x3b0);
EVTPM_OFFSET(struct vmsa, guest_exit_code, 0x3c0);
EVTPM_OFFSET(struct vmsa, pcpu_id, 0x3d8);
EVTPM_OFFSET(struct vmsa, xcr0, 0x3e8);
EVTPM_OFFSET(struct vmsa, x87_dp, 0x400);
EVTPM_OFFSET(struct vmsa, mxcsr, 0x408);
EVTPM_OFFSET(struct vmsa, x87_ftw, 0x40c);
EVTPM_OFFSET(struct vmsa, x87_rip, 0x418);
EVTPM_OFFSET(struct vmsa, x87_regs, 0x420);
EVTPM_OFFSET(struct vmsa, xmm, 0x470);
EVTPM_OFFSET(struct vmsa, ymm_high, 0x570);

#define VMSA_EFER_SVME (1ull << 12)
#define VMSA_VINTR_BUSY (1ull << 63)

#endif
