/* SPDX-License-Identifier: MIT */
#include "agent/context.h"

#include <string.h>

#include <tss2/tss2_mu.h>

#include "lib/file.h"

#define FILE_MAGIC 0xbadcc0deu
#define FILE_VERSION 1u
#define FILE_MAX_SIZE (2 * sizeof(TPMS_CONTEXT))

/* tpm2-tools' order, not that of TPMS_CONTEXT in the TPM's messages */
static TSS2_RC marshal(const TPMS_CONTEXT *c, uint8_t *to, size_t size,
                       size_t *at)
{
    TSS2_RC rc = Tss2_MU_UINT32_Marshal(FILE_MAGIC, to, size, at);

    rc = rc ? rc : Tss2_MU_UINT32_Marshal(FILE_VERSION, to, size, at);
    rc = rc ? rc : Tss2_MU_UINT32_Marshal(c->hierarchy, to, size, at);
    rc = rc ? rc : Tss2_MU_UINT32_Marshal(c->savedHandle, to, size, at);
    rc = rc ? rc : Tss2_MU_UINT64_Marshal(c->sequence, to, size, at);
    rc = rc ? rc : Tss2_MU_UINT16_Marshal(c->contextBlob.size, to, size, at);
    if (rc == TSS2_RC_SUCCESS) {
        if (c->contextBlob.size > size - *at) {
            return TSS2_MU_RC_INSUFFICIENT_BUFFER;
        }
        memcpy(to + *at, c->contextBlob.buffer, c->contextBlob.size);
        *at += c->contextBlob.size;
    }
    return rc;
}

static TSS2_RC unmarshal(const struct evtpm_blob *from, TPMS_CONTEXT *c)
{
    UINT32 magic = 0, version = 0;
    size_t at = 0;
    TSS2_RC rc = Tss2_MU_UINT32_Unmarshal(from->data, from->size, &at, &magic);

#define TAKE(type, to)                                                         \
    (rc = rc ? rc : Tss2_MU_##type##_Unmarshal(from->data, from->size, &at, to))
    TAKE(UINT32, &version);
    TAKE(UINT32, &c->hierarchy);
    TAKE(UINT32, &c->savedHandle);
    TAKE(UINT64, &c->sequence);
    TAKE(UINT16, &c->contextBlob.size);
#undef TAKE
    if (rc == TSS2_RC_SUCCESS &&
        (magic != FILE_MAGIC || version != FILE_VERSION ||
         c->contextBlob.size > sizeof(c->contextBlob.buffer) ||
         c->contextBlob.size != from->size - at)) {
        rc = TSS2_MU_RC_BAD_VALUE;
    }
    if (rc == TSS2_RC_SUCCESS) {
        memcpy(c->contextBlob.buffer, from->data + at, c->contextBlob.size);
    }
    return rc;
}

int context_save(struct tpm *tpm, ESYS_TR object, const char *path,
                 struct evtpm_error *err)
{
    uint8_t bytes[FILE_MAX_SIZE];
    TPMS_CONTEXT *context = NULL;
    size_t size = 0;
    TSS2_RC rc = Esys_ContextSave(tpm->esys, object, &context);

    if (rc == TSS2_RC_SUCCESS) {
        rc = marshal(context, bytes, sizeof(bytes), &size);
    }
    Esys_Free(context);
    if (rc != TSS2_RC_SUCCESS) {
        return tpm_fail(err, "contextsave", rc);
    }
    return evtpm_file_write(path, bytes, size, 0600, err);
}

int context_load(struct tpm *tpm, const char *path, ESYS_TR *object,
                 struct evtpm_error *err)
{
    struct evtpm_blob file = { 0 };
    TPMS_CONTEXT context = { 0 };
    TSS2_RC rc;

    if (evtpm_file_read(path, FILE_MAX_SIZE, &file, err) < 0) {
        return -1;
    }
    rc = file.size ? unmarshal(&file, &context) : TSS2_MU_RC_BAD_SIZE;
    evtpm_blob_clear(&file);
    if (rc == TSS2_RC_SUCCESS) {
        rc = Esys_ContextLoad(tpm->esys, &context, object);
    }
    if (rc != TSS2_RC_SUCCESS) {
        *object = ESYS_TR_NONE;
        return evtpm_fail_prefix((tpm_fail(err, "contextload", rc), err), "%s",
                                 path);
    }
    return 0;
}
