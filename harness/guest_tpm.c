/* SPDX-License-Identifier: MIT */
/* Scripts for the TPM in the guest, and what their results must be. */
#include "harness/guest_tpm.h"

#include <string.h>

#include "lib/blob.h"

/* /dev/tpmrm0: what one tool leaves loaded must not be in the next one's way */
#define PREAMBLE                                                               \
    "set -eu\n"                                                                \
    "export TPM2TOOLS_TCTI=${TPM2TOOLS_TCTI:-device:/dev/tpmrm0}\n"            \
    "export TSS2_LOG=all+none\n"                                               \
    "umask 077; mkdir -p /run/evtpm-work; cd /run/evtpm-work\n"                \
    "pcr() { tpm2_pcrread \"sha256:$1\" | sed -n 's/.*: *0x//p'; }\n"

#define PRIMARY "tpm2_createprimary -Q -C o -G ecc -c primary.ctx\n"

GHashTable *guest_tpm_run(struct vm *vm, const char *script,
                          deadline_t deadline, GError **error)
{
    g_autofree char *whole = g_strconcat(PREAMBLE, script, NULL);
    struct ga_result result;
    if (!vm_wait_agent(vm, deadline, error)) {
        return NULL;
    }
    if (!ga_exec(&vm->ga, whole, NULL, deadline, &result, error)) {
        vm_explain(vm, error);
        return NULL;
    }
    gsize size;
    const char *data = g_bytes_get_data(result.out, &size);
    g_autofree char *out = g_strndup(data ? data : "", size);
    data = g_bytes_get_data(result.err, &size);
    g_autofree char *err = g_strndup(data ? data : "", size);
    int status = result.status;
    ga_result_clear(&result);
    if (status != 0) {
        char *newline = strchr(g_strstrip(err), '\n');
        if (newline) {
            *newline = '\0';
        }
        fail(error, HARNESS_ERROR_FAILED, "a TPM script failed: %s",
             *err ? err : "no reason given");
        return NULL;
    }
    GHashTable *table =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    for (char **line = lines; *line; line++) {
        char *space = strchr(*line, ' ');
        if (space) {
            g_hash_table_insert(table, g_strndup(*line, (gsize)(space - *line)),
                                g_strdup(g_strstrip(space + 1)));
        }
    }
    return table;
}

const char *guest_tpm_get(GHashTable *table, const char *key)
{
    const char *value = g_hash_table_lookup(table, key);
    return value ? value : "";
}

static char *judge_random(GHashTable *t, GError **error)
{
    const char *a = guest_tpm_get(t, "a"), *b = guest_tpm_get(t, "b");
    if (strlen(a) != 64 || strlen(b) != 64 || strcmp(a, b) == 0) {
        fail(error, HARNESS_ERROR_FAILED, "random numbers: \"%s\", \"%s\"", a,
             b);
        return NULL;
    }
    return g_strdup_printf("%.16s…", a);
}

/* The new value must be SHA-256(old || extended), computed here. */
static char *judge_pcr(GHashTable *t, GError **error)
{
    guint8 both[64];
    const char *after = guest_tpm_get(t, "after");
    if (!evtpm_unhex(both, 32, guest_tpm_get(t, "before")) ||
        !evtpm_unhex(both + 32, 32, guest_tpm_get(t, "with"))) {
        fail(error, HARNESS_ERROR_FAILED, "the PCR cannot be read");
        return NULL;
    }
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, both, sizeof(both));
    if (g_ascii_strcasecmp(sum, after) != 0) {
        fail(error, HARNESS_ERROR_FAILED,
             "PCR 23 is %s after an extend, not %s", after, sum);
        return NULL;
    }
    return g_strdup_printf("PCR 23 = SHA-256(old || new) = %.16s…", sum);
}

static char *judge_nv(GHashTable *t, GError **error)
{
    const char *out = guest_tpm_get(t, "read");
    if (strcmp(out, guest_tpm_get(t, "written")) != 0 || strlen(out) != 64) {
        fail(error, HARNESS_ERROR_FAILED, "NV read back \"%s\"", out);
        return NULL;
    }
    return g_strdup("index 0x1500020, 32 bytes read back");
}

static char *judge_primary(GHashTable *t, GError **error)
{
    const char *a = guest_tpm_get(t, "a"), *b = guest_tpm_get(t, "b");
    if (strlen(a) != 68 || strcmp(a, b) != 0) {
        fail(error, HARNESS_ERROR_FAILED,
             "the primary key's name is \"%s\", then \"%s\"", a, b);
        return NULL;
    }
    return g_strdup_printf("ECC P-256, name %.16s…", a);
}

static char *judge_seal(GHashTable *t, GError **error)
{
    const char *out = guest_tpm_get(t, "unsealed");
    if (strcmp(out, "a secret of this boot") != 0) {
        fail(error, HARNESS_ERROR_FAILED, "unsealed \"%s\"", out);
        return NULL;
    }
    return g_strdup("unsealed to what was sealed");
}

static char *judge_quote(GHashTable *t, GError **error)
{
    if (strcmp(guest_tpm_get(t, "good"), "0") != 0) {
        fail(error, HARNESS_ERROR_FAILED, "the quote does not verify");
        return NULL;
    }
    if (strcmp(guest_tpm_get(t, "other-nonce"), "0") == 0) {
        fail(error, HARNESS_ERROR_FAILED,
             "the quote verifies for a nonce that it is not for");
        return NULL;
    }
    return g_strdup("verifies, and not for another nonce");
}

const struct tpm_work tpm_works[] = {
    { "random", "random numbers",
      "echo a $(tpm2_getrandom --hex 32)\n"
      "echo b $(tpm2_getrandom --hex 32)\n",
      judge_random },
    { "pcr", "PCR read and extend",
      "with=$(printf evtpm | sha256sum | cut -d' ' -f1)\n"
      "echo before $(pcr 23)\n"
      "tpm2_pcrextend 23:sha256=$with\n"
      "echo with $with; echo after $(pcr 23)\n",
      judge_pcr },
    { "nv", "NV define, write, read",
      "tpm2_getrandom -o nv.in 32\n"
      "tpm2_nvdefine -Q -C o -s 32 0x1500020\n"
      "tpm2_nvwrite -Q -C o -i nv.in 0x1500020\n"
      "tpm2_nvread -C o -s 32 -o nv.out 0x1500020\n"
      "tpm2_nvundefine -Q -C o 0x1500020\n"
      "echo written $(xxd -p -c 64 nv.in); echo read $(xxd -p -c 64 nv.out)\n",
      judge_nv },
    { "primary", "primary key",
      "for k in a b; do\n" PRIMARY
      "tpm2_readpublic -Q -c primary.ctx -n $k.name\n"
      "echo $k $(xxd -p -c 64 $k.name)\n"
      "done\n",
      judge_primary },
    { "seal", "seal and unseal",
      PRIMARY
      "printf 'a secret of this boot' | tpm2_create -Q -C primary.ctx -i - \\\n"
      "  -u seal.pub -r seal.priv\n"
      "tpm2_load -Q -C primary.ctx -u seal.pub -r seal.priv -c seal.ctx\n"
      "echo unsealed $(tpm2_unseal -c seal.ctx)\n",
      judge_seal },
    { "quote", "quote",
      PRIMARY
      "tpm2_create -Q -C primary.ctx -G ecc:ecdsa-sha256:null -u k.pub \\\n"
      "  -r k.priv -a 'fixedtpm|fixedparent|sensitivedataorigin|"
      "userwithauth|restricted|sign'\n"
      "tpm2_load -Q -C primary.ctx -u k.pub -r k.priv -c k.ctx\n"
      "tpm2_quote -Q -c k.ctx -l sha256:0,4,23 -q abcd -m q.msg -s q.sig \\\n"
      "  -o q.pcrs\n"
      "check() { tpm2_checkquote -Q -u k.pub -m q.msg -s q.sig -f q.pcrs \\\n"
      "  -q $1 2>/dev/null && echo 0 || echo 1; }\n"
      "echo good $(check abcd); echo other-nonce $(check abce)\n",
      judge_quote },
};
const size_t tpm_works_count = G_N_ELEMENTS(tpm_works);

char *guest_tpm_pcrs(struct vm *vm, deadline_t deadline, GError **error)
{
    g_autoptr(GHashTable) t = guest_tpm_run(
        vm,
        "tpm2_pcrread sha256 | sed -n 's/^ *\\([0-9]*\\) *: *0x/\\1:/p' >p\n"
        "echo pcrs $(tr '\\n' ' ' <p)\n",
        deadline, error);
    if (!t) {
        return NULL;
    }
    const char *text = guest_tpm_get(t, "pcrs");
    if (!*text) {
        fail(error, HARNESS_ERROR_FAILED, "the PCRs cannot be read");
        return NULL;
    }
    return g_ascii_strdown(text, -1);
}

gboolean guest_facts_get(struct vm *vm, deadline_t deadline,
                         struct guest_facts *facts, GError **error)
{
    g_autoptr(GHashTable) t = guest_tpm_run(
        vm,
        "echo kernel $(uname -r)\n"
        "d=$(readlink -f /sys/class/tpm/tpm0/device/driver || :)\n"
        "echo driver ${d##*/}\n"
        "echo vmpl $(cat /sys/devices/system/cpu/sev/vmpl 2>/dev/null || :)\n"
        "echo encryption $(dmesg | "
        "sed -n 's/.*Memory Encryption Features active: *//p')\n"
        "echo events $(cat /sys/kernel/security/tpm0/"
        "binary_bios_measurements 2>/dev/null | wc -c)\n"
        "echo uptime $(cut -d ' ' -f 1 /proc/uptime)\n",
        deadline, error);
    if (!t) {
        return FALSE;
    }
    *facts = (struct guest_facts){
        .kernel = g_strdup(guest_tpm_get(t, "kernel")),
        .driver = g_strdup(guest_tpm_get(t, "driver")),
        .vmpl = g_strdup(guest_tpm_get(t, "vmpl")),
        .encryption = g_strdup(guest_tpm_get(t, "encryption")),
        .uptime = g_ascii_strtod(guest_tpm_get(t, "uptime"), NULL),
        .events = g_strdup(guest_tpm_get(t, "events")),
    };
    return TRUE;
}

void guest_facts_clear(struct guest_facts *facts)
{
    g_free(facts->kernel);
    g_free(facts->driver);
    g_free(facts->vmpl);
    g_free(facts->encryption);
    g_free(facts->events);
    *facts = (struct guest_facts){ 0 };
}
