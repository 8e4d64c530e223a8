/* SPDX-License-Identifier: MIT */
#include "tests/unit/guest-sample.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "harness/evidence_json.h"

static EVP_PKEY *to_libcrypto(gnutls_privkey_t key)
{
    gnutls_x509_privkey_t x509;
    gnutls_datum_t der;

    g_assert_cmpint(gnutls_privkey_export_x509(key, &x509), ==, 0);
    g_assert_cmpint(
        gnutls_x509_privkey_export2(x509, GNUTLS_X509_FMT_DER, &der), ==, 0);
    const unsigned char *at = der.data;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, der.size);
    g_assert_nonnull(pkey);
    gnutls_free(der.data);
    gnutls_x509_privkey_deinit(x509);
    return pkey;
}

void guest_sample_init(struct guest_sample *g, unsigned vm, unsigned chip)
{
    sample_init(&g->sample, vm, chip);
    g->opener =
        (struct opener){ to_libcrypto(g->sample.ek_key), "SHA256", 128 };
    g_mutex_init(&g->lock);
}

void guest_sample_clear(struct guest_sample *g)
{
    EVP_PKEY_free(g->opener.key);
    sample_clear(&g->sample);
    g_mutex_clear(&g->lock);
}

char *guest_sample_keys(struct guest_sample *g)
{
    const struct evtpm_evidence *e = &g->sample.evidence;
    g_autofree char *ek = g_base64_encode(e->ek_public.data, e->ek_public.size);
    g_autofree char *ak = g_base64_encode(e->ak_public.data, e->ak_public.size);
    g_autofree char *name = g_base64_encode(e->ak_name.data, e->ak_name.size);

    return g_strdup_printf(
        "{\"ek_public\":\"%s\",\"ak_public\":\"%s\",\"ak_name\":\"%s\"}\n", ek,
        ak, name);
}

static gsize activate(struct guest_sample *g, const char *credential,
                      guint8 out[64])
{
    struct evtpm_blob file;

    file.data = g_base64_decode(credential, &file.size);
    gsize size =
        opener_activate(&g->opener, &g->sample.evidence.ak_name, &file, out);
    g_free(file.data);
    return size;
}

char *guest_sample_evidence(struct guest_sample *g, const char *nonce,
                            const char *credential)
{
    struct sample *s = &g->sample;
    guint8 secret[64];
    gsize secret_size = activate(g, credential, secret), size;
    g_autofree guint8 *bytes = g_base64_decode(nonce, &size);

    g_assert_cmpint(size, ==, EVTPM_NONCE_SIZE);
    g_mutex_lock(&g->lock);
    g_assert_true(evtpm_blob_set(&s->evidence.nonce, bytes, size));
    g_assert_true(
        evtpm_blob_set(&s->evidence.credential_secret, secret, secret_size));
    sample_report(s);
    sample_quote(s);
    char *text = evidence_to_json(&s->evidence);
    g_mutex_unlock(&g->lock);
    return text;
}

char *guest_sample_document(struct guest_sample *g)
{
    return evidence_to_json(&g->sample.evidence);
}

GBytes *guest_sample_unwrap(struct guest_sample *g, const char *credential,
                            const char *envelope)
{
    guint8 key[64];
    gsize size;
    g_autofree guint8 *der = g_base64_decode(envelope, &size);

    g_assert_cmpint(activate(g, credential, key), ==, 32);
    return opener_envelope(der, size, key);
}
