/* SPDX-License-Identifier: MIT */
/* Traces of a boot. */
#include "tests/e2e/traces.h"

#include <string.h>

#include "evtpm/svsm_boot.h"
#include "harness/state.h"
#include "tests/e2e/swap.h"

#define MODULE "/usr/lib/modules/evtpm-test.ko"
#define INDEX "0x1500031"
#define HOUR 3600000

const char *const trace_name[TRACE_COUNT] = { "EK",      "SRK",     "PCR",
                                              "NV",      "handle",  "sealed",
                                              "context", "clock",   "files",
                                              "shared",  "private", "swap" };
const char *const trace_kept[TRACE_COUNT] = { "same",  "same",    "same",
                                              "there", "there",   "opens",
                                              "loads", "goes on", "none",
                                              "none",  "there",   "locked" };
const char *const trace_lost[TRACE_COUNT] = { "other",   "other",  "zero",
                                              "gone",    "gone",   "refused",
                                              "refused", "begins", "none",
                                              "none",    "gone",   "locked" };

#define SRK                                                                    \
    "tpm2_createprimary -Q -C o -G ecc -c srk.ctx\n"                           \
    "tpm2_readpublic -Q -c srk.ctx -n srk.name\n"                              \
    "echo srk $(xxd -p -c 64 srk.name)\n"
#define CLOCK "clock() { tpm2_readclock | sed -n \"s/^ *$1: *//p\"; }\n"

static char *taken(GHashTable *t, const char *key)
{
    const char *value = guest_tpm_get(t, key);
    g_assert_cmpstr(value, !=, "");
    return g_strdup(value);
}

static char *counts(GHashTable *t)
{
    return g_strdup_printf("%s resets, %s restarts", guest_tpm_get(t, "resets"),
                           guest_tpm_get(t, "restarts"));
}

/* The control of the searches in files and shared memory: what the guest gives
 * away is found there. */
static void give_away(struct vm *vm, struct secret *s)
{
    secret_make(s, "given");
    g_free(e2e_guest(vm,
                     "hex=$(printf %s | sha256sum | cut -d' ' -f1) && "
                     "echo $hex >/dev/ttyS0 && insmod " MODULE " share=$hex",
                     s->seed));
    e2e_await(files_hold(vm, s->hex, 64) > 0);
    g_assert_cmpuint(memory_hits(vm, "shared", s->hex, 64, 0, G_MAXUINT64), >,
                     0);
}

void traces_leave(struct vm *vm, struct traces *traces)
{
    g_autoptr(GError) error = NULL;
    *traces = (struct traces){ 0 };
    canary_plant(vm, deadline_in(E2E_SECONDS), &traces->canary, &error);
    e2e_check(vm, error);
    secret_make(&traces->secret, "trace");
    secret_store(vm, &traces->secret, INDEX);
    g_autoptr(GHashTable) t = e2e_tpm(
        vm,
        CLOCK SRK "tpm2_create -Q -C srk.ctx -G ecc -u k.pub -r k.priv\n"
                  "tpm2_load -Q -C srk.ctx -u k.pub -r k.priv -c saved.ctx\n"
                  "echo context $(base64 -w0 saved.ctx)\n"
                  "tpm2_setclock -Q -c o $(($(clock clock) + %d))\n"
                  "echo clock $(clock clock)\n"
                  "echo resets $(clock reset_count)\n"
                  "echo restarts $(clock restart_count)\n",
        HOUR);
    traces->srk = taken(t, "srk");
    traces->context = taken(t, "context");
    traces->clock = g_ascii_strtoll(guest_tpm_get(t, "clock"), NULL, 10);
    traces->counts = counts(t);
    g_assert_cmpint(traces->clock, >=, HOUR);
    give_away(vm, &traces->given);
}

void traces_clear(struct traces *traces)
{
    canary_clear(&traces->canary);
    secret_clear(&traces->secret);
    secret_clear(&traces->given);
    g_free(traces->srk);
    g_free(traces->context);
    g_free(traces->counts);
}

static const char *word(enum trace trace, gboolean kept)
{
    return kept ? trace_kept[trace] : trace_lost[trace];
}

static void look_for_canary(struct vm *vm, const struct traces *traces,
                            const char *seen[TRACE_COUNT])
{
    static const struct {
        enum trace trace;
        enum canary_item item;
    } items[] = { { TRACE_EK, CANARY_ITEM_EK },
                  { TRACE_PCR, CANARY_ITEM_PCR },
                  { TRACE_NV, CANARY_ITEM_NV },
                  { TRACE_PERSISTENT, CANARY_ITEM_PERSISTENT },
                  { TRACE_SEALED, CANARY_ITEM_SEALED } };
    g_autoptr(GError) error = NULL;
    struct canary_view view;
    canary_look(vm, deadline_in(E2E_SECONDS), &traces->canary, &view, &error);
    e2e_check(vm, error);
    for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
        seen[items[i].trace] = word(items[i].trace, view.there[items[i].item]);
    }
    canary_view_clear(&view);
}

static void look_in_tpm(struct vm *vm, const struct traces *traces,
                        const char *seen[TRACE_COUNT])
{
    g_autoptr(GHashTable) t = e2e_tpm(
        vm,
        CLOCK SRK
        "echo pcr $(pcr 23)\n"
        "printf %%s %s | base64 -d >old.ctx\n"
        "if tpm2_readpublic -Q -c old.ctx 2>err; then echo context loads\n"
        "else echo context $(sed -n 's/.*(\\(0x[0-9A-Fa-f]*\\)).*/\\1/p' err);"
        " fi\n"
        "echo clock $(clock clock)\n"
        "echo resets $(clock reset_count)\n"
        "echo restarts $(clock restart_count)\n",
        traces->context);
    g_autofree char *now = counts(t);
    gint64 clock = g_ascii_strtoll(guest_tpm_get(t, "clock"), NULL, 10);
    const char *context = guest_tpm_get(t, "context");
    seen[TRACE_SRK] =
        word(TRACE_SRK, strcmp(guest_tpm_get(t, "srk"), traces->srk) == 0);
    if (strspn(guest_tpm_get(t, "pcr"), "0") != 64 &&
        seen[TRACE_PCR] == trace_lost[TRACE_PCR]) {
        seen[TRACE_PCR] = "neither";
    }
    /* TPM_RC_INTEGRITY, of the context */
    seen[TRACE_CONTEXT] = strcmp(context, "loads") == 0   ? "loads"
                          : strcmp(context, "0x1DF") == 0 ? "refused"
                                                          : "neither";
    /* each boot counts as if it were the first */
    seen[TRACE_CLOCK] = strcmp(now, traces->counts) != 0 ? "counts"
                        : clock >= traces->clock         ? "goes on"
                        : clock < HOUR                   ? "begins"
                                                         : "neither";
}

static void look_outside(struct vm *vm, const struct traces *traces,
                         const char *seen[TRACE_COUNT])
{
    const struct secret *s = &traces->secret;
    g_autofree char *root = state_root(NULL);
    unsigned files =
        files_hold(vm, s->bytes, SECRET_SIZE) + files_hold(vm, s->hex, 16) +
        tree_holds(root, s->bytes, SECRET_SIZE) + tree_holds(root, s->hex, 16);
    unsigned shared =
        memory_hits(vm, "shared", s->bytes, SECRET_SIZE, 0, G_MAXUINT64) +
        memory_hits(vm, "shared", s->hex, 16, 0, G_MAXUINT64);
    /* the console's log of an earlier boot may stay, memory may not */
    const struct secret *g = &traces->given;
    gboolean page = memory_hits(vm, "shared", g->hex, 64, 0, G_MAXUINT64) > 0;
    unsigned private =
        memory_hits(vm, "private", s->bytes, SECRET_SIZE, 0, G_MAXUINT64);
    unsigned svsm = memory_hits(vm, "private", s->bytes, SECRET_SIZE, SVSM_BASE,
                                SVSM_BASE + SVSM_REGION_SIZE);
    seen[TRACE_FILES] = files ? "FOUND" : "none";
    seen[TRACE_SHARED] = shared               ? "FOUND"
                         : page == (svsm > 0) ? "none"
                                              : "STALE";
    seen[TRACE_PRIVATE] = svsm ? "there" : private ? "elsewhere" : "gone";
}

void traces_look(struct vm *vm, const struct traces *traces,
                 const char *seen[TRACE_COUNT])
{
    look_for_canary(vm, traces, seen);
    look_in_tpm(vm, traces, seen);
    look_outside(vm, traces, seen);
    seen[TRACE_SWAP] = swap_look(vm);
}
