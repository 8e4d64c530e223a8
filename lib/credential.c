/* SPDX-License-Identifier: MIT */
#include "lib/credential.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "lib/tpm_protect.h"

/* Of tpm2-tools' credential files */
#define FILE_MAGIC 0xbadcc0deu
#define FILE_VERSION 1u
#define FILE_MAX_SIZE                                                          \
    (8 + sizeof(TPM2B_ID_OBJECT) + sizeof(TPM2B_ENCRYPTED_SECRET))

static int check(const TPMT_PUBLIC *ek, const struct evtpm_blob *name,
                 const struct evtpm_blob *secret, struct evtpm_error *err)
{
    size_t most = gnutls_hash_get_len(tpm_hash_algorithm(ek->nameAlg));

    if (name->size < 2 || name->size > TPM_NAME_MAX) {
        return evtpm_fail(err, "a name of %zu bytes is none", name->size);
    }
    if (secret->size == 0 || secret->size > most) {
        return evtpm_fail(err,
                          "a credential holds 1 to %zu bytes for this key, "
                          "not %zu",
                          most, secret->size);
    }
    return 0;
}

static int write_file(const struct tpm_protected *p, struct evtpm_blob *out,
                      struct evtpm_error *err)
{
    uint8_t bytes[FILE_MAX_SIZE];
    TPM2B_ID_OBJECT id = { .size = (UINT16)p->blob.size };
    size_t at = 0;
    TSS2_RC rc;

    if (p->blob.size > sizeof(id.credential)) {
        return evtpm_fail(err, "the credential is too large");
    }
    memcpy(id.credential, p->blob.data, p->blob.size);
    rc = Tss2_MU_UINT32_Marshal(FILE_MAGIC, bytes, sizeof(bytes), &at);
    rc = rc ? rc
            : Tss2_MU_UINT32_Marshal(FILE_VERSION, bytes, sizeof(bytes), &at);
    rc = rc ? rc
            : Tss2_MU_TPM2B_ID_OBJECT_Marshal(&id, bytes, sizeof(bytes), &at);
    rc = rc ? rc
            : Tss2_MU_TPM2B_ENCRYPTED_SECRET_Marshal(&p->seed, bytes,
                                                     sizeof(bytes), &at);
    if (rc != TSS2_RC_SUCCESS || !evtpm_blob_set(out, bytes, at)) {
        return evtpm_fail(err, "out of memory");
    }
    return 0;
}

int evtpm_make_credential(const struct evtpm_blob *ek_public,
                          const struct evtpm_blob *name,
                          const struct evtpm_blob *secret,
                          struct evtpm_blob *out, struct evtpm_error *err)
{
    uint8_t sized[2 + TPM_NAME_MAX];
    struct evtpm_blob plain = { .data = sized };
    struct tpm_protected protected;
    TPMT_PUBLIC ek;
    int rc;

    if (tpm_parse_tpm2b_public(ek_public, &ek, err) < 0 ||
        check(&ek, name, secret, err) < 0) {
        return -1;
    }
    sized[0] = (uint8_t)(secret->size >> 8);
    sized[1] = (uint8_t)secret->size;
    memcpy(sized + 2, secret->data, secret->size);
    plain.size = 2 + secret->size;
    rc = tpm_protect(&ek, "IDENTITY", name, &plain, &protected, err);
    gnutls_memset(sized, 0, sizeof(sized));
    if (rc == 0) {
        rc = write_file(&protected, out, err);
        tpm_protected_clear(&protected);
    }
    return rc;
}
