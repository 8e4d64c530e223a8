/* SPDX-License-Identifier: MIT */
/* Canaries of ephemerality. */
#include "harness/canary.h"

#include <string.h>

#include "harness/guest_tpm.h"

#define EK_HASH                                                                \
    "tpm2_createek -Q -G rsa -c canary-ek.ctx -u canary-ek.pub\n"              \
    "echo ek $(sha256sum <canary-ek.pub | cut -d' ' -f1)\n"
#define PRIMARY "tpm2_createprimary -Q -C o -G ecc -c canary.ctx\n"

void canary_clear(struct canary *c)
{
    char **all[] = { &c->ek,         &c->nv,          &c->persistent, &c->pcr,
                     &c->sealed_pub, &c->sealed_priv, &c->secret };
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_free);
    }
}

static const char plant_script[] = EK_HASH PRIMARY
    "tpm2_getrandom -o nv 32\n"
    "tpm2_nvdefine -Q -C o -s 32 " CANARY_NV "\n"
    "tpm2_nvwrite -Q -C o -i nv " CANARY_NV "\n"
    "echo nv $(xxd -p -c 64 nv)\n"
    "tpm2_evictcontrol -Q -C o -c canary.ctx " CANARY_PERSISTENT "\n"
    "tpm2_readpublic -Q -c " CANARY_PERSISTENT " -n name\n"
    "echo persistent $(xxd -p -c 64 name)\n"
    "tpm2_pcrextend 23:sha256=$(sha256sum <nv | cut -d' ' -f1)\n"
    "echo pcr $(pcr 23)\n"
    "tpm2_getrandom -o secret 32\n"
    "tpm2_create -Q -C canary.ctx -i secret -u pub -r priv\n"
    "echo pub $(base64 -w0 pub); echo priv $(base64 -w0 priv)\n"
    "echo secret $(xxd -p -c 64 secret)\n"
    "rm -f nv secret\n";

gboolean canary_plant(struct vm *vm, deadline_t deadline, struct canary *canary,
                      GError **error)
{
    *canary = (struct canary){ 0 };
    g_autoptr(GHashTable) t = guest_tpm_run(vm, plant_script, deadline, error);
    if (!t) {
        return FALSE;
    }
    const struct {
        const char *key;
        char **to;
    } parts[] = { { "ek", &canary->ek },
                  { "nv", &canary->nv },
                  { "persistent", &canary->persistent },
                  { "pcr", &canary->pcr },
                  { "pub", &canary->sealed_pub },
                  { "priv", &canary->sealed_priv },
                  { "secret", &canary->secret } };
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const char *value = guest_tpm_get(t, parts[i].key);
        if (!*value) {
            canary_clear(canary);
            return fail(error, HARNESS_ERROR_FAILED,
                        "no %s came back from the guest", parts[i].key);
        }
        *parts[i].to = g_strdup(value);
    }
    return TRUE;
}

const char *canary_item_name(enum canary_item item)
{
    static const char *const names[] = {
        [CANARY_ITEM_EK] = "endorsement key",
        [CANARY_ITEM_NV] = "NV index",
        [CANARY_ITEM_PERSISTENT] = "persistent handle",
        [CANARY_ITEM_PCR] = "extended PCR",
        [CANARY_ITEM_SEALED] = "sealed object",
    };
    return names[item];
}

void canary_view_clear(struct canary_view *view)
{
    for (int i = 0; i < CANARY_ITEM_COUNT; i++) {
        g_clear_pointer(&view->detail[i], g_free);
    }
}

/*
 * The tools' failures are results here. "why" keeps the TPM's reason, so that a
 * broken tool cannot pass for a TPM that forgot.
 */
static const char look_script[] =
    "why() { sed -n 's/.*(0x[0-9A-Fa-f]*) *-* *//p;s/^ERROR: *//p' err | "
    "head -n1; }\n" EK_HASH PRIMARY
    "if tpm2_nvread -C o -s 32 -o nv.now " CANARY_NV " 2>err; then\n"
    "  echo nv $(xxd -p -c 64 nv.now)\n"
    "else echo nv-why $(why); fi\n"
    "echo nv-listed $(tpm2_getcap handles-nv-index | grep -ci " CANARY_NV
    " || :)\n"
    "if tpm2_readpublic -Q -c " CANARY_PERSISTENT " -n name.now 2>err; then\n"
    "  echo persistent $(xxd -p -c 64 name.now)\n"
    "else echo persistent-why $(why); fi\n"
    "echo persistent-listed $(tpm2_getcap handles-persistent | grep "
    "-ci " CANARY_PERSISTENT " || :)\n"
    "echo pcr $(pcr 23)\n"
    "printf %s \"$pub\" | base64 -d >pub.old\n"
    "printf %s \"$priv\" | base64 -d >priv.old\n"
    "if tpm2_load -Q -C canary.ctx -u pub.old -r priv.old -c old.ctx 2>err\n"
    "then echo sealed $(tpm2_unseal -c old.ctx | xxd -p -c 64)\n"
    "else echo sealed-why $(why); fi\n";

static void judge(struct canary_view *view, GHashTable *t,
                  enum canary_item item, const char *key, const char *left)
{
    g_autofree char *why_key = g_strconcat(key, "-why", NULL);
    const char *now = guest_tpm_get(t, key);
    const char *why = guest_tpm_get(t, why_key);
    view->there[item] = *left && g_ascii_strcasecmp(now, left) == 0;
    view->detail[item] =
        view->there[item] ? g_strdup_printf("as it was (%.16s…)", now)
        : *now            ? g_strdup_printf("%.16s…, was %.16s…", now, left)
                          : g_strdup_printf("gone: %s", why);
}

/* A TPM that forgot gives another EK, another PCR value, and its reasons;
 * silence is no proof. */
static gboolean check_answers(GHashTable *t, struct canary_view *view,
                              GError **error)
{
    static const char *const keys[][2] = { { "ek", "ek" },
                                           { "nv", "nv-why" },
                                           { "persistent", "persistent-why" },
                                           { "pcr", "pcr" },
                                           { "sealed", "sealed-why" } };
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!*guest_tpm_get(t, keys[i][0]) && !*guest_tpm_get(t, keys[i][1])) {
            canary_view_clear(view);
            return fail(error, HARNESS_ERROR_FAILED,
                        "the guest says nothing about \"%s\"", keys[i][0]);
        }
    }
    return TRUE;
}

gboolean canary_look(struct vm *vm, deadline_t deadline, const struct canary *c,
                     struct canary_view *view, GError **error)
{
    *view = (struct canary_view){ 0 };
    g_autofree char *script = g_strdup_printf(
        "pub=%s\npriv=%s\n%s", c->sealed_pub, c->sealed_priv, look_script);
    g_autoptr(GHashTable) t = guest_tpm_run(vm, script, deadline, error);
    if (!t) {
        return FALSE;
    }
    judge(view, t, CANARY_ITEM_EK, "ek", c->ek);
    judge(view, t, CANARY_ITEM_NV, "nv", c->nv);
    judge(view, t, CANARY_ITEM_PERSISTENT, "persistent", c->persistent);
    judge(view, t, CANARY_ITEM_PCR, "pcr", c->pcr);
    judge(view, t, CANARY_ITEM_SEALED, "sealed", c->secret);
    /* a handle that is listed but cannot be read is still there */
    const struct {
        enum canary_item item;
        const char *key;
    } listed[] = { { CANARY_ITEM_NV, "nv-listed" },
                   { CANARY_ITEM_PERSISTENT, "persistent-listed" } };
    for (size_t i = 0; i < G_N_ELEMENTS(listed); i++) {
        if (strcmp(guest_tpm_get(t, listed[i].key), "0") != 0 &&
            !view->there[listed[i].item]) {
            view->there[listed[i].item] = TRUE;
            g_free(view->detail[listed[i].item]);
            view->detail[listed[i].item] = g_strdup("its handle is listed");
        }
    }
    return check_answers(t, view, error);
}
