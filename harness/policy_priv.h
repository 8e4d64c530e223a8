/* SPDX-License-Identifier: MIT */
/* Between the files that read policies only. */
#ifndef EVTPM_HARNESS_POLICY_PRIV_H
#define EVTPM_HARNESS_POLICY_PRIV_H

#include <json-glib/json-glib.h>

#include "harness/policy.h"

/* Owns all that `lib` points to. */
struct policy {
    struct evtpm_policy lib; /* pointers are set by policy_get() */
    GArray *launch_digests, *id_keys, *author_keys; /* of 48 bytes */
    GArray *roots, *crls;                           /* of struct evtpm_blob */
    struct snp_tcb floors[SNP_PRODUCT_COUNT];
    GPtrArray *digests; /* GArrays of 32 bytes that rules point to */
    GPtrArray *names;   /* of rules */
    GArray *pcr_rules, *event_rules;
    struct evtpm_allow_list files;
    gboolean has_files;
};

/* Where a reader is, for its errors: "POLICY: launch.digests[1]: ..." */
struct policy_reader {
    struct policy *policy;
    const char *file;
    char *directory;
    GString *member;
    /* what the member that is being read is for */
    guint pcr;
    guint32 *mask;
    enum evtpm_rule_kind kind;
    GArray *digests;
    GArray *kernels, *initrds, *command_lines; /* of "boot" */
    struct {
        GArray *images, *programs, *kernels, *sections, *efi_stub;
    } uki;
    enum snp_product product;
    gsize offset; /* of the member, as its table has it */
};

typedef gboolean (*policy_read_fn)(struct policy_reader *r, JsonNode *node,
                                   GError **error);
struct policy_member {
    const char *name;
    policy_read_fn read;
    gsize offset; /* where `read` puts the value, if it asks for that */
};

/* policy_json.c: values of the right type, or an error that names the member */
gboolean policy_fail(struct policy_reader *r, GError **error, const char *fmt,
                     ...) G_GNUC_PRINTF(3, 4);
/* An object with members of a table that ends with a name of NULL only. */
gboolean policy_read_object(struct policy_reader *r, JsonNode *node,
                            const struct policy_member *members,
                            GError **error);
/* Calls `read` with each element of an array that is not empty. */
gboolean policy_read_list(struct policy_reader *r, JsonNode *node,
                          policy_read_fn read, GError **error);
/* Calls `read` with each member's value; names are PCR numbers, then in r->pcr.
 */
gboolean policy_read_by_pcr(struct policy_reader *r, JsonNode *node,
                            policy_read_fn read, GError **error);
const char *policy_string(struct policy_reader *r, JsonNode *node,
                          GError **error); /* NULL on error */
/* Into the bool at r->offset of struct evtpm_policy. */
gboolean policy_read_flag(struct policy_reader *r, JsonNode *node,
                          GError **error);
gboolean policy_number(struct policy_reader *r, JsonNode *node, gint64 most,
                       gint64 *out, GError **error);
/* Exactly `size` bytes in hex, appended to the array. */
gboolean policy_hex(struct policy_reader *r, JsonNode *node, gsize size,
                    GArray *out, GError **error);
/* A SHA-256 digest, appended to r->digests. */
gboolean policy_read_digest(struct policy_reader *r, JsonNode *node,
                            GError **error);
/* A list of them, which the policy owns; NULL on error. */
GArray *policy_digests(struct policy_reader *r, JsonNode *node, GError **error);
/* Where a file is that the policy names; free with g_free. */
char *policy_path(const struct policy_reader *r, const char *name);
/* A file that the policy names, at most `most` bytes. */
gboolean policy_file(struct policy_reader *r, JsonNode *node, gsize most,
                     struct evtpm_blob *out, GError **error);

/* policy_platform.c: the members "minimum_tcb", "guest_policy", "freshness" */
gboolean policy_read_minimum_tcb(struct policy_reader *r, JsonNode *node,
                                 GError **error);
gboolean policy_read_guest_policy(struct policy_reader *r, JsonNode *node,
                                  GError **error);
gboolean policy_read_freshness(struct policy_reader *r, JsonNode *node,
                               GError **error);

/* policy_logs.c and policy_boot.c: the members "pcrs", "ima" and "boot" */
gboolean policy_read_pcrs(struct policy_reader *r, JsonNode *node,
                          GError **error);
gboolean policy_read_boot(struct policy_reader *r, JsonNode *node,
                          GError **error);
/* Where firmware measures what it starts, and Linux's EFI stub its initrd and
 * command line */
#define POLICY_PCR_APPLICATIONS 4
#define POLICY_PCR_LINUX 9
#define POLICY_BOOT_FILE_MAX (512u << 20)
/* Named after the member that is being read. The digests stay where they are:
 * those of policy_new_digests() are the policy's. */
void policy_add_event_rule(struct policy_reader *r, enum evtpm_rule_kind kind,
                           guint pcr, const GArray *digests);
GArray *policy_new_digests(struct policy_reader *r);
/* policy_uki.c: "boot.uki_files" */
gboolean policy_read_uki_files(struct policy_reader *r, JsonNode *node,
                               GError **error);
gboolean policy_read_ima(struct policy_reader *r, JsonNode *node,
                         GError **error);

#endif
