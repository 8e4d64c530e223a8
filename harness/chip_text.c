/* SPDX-License-Identifier: MIT */
/* Emulated processors in words. */
#include "harness/chip_text.h"

#include <gnutls/crypto.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "harness/kds.h"
#include "lib/certs.h"
#include "lib/chip.h"

static const struct {
    const char *name;
    size_t offset;
} components[] = {
    { "fmc", G_STRUCT_OFFSET(struct snp_tcb, fmc) },
    { "bootloader", G_STRUCT_OFFSET(struct snp_tcb, bootloader) },
    { "tee", G_STRUCT_OFFSET(struct snp_tcb, tee) },
    { "snp", G_STRUCT_OFFSET(struct snp_tcb, snp) },
    { "microcode", G_STRUCT_OFFSET(struct snp_tcb, microcode) },
};

static guint8 *find_component(enum snp_product product, struct snp_tcb *tcb,
                              const char *name, gsize length)
{
    for (size_t i = product == SNP_PRODUCT_TURIN ? 0 : 1;
         i < G_N_ELEMENTS(components); i++) {
        if (strlen(components[i].name) == length &&
            strncmp(components[i].name, name, length) == 0) {
            return &G_STRUCT_MEMBER(guint8, tcb, components[i].offset);
        }
    }
    return NULL;
}

gboolean chip_parse_tcb(const char *text, enum snp_product product,
                        struct snp_tcb *tcb, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, ",", -1);
    for (char **w = words; *w; w++) {
        const char *equals = strchr(*w, '=');
        guint8 *at =
            equals ? find_component(product, tcb, *w, (gsize)(equals - *w))
                   : NULL;
        guint64 value;
        if (!at) {
            return fail(error, HARNESS_ERROR_USAGE,
                        "bad TCB component \"%s\": %sbootloader, tee, snp or "
                        "microcode, = and a number",
                        *w, product == SNP_PRODUCT_TURIN ? "fmc, " : "");
        }
        if (!g_ascii_string_to_unsigned(equals + 1, 10, 0, 255, &value, NULL)) {
            return fail(error, HARNESS_ERROR_USAGE,
                        "bad TCB component \"%s\": a number from 0 to 255", *w);
        }
        *at = (guint8)value;
    }
    return words[0] != NULL || fail(error, HARNESS_ERROR_USAGE,
                                    "the list of TCB components is "
                                    "empty");
}

/* What both forms show. */
struct description {
    struct evtpm_chip *chip;
    struct snp_tcb history[EVTPM_CHIP_HISTORY_MAX];
    int count;
    char id[129], root[65], subject[256];
    char csp_id[64]; /* of the VLEK; "" without one */
};

static void describe_vlek(struct description *d)
{
    struct evtpm_vcek_info info;
    gnutls_x509_crt_t crt =
        d->chip->vlek.size ? evtpm_cert_import(&d->chip->vlek, NULL) : NULL;
    if (crt && evtpm_vlek_read(crt, &info, NULL) == 0) {
        g_strlcpy(d->csp_id, info.csp_id, sizeof(d->csp_id));
    }
    if (crt) {
        gnutls_x509_crt_deinit(crt);
    }
}

static gboolean describe(const char *dir, struct description *d, GError **error)
{
    struct evtpm_error err = { "" };
    guint8 digest[32];
    d->chip = evtpm_chip_load(dir, &err);
    d->count = d->chip ? evtpm_chip_history(dir, d->history,
                                            G_N_ELEMENTS(d->history), &err)
                       : -1;
    if (d->count < 0) {
        evtpm_chip_free(d->chip);
        return fail_lib(error, &err);
    }
    evtpm_hex(d->id, sizeof(d->id), d->chip->chip_id,
              snp_product_chip_id_size(d->chip->product));
    gnutls_hash_fast(GNUTLS_DIG_SHA256, d->chip->ark.data, d->chip->ark.size,
                     digest);
    evtpm_hex(d->root, sizeof(d->root), digest, sizeof(digest));
    evtpm_cert_subject(&d->chip->ark, d->subject, sizeof(d->subject));
    d->csp_id[0] = '\0';
    describe_vlek(d);
    return TRUE;
}

char *chip_describe(const char *dir, GError **error)
{
    struct description d;
    char text[128];
    if (!describe(dir, &d, error)) {
        return NULL;
    }
    const enum snp_product product = d.chip->product;
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "product      %s, emulated\n",
                           snp_product_name(product));
    g_string_append_printf(out, "chip id      %s\n", d.id);
    g_string_append_printf(
        out, "TCB          %s\n",
        snp_tcb_format(product, &d.chip->tcb, text, sizeof(text)));
    for (int i = d.count - 2; i >= 0; i--) {
        g_string_append_printf(
            out, "%-12s %s\n", i == d.count - 2 ? "earlier" : "",
            snp_tcb_format(product, &d.history[i], text, sizeof(text)));
    }
    g_autofree char *path =
        kds_vcek_path(product, d.chip->chip_id, &d.chip->tcb);
    if (*d.csp_id) {
        g_string_append_printf(out, "VLEK         of %s\n", d.csp_id);
    }
    g_string_append_printf(out, "root         %s\n", d.subject);
    g_string_append_printf(out, "  SHA-256    %s\n", d.root);
    g_string_append_printf(out, "KDS path     %s", path);
    evtpm_chip_free(d.chip);
    return g_string_free(out, FALSE);
}

static JsonObject *tcb_json(enum snp_product product, struct snp_tcb *tcb)
{
    JsonObject *o = json_object_new();
    for (size_t i = product == SNP_PRODUCT_TURIN ? 0 : 1;
         i < G_N_ELEMENTS(components); i++) {
        json_object_set_int_member(
            o, components[i].name,
            G_STRUCT_MEMBER(guint8, tcb, components[i].offset));
    }
    return o;
}

char *chip_describe_json(const char *dir, GError **error)
{
    struct description d;
    if (!describe(dir, &d, error)) {
        return NULL;
    }
    const enum snp_product product = d.chip->product;
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *path =
        kds_vcek_path(product, d.chip->chip_id, &d.chip->tcb);
    JsonObject *o = json_object_new();
    JsonArray *history = json_array_new();
    for (int i = 0; i < d.count; i++) {
        json_array_add_object_element(history,
                                      tcb_json(product, &d.history[i]));
    }
    json_object_set_string_member(o, "product", snp_product_name(product));
    json_object_set_boolean_member(o, "emulated", TRUE);
    json_object_set_string_member(o, "chip_id", d.id);
    json_object_set_object_member(o, "tcb", tcb_json(product, &d.chip->tcb));
    json_object_set_array_member(o, "history", history);
    if (*d.csp_id) {
        json_object_set_string_member(o, "csp_id", d.csp_id);
    }
    json_object_set_string_member(o, "root_subject", d.subject);
    json_object_set_string_member(o, "root_sha256", d.root);
    json_object_set_string_member(o, "kds_path", path);
    json_node_take_object(node, o);
    evtpm_chip_free(d.chip);
    return json_to_string(node, TRUE);
}
