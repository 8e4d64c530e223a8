/* SPDX-License-Identifier: MIT */
#include "agent/unwrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/objects.h>

#include "agent/base64.h"
#include "agent/keys.h"
#include "agent/sealed.h"

#define KEY_SIZE 32
#define NAME_ROOM 24

/*
 * A string member of the answer, which is JSON on one line without spaces; for
 * free(), NULL when there is none. In a string the quotes of "NAME":" would
 * have backslashes: what is found is a member.
 */
static char *find(const struct evtpm_blob *answer, const char *name)
{
    char mark[NAME_ROOM];
    size_t size = (size_t)snprintf(mark, sizeof(mark), "\"%s\":\"", name);
    const uint8_t *end = answer->data + answer->size;
    const uint8_t *from =
        answer->size ? memmem(answer->data, answer->size, mark, size) : NULL;
    const uint8_t *to =
        from ? memchr(from + size, '"', (size_t)(end - from) - size) : NULL;

    return to ? strndup((const char *)from + size, (size_t)(to - from) - size)
              : NULL;
}

static int member(const struct evtpm_blob *answer, const char *name,
                  struct evtpm_blob *out, struct evtpm_error *err)
{
    char *text = find(answer, name);
    bool decoded;

    if (!text) {
        return evtpm_fail(
            err, "the answer has no \"%s\": no secret was released", name);
    }
    decoded = base64_decode(text, out) && out->size;
    free(text);
    return decoded ? 0 : evtpm_fail(err, "\"%s\" is not base64", name);
}

static int activate(struct tpm *tpm, const char *state,
                    const struct evtpm_blob *answer, struct evtpm_blob *key,
                    struct evtpm_error *err)
{
    struct evtpm_blob file = { 0 };
    struct credential credential;
    ESYS_TR ak = ESYS_TR_NONE;
    int rc = member(answer, "credential", &file, err);

    if (rc == 0) {
        rc = credential_parse(&file, &credential, err);
    }
    if (rc == 0) {
        rc = keys_activate(tpm, state, &credential, &ak, key, err);
        tpm_flush(tpm, &ak);
    }
    evtpm_blob_clear(&file);
    return rc;
}

static int unseal(struct tpm *tpm, const char *state,
                  const struct evtpm_blob *answer, const char *pcrs,
                  struct evtpm_blob *key, struct evtpm_error *err)
{
    struct sealed sealed = { .pcrs = pcrs };
    int rc = -1;

    if (member(answer, "public", &sealed.public, err) == 0 &&
        member(answer, "duplicate", &sealed.duplicate, err) == 0 &&
        member(answer, "seed", &sealed.seed, err) == 0) {
        rc = sealed_open(tpm, state, &sealed, key, err);
    }
    evtpm_blob_clear(&sealed.public);
    evtpm_blob_clear(&sealed.duplicate);
    evtpm_blob_clear(&sealed.seed);
    return rc;
}

/* The envelope's key, in whichever way it came */
static int get_key(struct tpm *tpm, const char *state,
                   const struct evtpm_blob *answer, struct evtpm_blob *key,
                   struct evtpm_error *err)
{
    char *pcrs = find(answer, "pcrs");
    int rc = pcrs ? unseal(tpm, state, answer, pcrs, key, err)
                  : activate(tpm, state, answer, key, err);

    free(pcrs);
    if (rc == 0 && key->size != KEY_SIZE) {
        rc = evtpm_fail(err, "%zu bytes are no key of an envelope", key->size);
    }
    return rc;
}

/* Other content types of CMS decrypt without noticing changes. */
static bool is_authenticated(const CMS_ContentInfo *cms)
{
    return OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData;
}

static int open_envelope(const struct evtpm_blob *der,
                         const struct evtpm_blob *key,
                         struct evtpm_blob *secret, struct evtpm_error *err)
{
    const unsigned char *at = der->data;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)der->size);
    BIO *plain = BIO_new(BIO_s_mem());
    bool opened = false;
    char *data;

    if (cms && plain && at == der->data + der->size && is_authenticated(cms) &&
        CMS_decrypt_set1_key(cms, key->data, key->size, NULL, 0) == 1 &&
        CMS_decrypt(cms, NULL, NULL, NULL, plain, 0) == 1) {
        long size = BIO_get_mem_data(plain, &data);

        opened = size > 0 && evtpm_blob_set(secret, data, (size_t)size);
    }
    CMS_ContentInfo_free(cms);
    BIO_free(plain);
    return opened ? 0
                  : evtpm_fail(err, "the envelope does not open: it was "
                                    "changed, or is for another credential");
}

int unwrap(struct tpm *tpm, const char *state, const struct evtpm_blob *answer,
           struct evtpm_blob *secret, struct evtpm_error *err)
{
    struct evtpm_blob envelope = { 0 }, key = { 0 };
    int rc = member(answer, "envelope", &envelope, err);

    if (rc == 0) {
        rc = get_key(tpm, state, answer, &key, err);
    }
    if (rc == 0) {
        rc = open_envelope(&envelope, &key, secret, err);
    }
    OPENSSL_cleanse(key.data, key.size);
    evtpm_blob_clear(&key);
    evtpm_blob_clear(&envelope);
    return rc;
}
