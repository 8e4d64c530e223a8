/* SPDX-License-Identifier: MIT */
/* evtpm chip: the lists of TCB components, and what the commands say. */
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "harness/chip_text.h"
#include "harness/tree.h"

static void test_parse(void)
{
    const struct snp_tcb milan = { 0, 4, 0, 24, 219 };
    const struct snp_tcb turin = { 1, 1, 1, 4, 81 };
    const struct {
        enum snp_product product;
        const char *text;
        struct snp_tcb tcb; /* or */
        const char *words;
    } rows[] = {
        { SNP_PRODUCT_MILAN, "snp=25", { 0, 4, 0, 25, 219 }, NULL },
        { SNP_PRODUCT_MILAN,
          "tee=1,microcode=220",
          { 0, 4, 1, 24, 220 },
          NULL },
        { SNP_PRODUCT_MILAN, "bootloader=0", { 0, 0, 0, 24, 219 }, NULL },
        { SNP_PRODUCT_TURIN, "fmc=255", { 255, 1, 1, 4, 81 }, NULL },
        { SNP_PRODUCT_MILAN,
          "fmc=1",
          { 0 },
          "bad TCB component \"fmc=1\": bootloader, tee, snp or microcode, = "
          "and a number" },
        { SNP_PRODUCT_TURIN,
          "psp=1",
          { 0 },
          "bad TCB component \"psp=1\": fmc, bootloader, tee, snp or "
          "microcode, = and a number" },
        { SNP_PRODUCT_MILAN,
          "snp",
          { 0 },
          "bad TCB component \"snp\": bootloader, tee, snp or microcode, = "
          "and a number" },
        { SNP_PRODUCT_MILAN,
          "snp=256",
          { 0 },
          "bad TCB component \"snp=256\": a number from 0 to 255" },
        { SNP_PRODUCT_MILAN,
          "snp=1x",
          { 0 },
          "bad TCB component \"snp=1x\": a number from 0 to 255" },
        { SNP_PRODUCT_MILAN,
          "snp=25,",
          { 0 },
          "bad TCB component \"\": bootloader, tee, snp or microcode, = and a "
          "number" },
        { SNP_PRODUCT_MILAN, "", { 0 }, "the list of TCB components is empty" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        struct snp_tcb tcb =
            rows[i].product == SNP_PRODUCT_TURIN ? turin : milan;
        gboolean ok =
            chip_parse_tcb(rows[i].text, rows[i].product, &tcb, &error);
        g_assert_cmpint(ok, ==, rows[i].words == NULL);
        if (ok) {
            g_assert_cmpmem(&tcb, sizeof(tcb), &rows[i].tcb, sizeof(tcb));
        } else {
            g_assert_cmpstr(error->message, ==, rows[i].words);
        }
    }
}

static char *evtpm(int *status, char **err, ...)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *program = g_build_filename(
        g_getenv("G_TEST_BUILDDIR") ? g_getenv("G_TEST_BUILDDIR") : ".",
        "harness/evtpm", NULL);
    g_autoptr(GError) error = NULL;
    const char *word;
    char *out = NULL;
    va_list ap;
    g_ptr_array_add(argv, program);
    va_start(ap, err);
    while ((word = va_arg(ap, const char *))) {
        g_ptr_array_add(argv, (char *)word);
    }
    va_end(ap);
    g_ptr_array_add(argv, NULL);
    g_autoptr(GSubprocess) p = g_subprocess_newv(
        (const char *const *)argv->pdata,
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE,
        &error);
    g_assert_no_error(error);
    g_subprocess_communicate_utf8(p, NULL, NULL, &out, err, &error);
    g_assert_no_error(error);
    *status = g_subprocess_get_exit_status(p);
    return out;
}

static void test_commands(void)
{
    g_autofree char *root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "chip", NULL);
    g_autofree char *err = NULL, *err2 = NULL, *err3 = NULL, *err4 = NULL;
    int status;
    g_autofree char *made = evtpm(&status, &err, "chip", "create", "--product",
                                  "Genoa", "--tcb", "snp=20", dir, NULL);
    g_assert_cmpstr(err, ==, "");
    g_assert_cmpint(status, ==, 0);
    g_autofree char *rolled = evtpm(&status, &err2, "chip", "roll-tcb", "--tcb",
                                    "snp=21,tee=1", dir, NULL);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpstr(rolled, ==, "bootloader 10, tee 1, snp 21, microcode 84\n");
    g_autofree char *back =
        evtpm(&status, &err3, "chip", "roll-tcb", "--tcb", "snp=20", dir, NULL);
    g_autofree char *wanted =
        g_strdup_printf("evtpm: %s: the TCB cannot go back: the chip has "
                        "bootloader 10, tee 1, snp 21, microcode 84\n",
                        dir);
    g_assert_cmpint(status, ==, 1);
    g_assert_cmpstr(err3, ==, wanted);
    g_autofree char *text = evtpm(&status, &err4, "chip", "show", dir, NULL);
    g_assert_nonnull(strstr(text, "product      Genoa, emulated\n"));
    g_assert_nonnull(strstr(
        text, "\nTCB          bootloader 10, tee 1, snp 21, microcode 84\n"
              "earlier      bootloader 10, tee 0, snp 20, microcode 84\n"));
    tree_remove(root);
}

static gint64 member(JsonObject *o, const char *name)
{
    return json_object_get_int_member(o, name);
}

static void test_json(void)
{
    g_autofree char *root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *dir = g_build_filename(root, "chip", NULL);
    g_autofree char *err = NULL, *err2 = NULL;
    int status;
    g_autofree char *made = evtpm(&status, &err, "chip", "create", "--product",
                                  "Turin", "--tcb", "fmc=2", dir, NULL);
    g_assert_cmpint(status, ==, 0);
    g_autofree char *text =
        evtpm(&status, &err2, "chip", "show", "--json", dir, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
    JsonObject *o = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpstr(json_object_get_string_member(o, "product"), ==, "Turin");
    g_assert_cmpuint(strlen(json_object_get_string_member(o, "chip_id")), ==,
                     16);
    g_assert_cmpint(member(json_object_get_object_member(o, "tcb"), "fmc"), ==,
                    2);
    g_assert_cmpint(member(json_object_get_object_member(o, "tcb"), "snp"), ==,
                    4);
    g_assert_cmpuint(
        json_array_get_length(json_object_get_array_member(o, "history")), ==,
        1);
    g_assert_nonnull(strstr(json_object_get_string_member(o, "kds_path"),
                            "?fmcSPL=02&blSPL=01&"));
    tree_remove(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/chip/parse", test_parse);
    g_test_add_func("/harness/chip/commands", test_commands);
    g_test_add_func("/harness/chip/json", test_json);
    return g_test_run();
}
