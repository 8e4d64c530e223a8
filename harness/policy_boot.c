/* SPDX-License-Identifier: MIT */
/* The members of a policy about what was booted and what ran: pcrs, boot, ima.
 */
#include "harness/policy_priv.h"

#define ALLOW_LIST_MAX (64u << 20)

/* Where firmware measures what it starts, and Linux's EFI stub its initrd and
 * command line */
#define PCR_APPLICATIONS 4
#define PCR_LINUX 9

static gboolean read_pcr_number(struct policy_reader *r, JsonNode *node,
                                GError **error)
{
    gint64 pcr;
    if (!policy_number(r, node, EVTPM_PCR_COUNT - 1, &pcr, error)) {
        return FALSE;
    }
    *r->mask |= 1u << pcr;
    return TRUE;
}

static gboolean read_required(struct policy_reader *r, JsonNode *node,
                              GError **error)
{
    r->mask = &r->policy->lib.required_pcrs;
    *r->mask = 0;
    return policy_read_list(r, node, read_pcr_number, error);
}

/* An empty list is meant here: every PCR needs a log. */
static gboolean read_unlogged(struct policy_reader *r, JsonNode *node,
                              GError **error)
{
    r->mask = &r->policy->lib.free_pcrs;
    *r->mask = 0;
    if (JSON_NODE_HOLDS_ARRAY(node) &&
        json_array_get_length(json_node_get_array(node)) == 0) {
        return TRUE;
    }
    return policy_read_list(r, node, read_pcr_number, error);
}

static gboolean read_digest(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return policy_hex(r, node, 32, r->digests, error);
}

/* A list of digests that the policy keeps; NULL on error. */
static GArray *read_digests(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    r->digests = g_array_new(FALSE, TRUE, 32);
    g_ptr_array_add(r->policy->digests, r->digests);
    return policy_read_list(r, node, read_digest, error) ? r->digests : NULL;
}

static gboolean read_value(struct policy_reader *r, JsonNode *node,
                           GError **error)
{
    GArray *digests = read_digests(r, node, error);
    if (!digests) {
        return FALSE;
    }
    const struct evtpm_pcr_rule rule = { .pcr = r->pcr,
                                         .values =
                                             (const guint8(*)[32])digests->data,
                                         .value_count = digests->len };
    g_array_append_val(r->policy->pcr_rules, rule);
    return TRUE;
}

static gboolean read_values(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return policy_read_by_pcr(r, node, read_value, error);
}

gboolean policy_read_pcrs(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    static const struct policy_member members[] = {
        { "required", read_required, 0 },
        { "unlogged", read_unlogged, 0 },
        { "values", read_values, 0 },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}

static void add_rule(struct policy_reader *r, enum evtpm_rule_kind kind,
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

/* One of these must have been booted, and nothing else may have been. */
static gboolean add_subject(struct policy_reader *r, guint pcr,
                            const GArray *digests)
{
    if (!digests) {
        return FALSE;
    }
    add_rule(r, EVTPM_RULE_REQUIRE, pcr, digests);
    add_rule(r, EVTPM_RULE_ONLY, pcr, digests);
    return TRUE;
}

static gboolean read_kernel(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return add_subject(r, PCR_APPLICATIONS, read_digests(r, node, error));
}

static gboolean read_initrd(struct policy_reader *r, JsonNode *node,
                            GError **error)
{
    return add_subject(r, PCR_LINUX, read_digests(r, node, error));
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
    GArray *digests = g_array_new(FALSE, TRUE, 32);
    r->digests = digests;
    g_ptr_array_add(r->policy->digests, digests);
    return policy_read_list(r, node, read_text, error) &&
           add_subject(r, PCR_LINUX, digests);
}

static gboolean read_rule(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    GArray *digests = read_digests(r, node, error);
    if (digests) {
        add_rule(r, r->kind, r->pcr, digests);
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

gboolean policy_read_boot(struct policy_reader *r, JsonNode *node,
                          GError **error)
{
    static const struct policy_member members[] = {
        { "kernel", read_kernel, 0 },
        { "initrd", read_initrd, 0 },
        { "command_line", read_command_line, 0 },
        { "only", read_only, 0 },
        { "require", read_require, 0 },
        { "forbid", read_forbid, 0 },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}

static gboolean read_allow_list(struct policy_reader *r, JsonNode *node,
                                GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob text = { 0 };
    if (!policy_file(r, node, ALLOW_LIST_MAX, &text, error)) {
        return FALSE;
    }
    int rc = evtpm_allow_list_add(&r->policy->files, (const char *)text.data,
                                  text.size, &err);
    evtpm_blob_clear(&text);
    r->policy->has_files = TRUE;
    return rc == 0 || policy_fail(r, error, "%s: %s",
                                  json_node_get_string(node), err.text);
}

static gboolean read_allow_lists(struct policy_reader *r, JsonNode *node,
                                 GError **error)
{
    return policy_read_list(r, node, read_allow_list, error);
}

gboolean policy_read_ima(struct policy_reader *r, JsonNode *node,
                         GError **error)
{
    static const struct policy_member members[] = {
        { "allow_lists", read_allow_lists, 0 },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}
