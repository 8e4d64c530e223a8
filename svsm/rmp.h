/* SPDX-License-Identifier: MIT */
/* PVALIDATE and RMPADJUST (APM vol. 3); a fault at them reads as
 * SNP_FAIL_INPUT. */
#ifndef SVSM_RMP_H
#define SVSM_RMP_H

#include <stdbool.h>
#include <stdint.h>

/* SNP_OK or SNP_FAIL_*; @changed (with SNP_OK): the page was not in that state
 * before. */
uint32_t rmp_pvalidate(uint64_t va, bool large, bool validate, bool *changed);

/* Permissions (RMP_PERM_*) of @vmpl; @vmsa marks a VMSA page. */
uint32_t rmp_adjust(uint64_t va, bool large, unsigned vmpl, unsigned perms,
                    bool vmsa);

/* Validates pages of the SVSM that are mapped at @va; fatal() on failure. */
void rmp_validate_own(uint64_t va, uint64_t size);

#endif
