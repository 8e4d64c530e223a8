/* SPDX-License-Identifier: MIT */
/* What the IGVM reader's own files share; nothing else includes this. */
#ifndef EVTPM_LIB_IGVM_INTERNAL_H
#define EVTPM_LIB_IGVM_INTERNAL_H

#include "lib/igvm.h"

/* Highest GPA a header may name: 52 physical address bits. */
#define IGVM_GPA_LIMIT (1ull << 52)

#define IGVM_NO_FIELD 0xffu

struct igvm_rule {
    const char *name;
    uint16_t length;      /* exact content length */
    uint8_t mask_at;      /* content offset of the compatibility mask, or IGVM_NO_FIELD */
    uint8_t data_at;      /* content offset of file_offset, or IGVM_NO_FIELD */
};

/* NULL for a type that this reader does not know. `type` without the optional bit. */
const struct igvm_rule *igvm_rule(uint32_t type);

struct igvm_area {
    uint32_t index;
    uint32_t bytes;
    uint32_t inserted; /* compatibility masks it was inserted for */
};

/* An address range (or a VP index) that a platform may name only once. */
struct igvm_range {
    uint64_t start;
    uint64_t end;
    uint32_t mask;
    uint32_t offset; /* of the header */
};

/* State of the one checking pass. */
struct igvm_check {
    const struct igvm_file *file;
    uint32_t all_masks;    /* of the platforms seen */
    uint32_t policy_masks; /* platforms that have a GUEST_POLICY */
    uint32_t id_masks;     /* platforms that have an SNP_ID_BLOCK */
    uint32_t area_count;
    struct igvm_area area[IGVM_AREA_MAX];
    struct igvm_range *range; /* memory that is given contents */
    size_t range_count;
    struct igvm_range *vp; /* VP contexts, start = vp_index */
    size_t vp_count;
};

/* Writes "offset 0x..: NAME: text"; returns -1. */
int igvm_fail(struct evtpm_error *err, const struct igvm_header *h,
              const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Checks the content of one header; lengths and the mask are known to be right. */
int igvm_check_header(struct igvm_check *check, struct igvm_header *h,
                      struct evtpm_error *err);

/* Sorts and refuses overlaps; `what` names the thing in the message. */
int igvm_check_overlaps(const struct igvm_file *file, struct igvm_range *range,
                        size_t count, const char *what,
                        struct evtpm_error *err);

#endif
