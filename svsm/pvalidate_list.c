/* SPDX-License-Identifier: MIT */
/* Decoding of PVALIDATE lists (SVSM 58019, core protocol call 1). Compiles on
 * the host too. */
#include "svsm/pvalidate_list.h"

uint64_t pvalidate_list_check(uint64_t gpa,
                              const struct svsm_pvalidate_hdr *hdr)
{
    unsigned offset = (unsigned)(gpa % SNP_PAGE_SIZE);

    if (hdr->entries == 0 || hdr->entries <= hdr->next ||
        hdr->entries > pvalidate_list_room(offset)) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    return SVSM_SUCCESS;
}

uint64_t pvalidate_entry_decode(uint64_t entry, struct pvalidate_op *op)
{
    uint64_t size = entry & SVSM_PVALIDATE_SIZE_MASK;

    if (size > 1 || (entry & SVSM_PVALIDATE_RSVD_MASK)) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    *op = (struct pvalidate_op){
        .gpa = entry & ~(uint64_t)(SNP_PAGE_SIZE - 1),
        .size = size ? SNP_LARGE_PAGE_SIZE : SNP_PAGE_SIZE,
        .large = size == 1,
        .validate = entry & SVSM_PVALIDATE_VALIDATE,
        .ignore_unchanged = entry & SVSM_PVALIDATE_IGNORE_CF,
    };
    if (op->gpa % op->size) {
        return SVSM_ERR_INVALID_PARAMETER;
    }
    return SVSM_SUCCESS;
}

uint64_t pvalidate_result(uint32_t result, bool changed,
                          const struct pvalidate_op *op)
{
    if (result != SNP_OK) {
        return SVSM_ERR_PROTOCOL_BASE + result;
    }
    if (!changed && !op->ignore_unchanged) {
        return SVSM_ERR_PVALIDATE_UNCHANGED;
    }
    return SVSM_SUCCESS;
}
