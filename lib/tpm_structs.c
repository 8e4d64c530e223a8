/* SPDX-License-Identifier: MIT */
/* Decoding TPM structures. */
#include "lib/tpm_structs.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

/*
 * tss2-mu writes several lines to the standard error for one bad byte; what
 * went wrong is said once, by us. Before main(), because the environment is not
 * safe to change later.
 */
__attribute__((constructor)) static void quiet_marshalling(void)
{
    setenv("TSS2_LOG", "marshal+none", 0);
}

static int whole(TSS2_RC rc, size_t used, const struct evtpm_blob *blob,
                 const char *what, struct evtpm_error *err)
{
    if (blob->size == 0) {
        return evtpm_fail(err, "%s is missing", what);
    }
    if (rc != TSS2_RC_SUCCESS) {
        return evtpm_fail(err, "%s is malformed", what);
    }
    if (used != blob->size) {
        return evtpm_fail(err, "%s has %zu bytes too many", what,
                          blob->size - used);
    }
    return 0;
}

int tpm_parse_tpm2b_public(const struct evtpm_blob *blob, TPMT_PUBLIC *out,
                           struct evtpm_error *err)
{
    TPM2B_PUBLIC sized = { 0 };
    size_t used = 0;
    TSS2_RC rc = blob->size ? Tss2_MU_TPM2B_PUBLIC_Unmarshal(
                                  blob->data, blob->size, &used, &sized)
                            : TSS2_RC_SUCCESS;

    *out = sized.publicArea;
    if (whole(rc, used, blob, "TPM2B_PUBLIC", err) < 0) {
        return -1;
    }
    /* tss2-mu reads the size and does not compare it. */
    return ((size_t)blob->data[0] << 8 | blob->data[1]) == blob->size - 2
               ? 0
               : evtpm_fail(err, "TPM2B_PUBLIC is not of the size it says");
}

int tpm_parse_tpmt_public(const struct evtpm_blob *blob, TPMT_PUBLIC *out,
                          struct evtpm_error *err)
{
    size_t used = 0;
    TSS2_RC rc = TSS2_RC_SUCCESS;

    memset(out, 0, sizeof(*out));
    if (blob->size) {
        rc = Tss2_MU_TPMT_PUBLIC_Unmarshal(blob->data, blob->size, &used, out);
    }
    return whole(rc, used, blob, "TPMT_PUBLIC", err);
}

int tpm_parse_attest(const struct evtpm_blob *blob, TPMS_ATTEST *out,
                     struct evtpm_error *err)
{
    size_t used = 0;
    TSS2_RC rc = TSS2_RC_SUCCESS;

    memset(out, 0, sizeof(*out));
    if (blob->size) {
        rc = Tss2_MU_TPMS_ATTEST_Unmarshal(blob->data, blob->size, &used, out);
    }
    return whole(rc, used, blob, "TPMS_ATTEST", err);
}

int tpm_parse_signature(const struct evtpm_blob *blob, TPMT_SIGNATURE *out,
                        struct evtpm_error *err)
{
    size_t used = 0;
    TSS2_RC rc = TSS2_RC_SUCCESS;

    memset(out, 0, sizeof(*out));
    if (blob->size) {
        rc = Tss2_MU_TPMT_SIGNATURE_Unmarshal(blob->data, blob->size, &used,
                                              out);
    }
    return whole(rc, used, blob, "TPMT_SIGNATURE", err);
}

gnutls_digest_algorithm_t tpm_hash_algorithm(TPMI_ALG_HASH alg)
{
    switch (alg) {
    case TPM2_ALG_SHA256:
        return GNUTLS_DIG_SHA256;
    case TPM2_ALG_SHA384:
        return GNUTLS_DIG_SHA384;
    case TPM2_ALG_SHA512:
        return GNUTLS_DIG_SHA512;
    default: /* SHA-1 included: no signature or name rests on it here */
        return GNUTLS_DIG_UNKNOWN;
    }
}

size_t tpm_public_name(const TPMT_PUBLIC *public, uint8_t name[TPM_NAME_MAX])
{
    gnutls_digest_algorithm_t hash = tpm_hash_algorithm(public->nameAlg);
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    size_t used = 0;

    if (hash == GNUTLS_DIG_UNKNOWN ||
        Tss2_MU_TPMT_PUBLIC_Marshal(public, bytes, sizeof(bytes), &used) !=
            TSS2_RC_SUCCESS ||
        gnutls_hash_fast(hash, bytes, used, name + 2) < 0) {
        return 0;
    }
    name[0] = (uint8_t)(public->nameAlg >> 8);
    name[1] = (uint8_t) public->nameAlg;
    return 2 + gnutls_hash_get_len(hash);
}

char *tpm_attributes_format(TPMA_OBJECT attributes, char *out, size_t size)
{
    static const struct {
        TPMA_OBJECT bit;
        const char *name;
    } bits[] = {
        { TPMA_OBJECT_FIXEDTPM, "fixedtpm" },
        { TPMA_OBJECT_STCLEAR, "stclear" },
        { TPMA_OBJECT_FIXEDPARENT, "fixedparent" },
        { TPMA_OBJECT_SENSITIVEDATAORIGIN, "sensitivedataorigin" },
        { TPMA_OBJECT_USERWITHAUTH, "userwithauth" },
        { TPMA_OBJECT_ADMINWITHPOLICY, "adminwithpolicy" },
        { TPMA_OBJECT_NODA, "noda" },
        { TPMA_OBJECT_ENCRYPTEDDUPLICATION, "encryptedduplication" },
        { TPMA_OBJECT_RESTRICTED, "restricted" },
        { TPMA_OBJECT_DECRYPT, "decrypt" },
        { TPMA_OBJECT_SIGN_ENCRYPT, "sign" },
    };
    size_t used = 0;

    if (size) {
        out[0] = '\0';
    }
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        if (attributes & bits[i].bit && used < size) {
            int n = snprintf(out + used, size - used, "%s%s", used ? "|" : "",
                             bits[i].name);

            used += n > 0 ? (size_t)n : 0;
        }
    }
    return out;
}
