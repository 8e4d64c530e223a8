/* SPDX-License-Identifier: MIT */
/* The members of a policy about PCRs and about what ran: pcrs, ima. */
#include "harness/policy_priv.h"

#define ALLOW_LIST_MAX (64u << 20)

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

static gboolean read_value(struct policy_reader *r, JsonNode *node,
                           GError **error)
{
    GArray *digests = policy_digests(r, node, error);
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
