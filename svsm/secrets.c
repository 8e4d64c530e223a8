/* SPDX-License-Identifier: MIT */
/* Secrets page filter. With VMPCK n a guest could speak to the AMD-SP as VMPL
 * n, that is, forge the SVSM's reports: it gets its own key and those below.
 * Compiles on the host too. */
#include "svsm/secrets.h"

#include <string.h>

void secrets_for_guest(struct snp_secrets_page *to,
                       const struct snp_secrets_page *from,
                       const struct secrets_svsm *svsm)
{
    memcpy(to, from, sizeof(*to));
    for (unsigned i = 0; i < SNP_VMPL_COUNT && i < svsm->guest_vmpl; i++) {
        memset(to->vmpck[i], 0, sizeof(to->vmpck[i]));
        to->msg_seqno[i] = 0;
    }
    to->svsm_base = svsm->base;
    to->svsm_size = svsm->size;
    to->svsm_caa = svsm->caa;
    to->svsm_max_version = 1;
    to->svsm_guest_vmpl = (uint8_t)svsm->guest_vmpl;
}
