/* SPDX-License-Identifier: MIT */
/*
 * A key server for emulated chips. Formats are AMD's: a VCEK and a revocation
 * list as DER, the chain of ASK and ARK as PEM.
 */
#include "harness/kds.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include "lib/certs.h"
#include "lib/chip.h"
#include "lib/chip_admin.h"

#define TYPE_CERT "application/pkix-cert"
#define TYPE_CRL "application/pkix-crl"
#define TYPE_PEM "application/x-pem-file"
#define TYPE_TEXT "text/plain"

/* Query names, in AMD's order; the first one is Turin's. */
static const struct {
    const char *name;
    size_t offset;
} parts[] = {
    { "fmcSPL", G_STRUCT_OFFSET(struct snp_tcb, fmc) },
    { "blSPL", G_STRUCT_OFFSET(struct snp_tcb, bootloader) },
    { "teeSPL", G_STRUCT_OFFSET(struct snp_tcb, tee) },
    { "snpSPL", G_STRUCT_OFFSET(struct snp_tcb, snp) },
    { "ucodeSPL", G_STRUCT_OFFSET(struct snp_tcb, microcode) },
};

static size_t first_part(enum snp_product product)
{
    return product == SNP_PRODUCT_TURIN ? 0 : 1;
}

char *kds_vcek_path(enum snp_product product, const guint8 chip_id[64],
                    const struct snp_tcb *tcb)
{
    const char *separator = "?";
    char hex[129];
    evtpm_hex(hex, sizeof(hex), chip_id, snp_product_chip_id_size(product));
    GString *path = g_string_new(NULL);
    g_string_printf(path, "/vcek/v1/%s/%s", snp_product_name(product), hex);
    for (size_t i = first_part(product); i < G_N_ELEMENTS(parts); i++) {
        g_string_append_printf(
            path, "%s%s=%02u", separator, parts[i].name,
            G_STRUCT_MEMBER(const guint8, tcb, parts[i].offset));
        separator = "&";
    }
    return g_string_free(path, FALSE);
}

gboolean kds_check(const struct kds *kds, GError **error)
{
    struct evtpm_error err = { "" };
    for (char **dir = kds->chips; *dir; dir++) {
        struct evtpm_chip *chip = evtpm_chip_load(*dir, &err);
        if (!chip) {
            return fail_lib(error, &err);
        }
        evtpm_chip_free(chip);
    }
    return TRUE;
}

void kds_reply_clear(struct kds_reply *reply)
{
    evtpm_blob_clear(&reply->body);
}

static void say(struct kds_reply *reply, unsigned status, const char *text)
{
    reply->status = status;
    reply->type = TYPE_TEXT;
    evtpm_blob_set(&reply->body, text, strlen(text));
}

/* Whose certificates are asked for. */
struct wanted {
    enum snp_product product;
    gboolean vlek;         /* a chip that has one; else any */
    const guint8 *chip_id; /* the chip that has it, or NULL */
};

/* The first chip that fits. */
static struct evtpm_chip *find_chip(const struct kds *kds,
                                    const struct wanted *w, const char **where)
{
    for (char **dir = kds->chips; *dir; dir++) {
        struct evtpm_chip *chip = evtpm_chip_load(*dir, NULL);
        if (chip && chip->product == w->product &&
            (!w->vlek || chip->vlek.size) &&
            (!w->chip_id ||
             memcmp(chip->chip_id, w->chip_id, sizeof(chip->chip_id)) == 0)) {
            *where = *dir;
            return chip;
        }
        evtpm_chip_free(chip);
    }
    return NULL;
}

static void append_pem(GString *text, const struct evtpm_blob *der)
{
    gnutls_datum_t in = { der->data, (unsigned)der->size }, pem = { 0 };
    if (gnutls_pem_base64_encode2("CERTIFICATE", &in, &pem) == 0) {
        g_string_append_len(text, (const char *)pem.data, pem.size);
        gnutls_free(pem.data);
    }
}

static void not_found(const struct wanted *w, struct kds_reply *reply)
{
    say(reply, 404,
        w->vlek ? "no VLEK of this product\n" : "no chip of this product\n");
}

/* ASK or ASVK, then ARK. */
static void answer_chain(const struct kds *kds, const struct wanted *w,
                         struct kds_reply *reply)
{
    const char *dir;
    struct evtpm_chip *chip = find_chip(kds, w, &dir);
    if (!chip) {
        not_found(w, reply);
        return;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    append_pem(text, w->vlek ? &chip->asvk : &chip->ask);
    append_pem(text, &chip->ark);
    evtpm_chip_free(chip);
    reply->status = 200;
    reply->type = TYPE_PEM;
    evtpm_blob_set(&reply->body, text->str, text->len);
}

static void answer_crl(const struct kds *kds, const struct wanted *w,
                       struct kds_reply *reply)
{
    const char *dir;
    struct evtpm_chip *chip = find_chip(kds, w, &dir);
    if (!chip) {
        not_found(w, reply);
    } else if (evtpm_chip_crl(dir, &reply->body, NULL) < 0) {
        say(reply, 500, "the revocation list cannot be made\n");
    } else {
        reply->status = 200;
        reply->type = TYPE_CRL;
    }
    evtpm_chip_free(chip);
}

/* All components, each a number of at most three digits, and nothing else. */
static gboolean read_tcb(enum snp_product product, GHashTable *query,
                         struct snp_tcb *tcb)
{
    const size_t first = first_part(product);
    *tcb = (struct snp_tcb){ 0 };
    for (size_t i = first; i < G_N_ELEMENTS(parts); i++) {
        const char *text =
            query ? g_hash_table_lookup(query, parts[i].name) : NULL;
        guint64 value;
        if (!text || strlen(text) > 3 ||
            !g_ascii_string_to_unsigned(text, 10, 0, 255, &value, NULL)) {
            return FALSE;
        }
        G_STRUCT_MEMBER(guint8, tcb, parts[i].offset) = (guint8)value;
    }
    return g_hash_table_size(query) == G_N_ELEMENTS(parts) - first;
}

static void answer_leaf(const struct kds *kds, const struct wanted *w,
                        const struct snp_tcb *tcb, struct kds_reply *reply)
{
    const char *dir;
    struct evtpm_chip *chip = find_chip(kds, w, &dir);
    int rc = -1;
    if (chip) {
        rc = w->vlek ? evtpm_chip_vlek(dir, tcb, &reply->body, NULL)
                     : evtpm_chip_vcek(dir, tcb, &reply->body, NULL);
    }
    if (rc == 0) {
        reply->status = 200;
        reply->type = TYPE_CERT;
    } else {
        say(reply, 404,
            chip      ? "the chip never had this TCB\n"
            : w->vlek ? "no VLEK of this product\n"
                      : "no such chip\n");
    }
    evtpm_chip_free(chip);
}

/* "cert" for the VLEK, which is no one chip's; else the hardware id. */
static void answer_certificate(const struct kds *kds, struct wanted *w,
                               const char *name, GHashTable *query,
                               struct kds_reply *reply)
{
    const gsize size = snp_product_chip_id_size(w->product);
    guint8 chip_id[64] = { 0 };
    struct snp_tcb tcb;
    if (w->vlek
            ? strcmp(name, "cert") != 0
            : strlen(name) != 2 * size || !evtpm_unhex(chip_id, size, name)) {
        say(reply, w->vlek ? 404 : 400,
            w->vlek ? "no such path\n" : "malformed hardware id\n");
        return;
    }
    if (!read_tcb(w->product, query, &tcb)) {
        say(reply, 400, "malformed TCB\n");
        return;
    }
    w->chip_id = w->vlek ? NULL : chip_id;
    answer_leaf(kds, w, &tcb, reply);
}

static gboolean exact_product(const char *name, enum snp_product *product)
{
    return snp_product_parse(name, product) &&
           strcmp(name, snp_product_name(*product)) == 0;
}

void kds_answer(const struct kds *kds, const char *path, GHashTable *query,
                struct kds_reply *reply)
{
    g_auto(GStrv) word = g_strsplit(path, "/", 6);
    struct wanted w = { .vlek = FALSE };
    memset(reply, 0, sizeof(*reply));
    /* "", "vcek" or "vlek", "v1", PRODUCT, WHAT */
    if (g_strv_length(word) != 5 || *word[0] ||
        (strcmp(word[1], "vcek") != 0 && strcmp(word[1], "vlek") != 0) ||
        strcmp(word[2], "v1") != 0) {
        say(reply, 404, "no such path\n");
        return;
    }
    w.vlek = strcmp(word[1], "vlek") == 0;
    if (!exact_product(word[3], &w.product)) {
        say(reply, 404, "no such product\n");
    } else if (strcmp(word[4], "cert_chain") == 0) {
        answer_chain(kds, &w, reply);
    } else if (strcmp(word[4], "crl") == 0) {
        answer_crl(kds, &w, reply);
    } else {
        answer_certificate(kds, &w, word[4], query, reply);
    }
}
