/* SPDX-License-Identifier: MIT */
#include "agent/sealed.h"

#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_mu.h>

#include "agent/keys.h"
#include "lib/evidence.h"

/* Decoded */
struct object {
    TPM2B_PUBLIC public;
    TPM2B_PRIVATE duplicate;
    TPM2B_ENCRYPTED_SECRET seed;
    TPML_PCR_SELECTION pcrs;
};

static int parse_pcrs(const char *text, TPML_PCR_SELECTION *out)
{
    TPMS_PCR_SELECTION *bank = &out->pcrSelections[0];
    char *end = (char *)text;

    out->count = 1;
    bank->hash = TPM2_ALG_SHA256;
    bank->sizeofSelect = EVTPM_PCR_COUNT / 8;
    do {
        const char *from = end;
        unsigned long n = strtoul(from, &end, 10);

        if (end == from || *from < '0' || *from > '9' || n >= EVTPM_PCR_COUNT) {
            return -1;
        }
        bank->pcrSelect[n / 8] |= (BYTE)(1u << n % 8);
    } while (*end++ == ',');
    return end[-1] == '\0' ? 0 : -1;
}

static int parse(const struct sealed *s, struct object *o,
                 struct evtpm_error *err)
{
    size_t n = 0, m = 0, k = 0;

    *o = (struct object){ 0 };
    if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(s->public.data, s->public.size, &n,
                                       &o->public) ||
        Tss2_MU_TPM2B_PRIVATE_Unmarshal(s->duplicate.data, s->duplicate.size,
                                        &m, &o->duplicate) ||
        Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(s->seed.data, s->seed.size, &k,
                                                 &o->seed) ||
        n != s->public.size || m != s->duplicate.size || k != s->seed.size ||
        parse_pcrs(s->pcrs, &o->pcrs) < 0) {
        return evtpm_fail(err, "the sealed object is malformed");
    }
    return 0;
}

/* The session serves one command by the EK, and ends with it. */
static int import(struct tpm *tpm, ESYS_TR ek, const struct object *o,
                  TPM2B_PRIVATE **private, struct evtpm_error *err)
{
    const TPMT_SYM_DEF_OBJECT no_inner_wrap = { .algorithm = TPM2_ALG_NULL };
    const TPM2B_DATA no_key = { 0 };
    ESYS_TR session = ESYS_TR_NONE;
    TSS2_RC rc;

    if (keys_ek_session(tpm, &session, err) < 0) {
        tpm_flush(tpm, &session);
        return -1;
    }
    rc = Esys_Import(tpm->esys, ek, session, ESYS_TR_NONE, ESYS_TR_NONE,
                     &no_key, &o->public, &o->duplicate, &o->seed,
                     &no_inner_wrap, private);
    if (rc != TSS2_RC_SUCCESS) {
        tpm_flush(tpm, &session);
        return tpm_fail(err, "tpm2_import", rc);
    }
    return 0;
}

static int load(struct tpm *tpm, ESYS_TR ek, const struct object *o,
                const TPM2B_PRIVATE *private, ESYS_TR *loaded,
                struct evtpm_error *err)
{
    ESYS_TR session = ESYS_TR_NONE;
    TSS2_RC rc;

    if (keys_ek_session(tpm, &session, err) < 0) {
        tpm_flush(tpm, &session);
        return -1;
    }
    rc = Esys_Load(tpm->esys, ek, session, ESYS_TR_NONE, ESYS_TR_NONE, private,
                   &o->public, loaded);
    if (rc != TSS2_RC_SUCCESS) {
        *loaded = ESYS_TR_NONE;
        tpm_flush(tpm, &session);
        return tpm_fail(err, "tpm2_load", rc);
    }
    return 0;
}

static int unseal(struct tpm *tpm, ESYS_TR loaded, const struct object *o,
                  struct evtpm_blob *data, struct evtpm_error *err)
{
    const TPM2B_DIGEST current = { 0 };
    TPM2B_SENSITIVE_DATA *out = NULL;
    ESYS_TR session = ESYS_TR_NONE;
    bool copied;
    TSS2_RC rc;

    if (keys_policy_session(tpm, &session, err) < 0) {
        tpm_flush(tpm, &session);
        return -1;
    }
    rc = Esys_PolicyPCR(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
                        ESYS_TR_NONE, &current, &o->pcrs);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_Unseal(tpm->esys, loaded, session, ESYS_TR_NONE, ESYS_TR_NONE,
                         &out);
    }
    if (rc != TSS2_RC_SUCCESS) {
        tpm_flush(tpm, &session);
        return tpm_fail(err, "tpm2_unseal", rc);
    }
    copied = evtpm_blob_set(data, out->buffer, out->size);
    Esys_Free(out);
    return copied ? 0 : evtpm_fail(err, "out of memory");
}

int sealed_open(struct tpm *tpm, const char *state, const struct sealed *sealed,
                struct evtpm_blob *data, struct evtpm_error *err)
{
    ESYS_TR ek = ESYS_TR_NONE, loaded = ESYS_TR_NONE;
    TPM2B_PRIVATE *private = NULL;
    struct object object;
    int rc = parse(sealed, &object, err);

    if (rc == 0) {
        rc = keys_load_ek(tpm, state, &ek, err);
    }
    if (rc == 0) {
        rc = import(tpm, ek, &object, &private, err);
    }
    if (rc == 0) {
        rc = load(tpm, ek, &object, private, &loaded, err);
    }
    Esys_Free(private);
    tpm_flush(tpm, &ek);
    if (rc == 0) {
        rc = unseal(tpm, loaded, &object, data, err);
    }
    tpm_flush(tpm, &loaded);
    return rc;
}
