/* SPDX-License-Identifier: MIT */
/* A policy in memory: what it owns, what was added to it. */
#include "harness/policy.h"

#include <string.h>

#include "harness/policy_priv.h"
#include "lib/crl.h"
#include "lib/file.h"

#define CERTIFICATE_MAX 0x10000u
#define CRL_MAX (4u << 20)
/* PCR 16 is for debugging, 23 for applications: nobody logs those. */
#define UNLOGGED_PCRS (1u << 16 | 1u << 23)

static void clear_blob(gpointer blob)
{
    evtpm_blob_clear(blob);
}

static void free_array(gpointer array)
{
    g_array_free(array, TRUE);
}

static GArray *new_blobs(void)
{
    GArray *blobs = g_array_new(FALSE, TRUE, sizeof(struct evtpm_blob));
    g_array_set_clear_func(blobs, clear_blob);
    return blobs;
}

struct policy *policy_new(void)
{
    struct policy *p = g_new0(struct policy, 1);
    p->lib.free_pcrs = UNLOGGED_PCRS;
    p->launch_digests = g_array_new(FALSE, TRUE, 48);
    p->id_keys = g_array_new(FALSE, TRUE, 48);
    p->author_keys = g_array_new(FALSE, TRUE, 48);
    p->roots = new_blobs();
    p->crls = new_blobs();
    p->digests = g_ptr_array_new_with_free_func(free_array);
    p->names = g_ptr_array_new_with_free_func(g_free);
    p->pcr_rules = g_array_new(FALSE, TRUE, sizeof(struct evtpm_pcr_rule));
    p->event_rules = g_array_new(FALSE, TRUE, sizeof(struct evtpm_event_rule));
    return p;
}

void policy_free(struct policy *p)
{
    if (!p) {
        return;
    }
    GArray *const arrays[] = { p->launch_digests, p->id_keys, p->author_keys,
                               p->roots,          p->crls,    p->pcr_rules,
                               p->event_rules };
    for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++) {
        g_array_free(arrays[i], TRUE);
    }
    g_ptr_array_free(p->digests, TRUE);
    g_ptr_array_free(p->names, TRUE);
    evtpm_allow_list_clear(&p->files);
    g_free(p);
}

static gboolean add_decoded(GArray *to, const char *path, gsize most,
                            int (*decode)(const void *data, size_t size,
                                          struct evtpm_blob *der,
                                          struct evtpm_error *err),
                            GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 }, der = { 0 };
    if (evtpm_file_read(path, most, &file, &err) < 0) {
        return fail_lib(error, &err);
    }
    int rc = decode(file.data, file.size, &der, &err);
    evtpm_blob_clear(&file);
    if (rc < 0) {
        return fail(error, HARNESS_ERROR_FAILED, "%s: %s", path, err.text);
    }
    g_array_append_val(to, der);
    return TRUE;
}

gboolean policy_add_root(struct policy *p, const char *path, GError **error)
{
    return add_decoded(p->roots, path, CERTIFICATE_MAX, evtpm_cert_decode,
                       error);
}

gboolean policy_add_crl(struct policy *p, const char *path, GError **error)
{
    return add_decoded(p->crls, path, CRL_MAX, evtpm_crl_decode, error);
}

void policy_add_launch_digest(struct policy *p, const guint8 digest[48])
{
    g_array_append_vals(p->launch_digests, digest, 1);
}

gboolean policy_names_image(const struct policy *p)
{
    return p->launch_digests->len || p->id_keys->len || p->author_keys->len;
}

static const guint8 (*digests_of(const GArray *array))[48]
{
    return (const guint8(*)[48])array->data;
}

const struct evtpm_policy *policy_get(struct policy *p)
{
    struct evtpm_policy *lib = &p->lib;
    lib->launch_digests = digests_of(p->launch_digests);
    lib->launch_digest_count = p->launch_digests->len;
    lib->id_keys = digests_of(p->id_keys);
    lib->id_key_count = p->id_keys->len;
    lib->author_keys = digests_of(p->author_keys);
    lib->author_key_count = p->author_keys->len;
    lib->roots = (const struct evtpm_blob *)(void *)p->roots->data;
    lib->root_count = p->roots->len;
    lib->crls = (const struct evtpm_blob *)(void *)p->crls->data;
    lib->crl_count = p->crls->len;
    lib->tcb_floors = lib->tcb_products ? p->floors : NULL;
    lib->pcr_rules = (const struct evtpm_pcr_rule *)(void *)p->pcr_rules->data;
    lib->pcr_rule_count = p->pcr_rules->len;
    lib->event_rules =
        (const struct evtpm_event_rule *)(void *)p->event_rules->data;
    lib->event_rule_count = p->event_rules->len;
    lib->ima_files = p->has_files ? &p->files : NULL;
    return lib;
}
