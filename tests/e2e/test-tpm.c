/* SPDX-License-Identifier: MIT */
/*
 * tests/tpm in the guest, on the vTPM behind Linux's driver and resource
 * manager: the run of tests/unit/tpm-work.sh in its other place.
 */
#include <string.h>

#include "harness/tap.h"
#include "tests/e2e/e2e.h"

static const char *const subjects[] = {
    "hierarchies", "keys",   "sessions", "nv",      "pcr",
    "seal",        "attest", "limits",   "lengths",
};

static void install(struct vm *vm, const char *name)
{
    g_autofree char *file = g_strconcat(name, ".sh", NULL);
    g_autofree char *from =
        g_test_build_filename(G_TEST_DIST, "tests", "tpm", file, NULL);
    g_autofree char *to = g_strconcat("/run/tpm/", file, NULL);
    e2e_install(vm, from, to);
}

/* The scripts change the TPM: a VM of their own. */
static struct vm *guest(void)
{
    static struct vm *vm;
    if (!vm) {
        vm = e2e_boot_default();
        e2e_share(vm);
        g_free(e2e_guest(vm, "mkdir -p /run/tpm"));
        install(vm, "tap");
        install(vm, "run");
    }
    return vm;
}

static void judge(const struct tap *tap)
{
    for (guint i = 0; i < tap->cases->len; i++) {
        const struct tap_case *c = g_ptr_array_index(tap->cases, i);
        if (c->result != TAP_PASS) {
            g_test_message("not ok: %s\n%s", c->name,
                           c->output ? c->output : "");
            g_test_fail();
        }
    }
    g_test_message("%u passed", tap_count(tap, TAP_PASS));
    g_assert_cmpuint(tap_count(tap, TAP_PASS), >, 0);
}

static void test_subject(gconstpointer subject)
{
    struct vm *vm = guest();
    struct tap tap;
    install(vm, subject);
    g_autofree char *out =
        e2e_guest(vm,
                  "TPM2TOOLS_TCTI=device:/dev/tpmrm0 "
                  "TPM_RAW_TCTI=device:/dev/tpm0 TPM_PLATFORM=closed TPM_LARGEST=4087 sh "
                  "/run/tpm/run.sh %s; "
                  "echo status $?",
                  (const char *)subject);
    gboolean good = g_str_has_suffix(out, "status 0");
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    tap_init(&tap, subject);
    for (char **line = lines; *line; line++) {
        if (!g_str_has_prefix(*line, "status ")) {
            tap_line(&tap, *line);
        }
    }
    tap_end(&tap, 0, NULL);
    judge(&tap);
    g_assert_true(good || g_test_failed());
    tap_clear(&tap);
}

int main(int argc, char **argv)
{
    e2e_begin(&argc, &argv);
    for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++) {
        g_autofree char *path = g_strconcat("/e2e/tpm/", subjects[i], NULL);
        const struct e2e_scenario s = { .path = path, .memory = 512 };
        e2e_add_row(&s, test_subject, subjects[i]);
    }
    return e2e_end();
}
