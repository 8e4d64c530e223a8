/* SPDX-License-Identifier: MIT */
#include "lib/seal.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/tpm_protect.h"

#define HASH_SIZE 32

void evtpm_sealed_clear(struct evtpm_sealed *s)
{
    evtpm_blob_clear(&s->public);
    evtpm_blob_clear(&s->duplicate);
    evtpm_blob_clear(&s->seed);
}

/* The digest over the selected PCRs' values, in their order */
static int pcr_digest(uint32_t pcrs, const uint8_t values[EVTPM_PCR_COUNT][32],
                      uint8_t out[HASH_SIZE])
{
    gnutls_hash_hd_t hash;
    int rc = 0;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
        return -1;
    }
    for (int i = 0; i < EVTPM_PCR_COUNT; i++) {
        if (pcrs & 1u << i && gnutls_hash(hash, values[i], HASH_SIZE) < 0) {
            rc = -1;
        }
    }
    gnutls_hash_deinit(hash, out);
    return rc;
}

/* Part 3, TPM2_PolicyPCR: H(zeros || TPM_CC_PolicyPCR || selection || digest)
 */
static int pcr_policy(uint32_t pcrs, const uint8_t values[EVTPM_PCR_COUNT][32],
                      TPM2B_DIGEST *policy)
{
    uint8_t bytes[HASH_SIZE + 4 + sizeof(TPML_PCR_SELECTION) + HASH_SIZE] = {
        0
    };
    TPML_PCR_SELECTION selection = { .count = 1 };
    TPMS_PCR_SELECTION *bank = &selection.pcrSelections[0];
    size_t at = HASH_SIZE;

    bank->hash = TPM2_ALG_SHA256;
    bank->sizeofSelect = 3;
    for (int i = 0; i < 3; i++) {
        bank->pcrSelect[i] = (uint8_t)(pcrs >> (8 * i));
    }
    policy->size = HASH_SIZE;
    if (Tss2_MU_UINT32_Marshal(TPM2_CC_PolicyPCR, bytes, sizeof(bytes), &at) ||
        Tss2_MU_TPML_PCR_SELECTION_Marshal(&selection, bytes, sizeof(bytes),
                                           &at) ||
        pcr_digest(pcrs, values, bytes + at) < 0) {
        return -1;
    }
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, at + HASH_SIZE,
                            policy->buffer) < 0
               ? -1
               : 0;
}

/* Part 1, "Sealed Data": `unique` binds the public area to the data. */
static int fill(const struct evtpm_blob *data, TPMT_PUBLIC *public,
                TPM2B_SENSITIVE *sensitive)
{
    uint8_t both[HASH_SIZE + EVTPM_SEALED_MAX];
    TPMT_SENSITIVE *s = &sensitive->sensitiveArea;
    int rc;

    public->type = TPM2_ALG_KEYEDHASH;
    public->nameAlg = TPM2_ALG_SHA256;
    /* Neither fixed, or it could not be imported; no authorization but by
     * policy; its PCRs need no protection against guessing. */
    public->objectAttributes = TPMA_OBJECT_NODA;
    public->parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
    s->sensitiveType = TPM2_ALG_KEYEDHASH;
    s->seedValue.size = HASH_SIZE;
    s->sensitive.bits.size = (UINT16)data->size;
    memcpy(s->sensitive.bits.buffer, data->data, data->size);
    if (gnutls_rnd(GNUTLS_RND_KEY, s->seedValue.buffer, HASH_SIZE) < 0) {
        return -1;
    }
    memcpy(both, s->seedValue.buffer, HASH_SIZE);
    memcpy(both + HASH_SIZE, data->data, data->size);
    public->unique.keyedHash.size = HASH_SIZE;
    rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, both, HASH_SIZE + data->size,
                          public->unique.keyedHash.buffer);
    gnutls_memset(both, 0, sizeof(both));
    return rc < 0 ? -1 : 0;
}

static int put(const struct tpm_protected *p, const TPMT_PUBLIC *public,
               struct evtpm_sealed *out)
{
    uint8_t bytes[sizeof(TPM2B_PUBLIC) + sizeof(TPM2B_PRIVATE)];
    TPM2B_PUBLIC sized = { .publicArea = *public };
    TPM2B_PRIVATE duplicate = { .size = (UINT16)p->blob.size };
    size_t n = 0;

    if (p->blob.size > sizeof(duplicate.buffer) ||
        Tss2_MU_TPM2B_PUBLIC_Marshal(&sized, bytes, sizeof(bytes), &n) ||
        !evtpm_blob_set(&out->public, bytes, n)) {
        return -1;
    }
    n = 0;
    memcpy(duplicate.buffer, p->blob.data, p->blob.size);
    if (Tss2_MU_TPM2B_PRIVATE_Marshal(&duplicate, bytes, sizeof(bytes), &n) ||
        !evtpm_blob_set(&out->duplicate, bytes, n)) {
        return -1;
    }
    n = 0;
    return Tss2_MU_TPM2B_ENCRYPTED_SECRET_Marshal(&p->seed, bytes,
                                                  sizeof(bytes), &n) ||
                   !evtpm_blob_set(&out->seed, bytes, n)
               ? -1
               : 0;
}

static int seal(const TPMT_PUBLIC *parent, const TPMT_PUBLIC *public,
                const TPM2B_SENSITIVE *sensitive, struct evtpm_sealed *out,
                struct evtpm_error *err)
{
    uint8_t plain[sizeof(*sensitive)], name[TPM_NAME_MAX];
    struct evtpm_blob blob = { .data = plain };
    struct evtpm_blob name_blob = { name, tpm_public_name(public, name) };
    struct tpm_protected protected;
    int rc;

    if (name_blob.size == 0 ||
        Tss2_MU_TPM2B_SENSITIVE_Marshal(sensitive, plain, sizeof(plain),
                                        &blob.size)) {
        return evtpm_fail(err, "the data cannot be sealed");
    }
    rc = tpm_protect(parent, "DUPLICATE", &name_blob, &blob, &protected, err);
    gnutls_memset(plain, 0, sizeof(plain));
    if (rc == 0) {
        rc = put(&protected, public, out);
        tpm_protected_clear(&protected);
        if (rc < 0) {
            evtpm_fail(err, "out of memory");
        }
    }
    return rc;
}

int evtpm_seal(const struct evtpm_blob *parent, uint32_t pcrs,
               const uint8_t values[EVTPM_PCR_COUNT][32],
               const struct evtpm_blob *data, struct evtpm_sealed *out,
               struct evtpm_error *err)
{
    TPM2B_SENSITIVE sensitive = { 0 };
    TPMT_PUBLIC key, public = { 0 };
    int rc = -1;

    *out = (struct evtpm_sealed){ 0 };
    if (pcrs == 0 || pcrs >> EVTPM_PCR_COUNT) {
        return evtpm_fail(err, "sealing needs PCRs, of 0 to %d",
                          EVTPM_PCR_COUNT - 1);
    }
    if (data->size == 0 || data->size > EVTPM_SEALED_MAX) {
        return evtpm_fail(err, "1 to %d bytes can be sealed, not %zu",
                          EVTPM_SEALED_MAX, data->size);
    }
    if (tpm_parse_tpm2b_public(parent, &key, err) < 0) {
        return -1;
    }
    if (fill(data, &public, &sensitive) < 0 ||
        pcr_policy(pcrs, values, &public.authPolicy) < 0) {
        evtpm_fail(err, "the data cannot be sealed");
    } else {
        rc = seal(&key, &public, &sensitive, out, err);
    }
    gnutls_memset(&sensitive, 0, sizeof(sensitive));
    if (rc < 0) {
        evtpm_sealed_clear(out);
    }
    return rc;
}
