/* SPDX-License-Identifier: MIT */
#include "serve/policy.h"

#include "harness/igvm_file.h"

static gboolean add_images(struct policy *p,
                           const struct serve_policy_sources *from,
                           GError **error)
{
    guint8 digest[SNP_LAUNCH_DIGEST_SIZE];
    struct igvm_summary summary;
    for (char **path = from->igvm; path && *path; path++) {
        if (!igvm_file_summary(*path, &summary, error)) {
            return FALSE;
        }
        policy_add_launch_digest(p, summary.digest);
    }
    for (char **hex = from->digest; hex && *hex; hex++) {
        if (!evtpm_unhex(digest, sizeof(digest), *hex)) {
            return fail(error, HARNESS_ERROR_USAGE,
                        "--digest %s: not %zu hex digits", *hex,
                        2 * sizeof(digest));
        }
        policy_add_launch_digest(p, digest);
    }
    return policy_names_image(p) ||
           fail(error, HARNESS_ERROR_USAGE,
                "no image would be accepted: give --policy, --igvm or "
                "--digest");
}

static gboolean add_files(struct policy *p, char **paths,
                          gboolean (*add)(struct policy *, const char *,
                                          GError **),
                          GError **error)
{
    for (; paths && *paths; paths++) {
        if (!add(p, *paths, error)) {
            return FALSE;
        }
    }
    return TRUE;
}

struct policy *serve_policy_load(const struct serve_policy_sources *from,
                                 GError **error)
{
    struct policy *p =
        from->policy ? policy_load(from->policy, error) : policy_new();
    if (p && add_images(p, from, error) &&
        add_files(p, from->root, policy_add_root, error) &&
        add_files(p, from->crl, policy_add_crl, error)) {
        return p;
    }
    policy_free(p);
    return NULL;
}
