/* SPDX-License-Identifier: MIT */
/*
 * The AMD secure processor as its Linux driver gives it to user space:
 * /dev/sev. Structures of AMD 56860, section 8 (SNP_PLATFORM_STATUS), and of
 * Linux' include/uapi/linux/psp-sev.h.
 */
#ifndef EVTPM_PSP_H
#define EVTPM_PSP_H

#include <stddef.h>
#include <stdint.h>

/* Argument of SEV_ISSUE_CMD, ioctl 'S' 0, read and write. */
struct psp_issue_cmd {
    uint32_t cmd;
    uint64_t data;  /* address of the command's structure */
    uint32_t error; /* of the firmware */
} __attribute__((packed));
_Static_assert(sizeof(struct psp_issue_cmd) == 16, "psp_issue_cmd");

#define PSP_SNP_PLATFORM_STATUS 9

struct psp_snp_status {
    uint8_t api_major;
    uint8_t api_minor;
    uint8_t state;
    uint8_t rmp; /* bit 0: initialized */
    uint32_t build;
    uint32_t flags;
    uint32_t guests;
    uint8_t current_tcb[8];
    uint8_t reported_tcb[8];
};
_Static_assert(sizeof(struct psp_snp_status) == 32, "psp_snp_status");
_Static_assert(offsetof(struct psp_snp_status, build) == 4, "build");
_Static_assert(offsetof(struct psp_snp_status, flags) == 8, "flags");
_Static_assert(offsetof(struct psp_snp_status, guests) == 12, "guests");
_Static_assert(offsetof(struct psp_snp_status, current_tcb) == 16, "tcb");
_Static_assert(offsetof(struct psp_snp_status, reported_tcb) == 24, "tcb");

#define PSP_SNP_STATE_INIT 1

#define PSP_SNP_RMP_INITIALIZED 0x1

#define PSP_SNP_MASK_CHIP_ID 0x1  /* reports have no chip id */
#define PSP_SNP_MASK_CHIP_KEY 0x2 /* reports are not signed */
#define PSP_SNP_VLEK 0x4          /* a VLEK is loaded */

/* The oldest that Linux' host support takes. */
#define PSP_SNP_API_MAJOR 1
#define PSP_SNP_API_MINOR 51

#endif
