/* SPDX-License-Identifier: MIT */
/* Compile-time checks shared by every ABI header: a layout is asserted, never assumed. */
#ifndef EVTPM_ABI_H
#define EVTPM_ABI_H

#include <stddef.h>
#include <stdint.h>

#define EVTPM_SIZE(type, size) \
    _Static_assert(sizeof(type) == (size), #type " has the wrong size")
#define EVTPM_OFFSET(type, member, offset)            \
    _Static_assert(offsetof(type, member) == (offset), \
                   #type "." #member " is misplaced")

#define EVTPM_PACKED __attribute__((packed))

/* A GUID in the mixed-endian layout of UEFI, as SVSM manifests and OVMF tables carry it. */
struct evtpm_guid {
    uint32_t a;
    uint16_t b;
    uint16_t c;
    uint8_t d[8];
};
EVTPM_SIZE(struct evtpm_guid, 16);

#define SNP_PAGE_SIZE 4096u
#define SNP_PAGE_SHIFT 12
#define SNP_LARGE_PAGE_SIZE 0x200000u

#endif
