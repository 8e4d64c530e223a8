/* SPDX-License-Identifier: MIT */
/* Links from the manifest's EK over the AK to the quote. */
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/verify_priv.h"

void link_ek(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *manifest = &v->evidence->manifest;
    const struct evtpm_blob *ek = &v->evidence->ek_public;

    if (!v->has_ek) {
        link_skip(r, "the manifest is unreadable");
        return;
    }
    if (ek->size >= 2) {
        link_values(r, ek->data + 2, ek->size - 2, manifest->data,
                    manifest->size);
    }
    /* TPM2B_PUBLIC is the manifest's TPMT_PUBLIC after its size. */
    if (ek->size != manifest->size + 2 ||
        ((size_t)ek->data[0] << 8 | ek->data[1]) != manifest->size) {
        link_fail(r,
                  "the TPM's EK (%zu bytes) is not the manifest's (%zu bytes)",
                  ek->size, manifest->size);
        return;
    }
    if (memcmp(ek->data + 2, manifest->data, manifest->size) != 0) {
        uint8_t a[32], b[32];

        gnutls_hash_fast(GNUTLS_DIG_SHA256, ek->data + 2, ek->size - 2, a);
        gnutls_hash_fast(GNUTLS_DIG_SHA256, manifest->data, manifest->size, b);
        link_fail_bytes(r, "the TPM's EK is not the manifest's: SHA-256", a, 32,
                        b, 32);
        return;
    }
    link_pass(r, "equal, byte for byte");
}

/* All of `wanted`, none of `unwanted`. */
static bool check_attributes(struct evtpm_link_result *r, const char *key,
                             TPMA_OBJECT seen, TPMA_OBJECT wanted,
                             TPMA_OBJECT unwanted)
{
    char have[160], want[160], not [160];

    tpm_attributes_format(seen, have, sizeof(have));
    tpm_attributes_format(wanted, want, sizeof(want));
    tpm_attributes_format(unwanted, not, sizeof(not ));
    link_seen(r, "%s", have);
    link_wanted(r, "%s without %s", want, not );
    if ((seen & wanted) == wanted && !(seen & unwanted)) {
        return true;
    }
    link_fail(r, "%s: seen %s, wanted %s without %s", key, have, want, not );
    return false;
}

void link_ek_attributes(struct verification *v, struct evtpm_link_result *r)
{
    struct evtpm_error err;
    gnutls_pubkey_t key;

    if (!v->has_ek) {
        link_skip(r, "the manifest is unreadable");
        return;
    }
    if (!check_attributes(r, "EK", v->ek.objectAttributes,
                          TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                              TPMA_OBJECT_SENSITIVEDATAORIGIN |
                              TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
                          TPMA_OBJECT_SIGN_ENCRYPT)) {
        return;
    }
    key = tpm_public_import(&v->ek, &err);
    if (!key) {
        link_fail(r, "EK: %s", err.text);
        return;
    }
    gnutls_pubkey_deinit(key);
    link_pass(r, "restricted decryption key, fixed to its TPM");
}

void link_ak_attributes(struct verification *v, struct evtpm_link_result *r)
{
    if (!v->has_ak) {
        link_skip(r, "the AK is unreadable");
        return;
    }
    if (!check_attributes(r, "AK", v->ak.objectAttributes,
                          TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                              TPMA_OBJECT_SENSITIVEDATAORIGIN |
                              TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
                          TPMA_OBJECT_DECRYPT)) {
        return;
    }
    link_pass(r, "restricted signing key, fixed to its TPM");
}

void link_ak_name(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *seen = &v->evidence->ak_name;
    uint8_t name[TPM_NAME_MAX];
    size_t size;
    char hex[2 * TPM_NAME_MAX + 1];

    if (!v->has_ak) {
        link_skip(r, "the AK is unreadable");
        return;
    }
    size = tpm_public_name(&v->ak, name);
    if (size == 0) {
        link_fail(r, "AK: name algorithm %#x is not supported", v->ak.nameAlg);
        return;
    }
    link_values(r, seen->data, seen->size, name, size);
    if (seen->size != size || memcmp(seen->data, name, size) != 0) {
        link_fail_bytes(r, "AK name", seen->data, seen->size, name, size);
        return;
    }
    link_pass(r, "%s", evtpm_hex(hex, sizeof(hex), name, size));
}

/*
 * The relying party wrapped the secret for an EK and an AK's name; only the TPM
 * that holds both unwraps it. So these must be the EK and the name of this
 * evidence, which other links tie to the manifest and to the AK's public key.
 */
void link_ak_binding(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_evidence *e = v->evidence;
    const struct evtpm_credential *made = v->policy->credential;

    if (made) {
        link_wanted(r, "the %zu bytes that were wrapped for this EK and AK",
                    made->secret.size);
    }
    if (!made && v->policy->recorded) {
        link_skip(r, "recorded evidence: the credential's secret is not known");
    } else if (!made || made->secret.size == 0) {
        link_fail(r, "no credential was given to compare with");
    } else if (!evtpm_blob_equal(&e->ek_public, &made->ek_public)) {
        link_fail(r, "the credential was made for another EK than this TPM's");
    } else if (!evtpm_blob_equal(&e->ak_name, &made->ak_name)) {
        link_fail_bytes(r, "the credential was made for another AK: name",
                        e->ak_name.data, e->ak_name.size, made->ak_name.data,
                        made->ak_name.size);
    } else if (e->credential_secret.size != made->secret.size ||
               gnutls_memcmp(e->credential_secret.data, made->secret.data,
                             made->secret.size) != 0) {
        link_fail(r,
                  "the TPM did not return the secret that was wrapped for its "
                  "EK and AK (%zu bytes seen, %zu wanted)",
                  e->credential_secret.size, made->secret.size);
    } else {
        link_seen(r, "the same %zu bytes", e->credential_secret.size);
        link_pass(r, "the TPM opened a credential for this EK and AK");
    }
}

void link_quote_form(struct verification *v, struct evtpm_link_result *r)
{
    const TPMS_ATTEST *a = &v->attest;

    if (v->has_attest) {
        link_seen(r, "magic %#x, type %#x", a->magic, a->type);
        link_wanted(r, "magic %#x, type %#x (quote)", TPM2_GENERATED_VALUE,
                    TPM2_ST_ATTEST_QUOTE);
    }
    if (!v->has_attest) {
        link_skip(r, "the quote is unreadable");
    } else if (a->magic != TPM2_GENERATED_VALUE) {
        link_fail(r, "magic: seen %#x, wanted %#x", a->magic,
                  TPM2_GENERATED_VALUE);
    } else if (a->type != TPM2_ST_ATTEST_QUOTE) {
        link_fail(r, "attestation type: seen %#x, wanted %#x (quote)", a->type,
                  TPM2_ST_ATTEST_QUOTE);
    } else {
        link_pass(r, "reset count %u, restart count %u",
                  a->clockInfo.resetCount, a->clockInfo.restartCount);
    }
}

void link_quote_signature(struct verification *v, struct evtpm_link_result *r)
{
    struct evtpm_error err;

    if (!v->has_ak || !v->has_signature) {
        link_skip(r, v->has_ak ? "the quote's signature is unreadable"
                               : "the AK is unreadable");
        return;
    }
    link_wanted(r, "a signature by the AK, of its scheme");
    if (tpm_signature_verify(&v->ak, &v->signature, &v->evidence->quote_attest,
                             &err) < 0) {
        link_seen(r, "%s", err.text);
        link_fail(r, "the quote was altered or signed by another key: %s",
                  err.text);
        return;
    }
    link_seen(r, "a signature by the AK");
    link_pass(r, "%s with %s",
              v->signature.sigAlg == TPM2_ALG_ECDSA    ? "ECDSA"
              : v->signature.sigAlg == TPM2_ALG_RSAPSS ? "RSAPSS"
                                                       : "RSASSA",
              gnutls_digest_get_name(
                  tpm_hash_algorithm(v->signature.signature.any.hashAlg)));
}

void link_quote_nonce(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *nonce = &v->evidence->nonce;
    uint8_t wanted[32];

    if (!v->has_attest) {
        link_skip(r, "the quote is unreadable");
        return;
    }
    gnutls_hash_fast(GNUTLS_DIG_SHA256, nonce->data, nonce->size, wanted);
    link_values(r, v->attest.extraData.buffer, v->attest.extraData.size, wanted,
                sizeof(wanted));
    if (v->attest.extraData.size != sizeof(wanted) ||
        memcmp(v->attest.extraData.buffer, wanted, sizeof(wanted)) != 0) {
        link_fail_bytes(r,
                        "the quote is an old one or for another request: "
                        "qualifying data",
                        v->attest.extraData.buffer, v->attest.extraData.size,
                        wanted, sizeof(wanted));
        return;
    }
    link_pass(r, "SHA-256(nonce)");
}
