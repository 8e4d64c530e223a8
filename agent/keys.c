/* SPDX-License-Identifier: MIT */
#include "agent/keys.h"

#include <tss2/tss2_mu.h>

#include "agent/context.h"
#include "agent/state.h"

#define KEY_ATTRIBUTES                                                         \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |                          \
     TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED)

/* TCG EK Credential Profile, template L-1 (B.3.3); the policy is
 * PolicySecret(TPM_RH_ENDORSEMENT). */
static const TPM2B_PUBLIC ek_template = {
    .publicArea = {
        .type = TPM2_ALG_RSA,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = KEY_ATTRIBUTES | TPMA_OBJECT_ADMINWITHPOLICY |
                            TPMA_OBJECT_DECRYPT,
        .authPolicy = {
            .size = 32,
            .buffer = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
                        0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
                        0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
                        0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa },
        },
        .parameters.rsaDetail = {
            .symmetric = { .algorithm = TPM2_ALG_AES,
                           .keyBits.aes = 128,
                           .mode.aes = TPM2_ALG_CFB },
            .scheme.scheme = TPM2_ALG_NULL,
            .keyBits = 2048,
        },
        .unique.rsa.size = 256,
    },
};

/* A primary key too: its seed is there, so nothing but the curve's arithmetic
 * is needed, and there is no parent to load. */
static const TPM2B_PUBLIC ak_template = {
    .publicArea = {
        .type = TPM2_ALG_ECC,
        .nameAlg = TPM2_ALG_SHA256,
        .objectAttributes = KEY_ATTRIBUTES | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_SIGN_ENCRYPT,
        .parameters.eccDetail = {
            .symmetric.algorithm = TPM2_ALG_NULL,
            .scheme = { .scheme = TPM2_ALG_ECDSA,
                        .details.ecdsa.hashAlg = TPM2_ALG_SHA256 },
            .curveID = TPM2_ECC_NIST_P256,
            .kdf.scheme = TPM2_ALG_NULL,
        },
    },
};

static const struct {
    const TPM2B_PUBLIC *template;
    const char *what, *context, *public, *name;
} keys[] = {
    { &ek_template, "tpm2_createek", "ek.ctx", "ek.pub", NULL },
    { &ak_template, "tpm2_createak", "ak.ctx", "ak.pub", "ak.name" },
};

static int write_public(const char *state, const char *file,
                        const TPM2B_PUBLIC *public, struct evtpm_error *err)
{
    uint8_t bytes[sizeof(*public)];
    struct evtpm_blob blob = { .data = bytes };

    if (Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof(bytes),
                                     &blob.size) != TSS2_RC_SUCCESS) {
        return evtpm_fail(err, "the TPM made a malformed key");
    }
    return state_write(state, file, &blob, err);
}

static int write_name(struct tpm *tpm, ESYS_TR key, const char *state,
                      const char *file, struct evtpm_error *err)
{
    TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_TR_GetName(tpm->esys, key, &name);
    int written;

    if (rc != TSS2_RC_SUCCESS) {
        return tpm_fail(err, "tpm2_readpublic", rc);
    }
    written = state_write(state, file,
                          &(struct evtpm_blob){ name->name, name->size }, err);
    Esys_Free(name);
    return written;
}

static int make(struct tpm *tpm, const char *state, size_t i,
                struct evtpm_error *err)
{
    const TPM2B_SENSITIVE_CREATE no_secret = { 0 };
    const TPML_PCR_SELECTION no_pcrs = { 0 };
    const TPM2B_DATA no_data = { 0 };
    TPM2B_PUBLIC *public = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    TSS2_RC rc = Esys_CreatePrimary(
        tpm->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
        ESYS_TR_NONE, &no_secret, keys[i].template, &no_data, &no_pcrs, &key,
        &public, NULL, NULL, NULL);
    int written = -1;

    if (rc != TSS2_RC_SUCCESS) {
        return tpm_fail(err, keys[i].what, rc);
    }
    if (write_public(state, keys[i].public, public, err) == 0 &&
        (!keys[i].name ||
         write_name(tpm, key, state, keys[i].name, err) == 0)) {
        written = context_save(tpm, key,
                               state_file(state, keys[i].context).text, err);
    }
    Esys_Free(public);
    tpm_flush(tpm, &key);
    return written;
}

int keys_make(struct tpm *tpm, const char *state, struct evtpm_error *err)
{
    return make(tpm, state, 0, err) < 0 ? -1 : make(tpm, state, 1, err);
}

int keys_read(const char *state, struct evtpm_evidence *evidence,
              struct evtpm_error *err)
{
    if (state_read(state, "ek.pub", &evidence->ek_public, err) < 0 ||
        state_read(state, "ak.pub", &evidence->ak_public, err) < 0) {
        return -1;
    }
    return state_read(state, "ak.name", &evidence->ak_name, err);
}

int keys_load_ak(struct tpm *tpm, const char *state, ESYS_TR *ak,
                 struct evtpm_error *err)
{
    return context_load(tpm, state_file(state, "ak.ctx").text, ak, err);
}

int keys_load_ek(struct tpm *tpm, const char *state, ESYS_TR *ek,
                 struct evtpm_error *err)
{
    return context_load(tpm, state_file(state, "ek.ctx").text, ek, err);
}

int keys_policy_session(struct tpm *tpm, ESYS_TR *session,
                        struct evtpm_error *err)
{
    const TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
    TSS2_RC rc = Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       NULL, TPM2_SE_POLICY, &no_encryption,
                                       TPM2_ALG_SHA256, session);

    if (rc != TSS2_RC_SUCCESS) {
        *session = ESYS_TR_NONE;
        return tpm_fail(err, "tpm2_startauthsession", rc);
    }
    /* The TPM ends the session itself when the command succeeds. */
    rc = Esys_TRSess_SetAttributes(tpm->esys, *session, 0,
                                   TPMA_SESSION_CONTINUESESSION);
    return rc == TSS2_RC_SUCCESS ? 0
                                 : tpm_fail(err, "tpm2_startauthsession", rc);
}

int keys_ek_session(struct tpm *tpm, ESYS_TR *session, struct evtpm_error *err)
{
    TSS2_RC rc;

    if (keys_policy_session(tpm, session, err) < 0) {
        return -1;
    }
    rc = Esys_PolicySecret(tpm->esys, ESYS_TR_RH_ENDORSEMENT, *session,
                           ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                           NULL, NULL, 0, NULL, NULL);
    return rc == TSS2_RC_SUCCESS ? 0 : tpm_fail(err, "tpm2_policysecret", rc);
}

static int activate(struct tpm *tpm, ESYS_TR ak, ESYS_TR ek, ESYS_TR *session,
                    const struct credential *credential,
                    struct evtpm_blob *secret, struct evtpm_error *err)
{
    TPM2B_DIGEST *info = NULL;
    bool copied;
    TSS2_RC rc = Esys_ActivateCredential(
        tpm->esys, ak, ek, ESYS_TR_PASSWORD, *session, ESYS_TR_NONE,
        &credential->id, &credential->secret, &info);

    if (rc != TSS2_RC_SUCCESS) {
        return tpm_fail(err, "tpm2_activatecredential", rc);
    }
    *session = ESYS_TR_NONE;
    copied = evtpm_blob_set(secret, info->buffer, info->size);
    Esys_Free(info);
    return copied ? 0 : evtpm_fail(err, "out of memory");
}

int keys_activate(struct tpm *tpm, const char *state,
                  const struct credential *credential, ESYS_TR *ak,
                  struct evtpm_blob *secret, struct evtpm_error *err)
{
    ESYS_TR session = ESYS_TR_NONE, ek = ESYS_TR_NONE;
    int rc = -1;

    /* The session first: the kernel swaps what is loaded around each command,
     * and the keys are dearer. */
    if (keys_ek_session(tpm, &session, err) == 0 &&
        keys_load_ek(tpm, state, &ek, err) == 0 &&
        keys_load_ak(tpm, state, ak, err) == 0) {
        rc = activate(tpm, *ak, ek, &session, credential, secret, err);
    }
    tpm_flush(tpm, &ek);
    tpm_flush(tpm, &session);
    return rc;
}
