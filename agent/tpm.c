/* SPDX-License-Identifier: MIT */
#include "agent/tpm.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

int tpm_fail(struct evtpm_error *err, const char *what, TSS2_RC rc)
{
    return evtpm_fail(err, "%s: %s", what, Tss2_RC_Decode(rc));
}

int tpm_open(struct tpm *tpm, const char *tcti, struct evtpm_error *err)
{
    TSS2_RC rc;

    *tpm = (struct tpm){ 0 };
    rc = Tss2_TctiLdr_Initialize(tcti, &tpm->tcti);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
    }
    if (rc != TSS2_RC_SUCCESS) {
        tpm_close(tpm);
        return evtpm_fail(err, "no TPM at %s: %s", tcti, Tss2_RC_Decode(rc));
    }
    return 0;
}

void tpm_close(struct tpm *tpm)
{
    if (tpm->esys) {
        Esys_Finalize(&tpm->esys);
    }
    if (tpm->tcti) {
        Tss2_TctiLdr_Finalize(&tpm->tcti);
    }
}

void tpm_flush(struct tpm *tpm, ESYS_TR *handle)
{
    if (*handle != ESYS_TR_NONE) {
        Esys_FlushContext(tpm->esys, *handle);
        *handle = ESYS_TR_NONE;
    }
}
