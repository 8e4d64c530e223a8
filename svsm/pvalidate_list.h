/* SPDX-License-Identifier: MIT */
/* The list that the core protocol's PVALIDATE call carries. */
#ifndef SVSM_PVALIDATE_LIST_H
#define SVSM_PVALIDATE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "evtpm/snp.h"
#include "evtpm/svsm.h"

/* Entries that fit behind the header at offset @offset of a page. */
static inline unsigned pvalidate_list_room(unsigned offset)
{
    return (SNP_PAGE_SIZE - offset -
            (unsigned)sizeof(struct svsm_pvalidate_hdr)) /
           (unsigned)sizeof(uint64_t);
}

/* Is a list with this header at @gpa one to work on? SVSM_SUCCESS or the error.
 */
uint64_t pvalidate_list_check(uint64_t gpa,
                              const struct svsm_pvalidate_hdr *hdr);

/* Memory that one call works on before it answers SVSM_ERR_INCOMPLETE. */
#define PVALIDATE_CALL_MAX (16ull * SNP_LARGE_PAGE_SIZE)

/* Bytes that a good entry names. */
static inline uint64_t pvalidate_entry_size(uint64_t entry)
{
    return entry & SVSM_PVALIDATE_SIZE_MASK ? SNP_LARGE_PAGE_SIZE
                                            : SNP_PAGE_SIZE;
}

struct pvalidate_op {
    uint64_t gpa;
    uint64_t size;
    bool large;
    bool validate;
    bool ignore_unchanged;
};

/* Decodes one entry; SVSM_SUCCESS or SVSM_ERR_INVALID_PARAMETER. */
uint64_t pvalidate_entry_decode(uint64_t entry, struct pvalidate_op *op);

/* Result code for what PVALIDATE returned. */
uint64_t pvalidate_result(uint32_t result, bool changed,
                          const struct pvalidate_op *op);

#endif
