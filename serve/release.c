/* SPDX-License-Identifier: MIT */
#include "serve/release.h"

#include <gnutls/crypto.h>

#include "lib/credential.h"
#include "lib/envelope.h"
#include "lib/seal.h"
#include "serve/service_priv.h"

/* A new key, and the secret under it */
static gboolean make_envelope(const struct evtpm_blob *secret,
                              guint8 key[EVTPM_ENVELOPE_KEY_SIZE],
                              struct evtpm_blob *envelope)
{
    struct evtpm_error err = { "" };
    return gnutls_rnd(GNUTLS_RND_KEY, key, EVTPM_ENVELOPE_KEY_SIZE) == 0 &&
           evtpm_envelope_seal(key, secret, envelope, &err) == 0;
}

JsonObject *release_by_credential(const char *name,
                                  const struct evtpm_blob *secret,
                                  const struct evtpm_credential *keys)
{
    guint8 bytes[EVTPM_ENVELOPE_KEY_SIZE];
    struct evtpm_blob key = { bytes, sizeof(bytes) };
    struct evtpm_blob credential = { 0 }, envelope = { 0 };
    struct evtpm_error err = { "" };
    JsonObject *o = NULL;
    if (make_envelope(secret, bytes, &envelope) &&
        evtpm_make_credential(&keys->ek_public, &keys->ak_name, &key,
                              &credential, &err) == 0) {
        o = json_object_new();
        json_object_set_string_member(o, "name", name);
        reply_set_base64(o, "credential", &credential);
        reply_set_base64(o, "envelope", &envelope);
    }
    gnutls_memset(bytes, 0, sizeof(bytes));
    evtpm_blob_clear(&credential);
    evtpm_blob_clear(&envelope);
    return o;
}

/* "0,5,7", as tpm2-tools have it behind "sha256:" */
static char *pcr_list(uint32_t pcrs)
{
    GString *list = g_string_new(NULL);
    for (unsigned i = 0; i < EVTPM_PCR_COUNT; i++) {
        if (pcrs & 1u << i) {
            g_string_append_printf(list, "%s%u", list->len ? "," : "", i);
        }
    }
    return g_string_free(list, FALSE);
}

JsonObject *release_by_seal(const char *name, const struct evtpm_blob *secret,
                            const struct evtpm_evidence *evidence,
                            uint32_t pcrs)
{
    guint8 bytes[EVTPM_ENVELOPE_KEY_SIZE];
    struct evtpm_blob key = { bytes, sizeof(bytes) }, envelope = { 0 };
    struct evtpm_sealed sealed = { 0 };
    struct evtpm_error err = { "" };
    g_autofree char *list = pcr_list(pcrs);
    JsonObject *o = NULL;
    if (make_envelope(secret, bytes, &envelope) &&
        evtpm_seal(&evidence->ek_public, pcrs, evidence->pcr, &key, &sealed,
                   &err) == 0) {
        o = json_object_new();
        json_object_set_string_member(o, "name", name);
        json_object_set_string_member(o, "pcrs", list);
        reply_set_base64(o, "public", &sealed.public);
        reply_set_base64(o, "duplicate", &sealed.duplicate);
        reply_set_base64(o, "seed", &sealed.seed);
        reply_set_base64(o, "envelope", &envelope);
    }
    gnutls_memset(bytes, 0, sizeof(bytes));
    evtpm_sealed_clear(&sealed);
    evtpm_blob_clear(&envelope);
    return o;
}
