/* SPDX-License-Identifier: MIT */
/* The member of a policy about what was booted. */
#include <gnutls/crypto.h>

#include "harness/policy_priv.h"
#include "lib/pe_digest.h"

void policy_add_event_rule(struct policy_reader *r, enum evtpm_rule_kind kind,
                           guint pcr, const GArray *digests)
{
    char *name = g_strdup(r->member->str);
    const struct evtpm_event_rule rule = {
        .name = name,
        .kind = kind,
        .pcr = pcr,
        .digests = (const guint8(*)[32])digests->data,
        .digest_count = digests->len,
    };
    g_ptr_array_add(r->policy->names, name);
    g_array_append_val(r->policy->event_rules, rule);
}

/* Kernels, initrds and command lines are gathered; r->offset says which. */
static GArray *subject(struct policy_reader *r)
{
    return G_STRUCT_MEMBER(GArray *, r, r->offset);
}

static gboolean read_subject(struct policy_reader *r, JsonNode *node,
                             GError **error)
{
    r->digests = subject(r);
    return policy_read_list(r, node, policy_read_digest, error);
}

static gboolean add_file(struct policy_reader *r, JsonNode *node,
                         int (*digest)(const void *data, size_t size,
                                       guint8 out[32], struct evtpm_error *err),
                         GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob file = { 0 };
    guint8 value[32];
    if (!policy_file(r, node, POLICY_BOOT_FILE_MAX, &file, error)) {
        return FALSE;
    }
    int rc = digest(file.data, file.size, value, &err);
    evtpm_blob_clear(&file);
    if (rc < 0) {
        return policy_fail(r, error, "%s: %s", json_node_get_string(node),
                           err.text);
    }
    g_array_append_vals(r->digests, value, 1);
    return TRUE;
}

static gboolean read_kernel_file(struct policy_reader *r, JsonNode *node,
                                 GError **error)
{
    return add_file(r, node, evtpm_pe_digest, error);
}

static int file_digest(const void *data, size_t size, guint8 out[32],
                       struct evtpm_error *err)
{
    return gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, out) < 0
               ? evtpm_fail(err, "no SHA-256")
               : 0;
}

static gboolean read_initrd_file(struct policy_reader *r, JsonNode *node,
                                 GError **error)
{
    return add_file(r, node, file_digest, error);
}

static gboolean read_kernel_files(struct policy_reader *r, JsonNode *node,
                                  GError **error)
{
    r->digests = subject(r);
    return policy_read_list(r, node, read_kernel_file, error);
}

static gboolean read_initrd_files(struct policy_reader *r, JsonNode *node,
                                  GError **error)
{
    r->digests = subject(r);
    return policy_read_list(r, node, read_initrd_file, error);
}

static gboolean read_text(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    const char *text = policy_string(r, node, error);
    guint8 digests[EVTPM_COMMAND_LINE_DIGESTS][32];
    if (!text) {
        return FALSE;
    }
    if (evtpm_command_line_digests(text, digests) < 0) {
        return policy_fail(r, error,
                           "is no command line: ASCII, up to 4096 "
                           "characters");
    }
    g_array_append_vals(r->digests, digests, EVTPM_COMMAND_LINE_DIGESTS);
    return TRUE;
}

static gboolean read_command_line(struct policy_reader *r, JsonNode *node,
                                  GError **error)
{
    r->digests = subject(r);
    return policy_read_list(r, node, read_text, error);
}

/* One of these must have been booted, and nothing else may have been. */
static void add_subject(struct policy_reader *r, const char *name, guint pcr,
                        const GArray *digests)
{
    gsize length = r->member->len;
    if (digests->len) {
        g_string_append_printf(r->member, ".%s", name);
        policy_add_event_rule(r, EVTPM_RULE_REQUIRE, pcr, digests);
        policy_add_event_rule(r, EVTPM_RULE_ONLY, pcr, digests);
        g_string_truncate(r->member, length);
    }
}

GArray *policy_new_digests(struct policy_reader *r)
{
    GArray *digests = g_array_new(FALSE, TRUE, 32);
    g_ptr_array_add(r->policy->digests, digests);
    return digests;
}

static gboolean read_rule(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    GArray *digests = policy_digests(r, node, error);
    if (digests) {
        policy_add_event_rule(r, r->kind, r->pcr, digests);
    }
    return digests != NULL;
}

static gboolean read_rules(struct policy_reader *r, JsonNode *node,
                           enum evtpm_rule_kind kind, GError **error)
{
    r->kind = kind;
    return policy_read_by_pcr(r, node, read_rule, error);
}

static gboolean read_only(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    return read_rules(r, node, EVTPM_RULE_ONLY, error);
}

static gboolean read_require(struct policy_reader *r, JsonNode *node,
                             GError **error)
{
    return read_rules(r, node, EVTPM_RULE_REQUIRE, error);
}

static gboolean read_forbid(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return read_rules(r, node, EVTPM_RULE_FORBID, error);
}

#define SUBJECT(name, read, array)                                             \
    {                                                                          \
        name, read, G_STRUCT_OFFSET(struct policy_reader, array)               \
    }

gboolean policy_read_boot(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    static const struct policy_member members[] = {
        SUBJECT("kernel", read_subject, kernels),
        SUBJECT("kernel_files", read_kernel_files, kernels),
        SUBJECT("initrd", read_subject, initrds),
        SUBJECT("initrd_files", read_initrd_files, initrds),
        SUBJECT("command_line", read_command_line, command_lines),
        { "uki_files", policy_read_uki_files, 0 },
        { "only", read_only, 0 },
        { "require", read_require, 0 },
        { "forbid", read_forbid, 0 },
        { NULL, NULL, 0 },
    };
    r->kernels = policy_new_digests(r);
    r->initrds = policy_new_digests(r);
    r->command_lines = policy_new_digests(r);
    if (!policy_read_object(r, node, members, error)) {
        return FALSE;
    }
    add_subject(r, "kernel", POLICY_PCR_APPLICATIONS, r->kernels);
    add_subject(r, "initrd", POLICY_PCR_LINUX, r->initrds);
    add_subject(r, "command_line", POLICY_PCR_LINUX, r->command_lines);
    return TRUE;
}
