/* SPDX-License-Identifier: MIT */
/* The members of a policy about the platform and about time. */
#include "harness/policy_priv.h"

#define SPL_MAX 255

static gboolean read_spl(struct policy_reader *r, JsonNode *node,
                         GError **error)
{
    guint8 *spl = (guint8 *)&r->policy->floors[r->product] + r->offset;
    gint64 value;
    if (!policy_number(r, node, SPL_MAX, &value, error)) {
        return FALSE;
    }
    *spl = (guint8)value;
    return TRUE;
}

#define SPL(component)                                                         \
    {                                                                          \
#component, read_spl, G_STRUCT_OFFSET(struct snp_tcb, component)       \
    }

/* r->offset says which product. Turin alone has an FMC. */
static gboolean read_product(struct policy_reader *r, JsonNode *node,
                             GError **error)
{
    static const struct policy_member members[] = {
        SPL(fmc), SPL(bootloader), SPL(tee),
        SPL(snp), SPL(microcode),  { NULL, NULL, 0 },
    };
    r->product = (enum snp_product)r->offset;
    r->policy->lib.tcb_products |= 1u << r->product;
    return policy_read_object(
        r, node, members + (r->product == SNP_PRODUCT_TURIN ? 0 : 1), error);
}

gboolean policy_read_minimum_tcb(struct policy_reader *r, JsonNode *node,
                                 GError **error)
{
    static const struct policy_member members[] = {
        { "Milan", read_product, SNP_PRODUCT_MILAN },
        { "Genoa", read_product, SNP_PRODUCT_GENOA },
        { "Turin", read_product, SNP_PRODUCT_TURIN },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error) &&
           (r->policy->lib.tcb_products ||
            policy_fail(r, error, "names no product"));
}

/* "1.51" */
static gboolean read_abi(struct policy_reader *r, JsonNode *node,
                         GError **error)
{
    const char *text = policy_string(r, node, error);
    guint64 major, minor;
    if (!text) {
        return FALSE;
    }
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    if (g_strv_length(parts) != 2 ||
        !g_ascii_string_to_unsigned(parts[0], 10, 0, 255, &major, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, 255, &minor, NULL)) {
        return policy_fail(r, error, "is no version like \"1.51\"");
    }
    r->policy->lib.abi_major = (guint8)major;
    r->policy->lib.abi_minor = (guint8)minor;
    return TRUE;
}

#define FLAG(name)                                                             \
    {                                                                          \
#name, policy_read_flag, G_STRUCT_OFFSET(struct evtpm_policy, name)    \
    }

gboolean policy_read_guest_policy(struct policy_reader *r, JsonNode *node,
                                  GError **error)
{
    static const struct policy_member members[] = {
        FLAG(allow_debug),
        FLAG(allow_migration),
        FLAG(forbid_smt),
        FLAG(require_single_socket),
        { "minimum_abi", read_abi, 0 },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}

static gboolean read_maximum_age(struct policy_reader *r, JsonNode *node,
                                 GError **error)
{
    gint64 value;
    if (!policy_number(r, node, G_MAXINT32, &value, error)) {
        return FALSE;
    }
    r->policy->lib.maximum_age = (unsigned)value;
    return value > 0 ||
           policy_fail(r, error, "0 is no age: leave it out for any");
}

gboolean policy_read_freshness(struct policy_reader *r, JsonNode *node,
                               GError **error)
{
    static const struct policy_member members[] = {
        { "maximum_age", read_maximum_age, 0 },
        { NULL, NULL, 0 },
    };
    return policy_read_object(r, node, members, error);
}
