/* SPDX-License-Identifier: MIT */
#include "serve/release.h"

#include <gnutls/crypto.h>

#include "lib/credential.h"
#include "lib/envelope.h"
#include "serve/service_priv.h"

JsonObject *release_by_credential(const char *name,
                                  const struct evtpm_blob *secret,
                                  const struct evtpm_credential *keys)
{
    guint8 bytes[EVTPM_ENVELOPE_KEY_SIZE];
    struct evtpm_blob key = { bytes, sizeof(bytes) };
    struct evtpm_blob credential = { 0 }, envelope = { 0 };
    struct evtpm_error err = { "" };
    JsonObject *o = NULL;
    if (gnutls_rnd(GNUTLS_RND_KEY, bytes, sizeof(bytes)) == 0 &&
        evtpm_make_credential(&keys->ek_public, &keys->ak_name, &key,
                              &credential, &err) == 0 &&
        evtpm_envelope_seal(bytes, secret, &envelope, &err) == 0) {
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
