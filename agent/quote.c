/* SPDX-License-Identifier: MIT */
#include "agent/quote.h"

#include <string.h>

#include <openssl/sha.h>
#include <tss2/tss2_mu.h>

#include "agent/keys.h"

/* All that boot and the operating system measure, and the application's PCR:
 * 0 to 15 and 23, as three octets (TPMS_PCR_SELECTION). */
#define QUOTED                                                                 \
    {                                                                          \
        0xff, 0xff, 0x80                                                       \
    }
#define ATTEMPTS 5
#define PCRS_A_COMMAND 8 /* TPML_DIGEST holds no more */

static const TPML_PCR_SELECTION quoted = {
    .count = 1,
    .pcrSelections = { { .hash = TPM2_ALG_SHA256,
                         .sizeofSelect = 3,
                         .pcrSelect = QUOTED } },
};

static bool is_quoted(unsigned int pcr)
{
    return quoted.pcrSelections[0].pcrSelect[pcr / 8] >> (pcr % 8) & 1;
}

/* PCRs 8 * octet to 8 * octet + 7 */
static int read_pcrs(struct tpm *tpm, unsigned int octet,
                     struct evtpm_evidence *e, struct evtpm_error *err)
{
    TPML_PCR_SELECTION wanted = {
        .count = 1,
        .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3 } },
    };
    TPML_DIGEST *values = NULL;
    TSS2_RC rc;
    int result = 0;

    wanted.pcrSelections[0].pcrSelect[octet] = 0xff;
    rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                       &wanted, NULL, NULL, &values);
    if (rc != TSS2_RC_SUCCESS) {
        return tpm_fail(err, "tpm2_pcrread", rc);
    }
    for (UINT32 i = 0; i < PCRS_A_COMMAND; i++) {
        unsigned int pcr = PCRS_A_COMMAND * octet + i;

        if (values->count != PCRS_A_COMMAND ||
            values->digests[i].size != sizeof(e->pcr[pcr])) {
            result = evtpm_fail(err, "the TPM has no sha256 PCRs");
            break;
        }
        memcpy(e->pcr[pcr], values->digests[i].buffer, sizeof(e->pcr[pcr]));
        e->pcr_mask |= 1u << pcr;
    }
    Esys_Free(values);
    return result;
}

/* What a quote over these PCRs contains (TPM 2.0 part 1, "Quoting") */
static void digest_pcrs(const struct evtpm_evidence *e, uint8_t digest[32])
{
    uint8_t all[sizeof(e->pcr)];
    size_t size = 0;

    for (unsigned int pcr = 0; pcr < EVTPM_PCR_COUNT; pcr++) {
        if (is_quoted(pcr)) {
            memcpy(all + size, e->pcr[pcr], sizeof(e->pcr[pcr]));
            size += sizeof(e->pcr[pcr]);
        }
    }
    SHA256(all, size, digest);
}

static int keep(struct evtpm_evidence *e, const TPM2B_ATTEST *attest,
                const TPMT_SIGNATURE *signature, struct evtpm_error *err)
{
    uint8_t bytes[sizeof(*signature)];
    size_t size = 0;

    if (Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof(bytes),
                                       &size) != TSS2_RC_SUCCESS) {
        return evtpm_fail(err, "the TPM made a malformed signature");
    }
    if (!evtpm_blob_set(&e->quote_signature, bytes, size) ||
        !evtpm_blob_set(&e->quote_attest, attest->attestationData,
                        attest->size)) {
        return evtpm_fail(err, "out of memory");
    }
    return 0;
}

static int quote(struct tpm *tpm, ESYS_TR ak, struct evtpm_evidence *e,
                 struct evtpm_error *err)
{
    const TPMT_SIG_SCHEME by_key = { .scheme = TPM2_ALG_NULL };
    TPM2B_DATA qualifier = { .size = SHA256_DIGEST_LENGTH };
    TPM2B_ATTEST *attest = NULL;
    TPMT_SIGNATURE *signature = NULL;
    TSS2_RC rc;
    int result;

    SHA256(e->nonce.data, e->nonce.size, qualifier.buffer);
    rc = Esys_Quote(tpm->esys, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                    &qualifier, &by_key, &quoted, &attest, &signature);
    if (rc != TSS2_RC_SUCCESS) {
        return tpm_fail(err, "tpm2_quote", rc);
    }
    result = keep(e, attest, signature, err);
    Esys_Free(attest);
    Esys_Free(signature);
    return result;
}

/* Did the PCRs that were read after the quote already stand when it was made?
 */
static bool same_pcrs(const struct evtpm_evidence *e)
{
    TPMS_ATTEST attest = { 0 };
    uint8_t digest[32];

    if (Tss2_MU_TPMS_ATTEST_Unmarshal(e->quote_attest.data,
                                      e->quote_attest.size, NULL,
                                      &attest) != TSS2_RC_SUCCESS ||
        attest.type != TPM2_ST_ATTEST_QUOTE) {
        return false;
    }
    digest_pcrs(e, digest);
    return attest.attested.quote.pcrDigest.size == sizeof(digest) &&
           memcmp(attest.attested.quote.pcrDigest.buffer, digest,
                  sizeof(digest)) == 0;
}

static int attempt(struct tpm *tpm, const char *state, ESYS_TR *ak,
                   struct evtpm_evidence *e, struct evtpm_error *err)
{
    int rc = 0;

    if (*ak == ESYS_TR_NONE) {
        rc = keys_load_ak(tpm, state, ak, err);
    }
    if (rc == 0) {
        rc = quote(tpm, *ak, e, err);
    }
    tpm_flush(tpm, ak);
    for (unsigned int octet = 0; rc == 0 && octet < 3; octet++) {
        rc = read_pcrs(tpm, octet, e, err);
    }
    return rc;
}

int quote_make(struct tpm *tpm, const char *state, ESYS_TR *ak,
               struct evtpm_evidence *evidence, struct evtpm_error *err)
{
    /* IMA may measure programs that run for the first time. */
    for (int i = 0; i < ATTEMPTS; i++) {
        if (attempt(tpm, state, ak, evidence, err) < 0) {
            return -1;
        }
        if (same_pcrs(evidence)) {
            return 0;
        }
    }
    return evtpm_fail(err, "the PCRs do not stop changing");
}
