/* SPDX-License-Identifier: MIT */
/* Chip directories, the certificates in them, the certificate table. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/certs.h"
#include "lib/chip.h"
#include "tests/unit/only-lists.h"

static const char *const names[] = {
    "ark-key.pem", "ark.pem",  "ask-key.pem",  "ask.pem",
    "chip.json",   "root.key", "vcek-key.pem", "vcek.pem",
};
static char *root;

static char *in_root(const char *name)
{
    return g_build_filename(root, name, NULL);
}

static void remove_chip(const char *dir)
{
    static const char *const vlek[] = { "asvk.pem", "asvk-key.pem", "vlek.pem",
                                        "vlek-key.pem" };

    for (size_t i = 0; i < G_N_ELEMENTS(vlek); i++) {
        g_autofree char *path = g_build_filename(dir, vlek[i], NULL);

        g_unlink(path);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);

        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

static void must_create(const char *dir, const struct evtpm_chip_params *params)
{
    struct evtpm_error err = { "" };

    if (evtpm_chip_create(dir, params, &err) < 0) {
        g_error("%s", err.text);
    }
}

/* The shared parent of all tests here, so that RSA keys are made once. */
static const char *first_chip(void)
{
    static const struct evtpm_chip_params params;
    static char *dir;

    if (!dir) {
        dir = in_root("first");
        must_create(dir, &params);
    }
    return dir;
}

static unsigned files_in(const char *dir)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(d)) {
        n++;
    }
    return n;
}

static void test_create(void)
{
    const char *dir = first_chip();
    struct evtpm_error err = { "" };
    struct evtpm_chip *chip;
    struct evtpm_chain chain;
    char subject[128];

    g_assert_cmpuint(files_in(root), ==, 1); /* no temporary directory stays */
    g_assert_cmpuint(files_in(dir), ==, G_N_ELEMENTS(names));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(dir, names[i], NULL);
        struct stat st;

        g_assert_cmpint(g_stat(path, &st), ==, 0);
        if (strstr(names[i], "key")) {
            g_assert_cmpuint(st.st_mode & 077, ==, 0);
        }
    }
    chip = evtpm_chip_load(dir, &err);
    g_assert_nonnull(chip);
    g_assert_cmpint(chip->product, ==, SNP_PRODUCT_MILAN);
    chain = (struct evtpm_chain){ .ark = chip->ark,
                                  .ask = chip->ask,
                                  .vcek = chip->vcek };
    g_assert_cmpint(evtpm_chain_verify(&chain, time(NULL), &err), ==, 0);
    g_assert_true(evtpm_cert_is_emulated(&chip->ark));
    g_assert_true(evtpm_cert_is_emulated(&chip->ask));
    g_assert_true(evtpm_cert_is_emulated(&chip->vcek));
    g_assert_false(evtpm_cert_is_amd_root(&chip->ark));
    g_assert_nonnull(strstr(evtpm_cert_subject(&chip->ark, subject, 128),
                            "CN=ARK-Emulated"));
    evtpm_chip_free(chip);
}

static void test_refusals(void)
{
    const char *dir = first_chip();
    g_autofree char *orphan = in_root("no/such/parent");
    g_autofree char *genoa = in_root("genoa");
    g_autofree char *file = in_root("first/chip.json");
    g_autofree char *long_name = g_strnfill(5000, 'x');
    const struct {
        const char *dir;
        struct evtpm_chip_params params;
        const char *words;
    } rows[] = {
        { dir, { 0 }, "exists already" },
        { file, { 0 }, "exists already" },
        { orphan, { .issuer = dir }, "cannot be made: No such file" },
        { genoa, { .issuer = root }, "ark.pem" },
        { genoa,
          { .issuer = dir, .product = SNP_PRODUCT_GENOA },
          "holds a Milan chip, not a Genoa" },
        { genoa, { .product = SNP_PRODUCT_COUNT }, "no such product" },
        { long_name, { .issuer = dir }, "too long" },
    };
    unsigned before = files_in(root);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_error err = { "" };

        g_assert_cmpint(evtpm_chip_create(rows[i].dir, &rows[i].params, &err),
                        ==, -1);
        if (!strstr(err.text, rows[i].words)) {
            g_error("row %zu: %s", i, err.text);
        }
        g_assert_cmpuint(files_in(root), ==, before);
    }
}

/* Same root, other chip. */
static void test_issuer(void)
{
    struct evtpm_chip_params params = {
        .issuer = first_chip(),
        .tcb_given = true,
        .tcb = { .bootloader = 200, .tee = 1, .snp = 127, .microcode = 128 },
    };
    g_autofree char *dir = in_root("second");
    struct evtpm_chip *a, *b;
    struct evtpm_chain chain;

    must_create(dir, &params);
    a = evtpm_chip_load(first_chip(), NULL);
    b = evtpm_chip_load(dir, NULL);
    g_assert_nonnull(b);
    g_assert_true(evtpm_blob_equal(&a->ark, &b->ark));
    g_assert_true(evtpm_blob_equal(&a->ask, &b->ask));
    g_assert_false(evtpm_blob_equal(&a->vcek, &b->vcek));
    g_assert_cmpint(memcmp(a->chip_id, b->chip_id, 64), !=, 0);
    g_assert_cmpint(memcmp(a->root_key, b->root_key, 32), !=, 0);
    g_assert_cmpmem(&b->tcb, sizeof(b->tcb), &params.tcb, sizeof(params.tcb));
    chain =
        (struct evtpm_chain){ .ark = b->ark, .ask = b->ask, .vcek = b->vcek };
    g_assert_cmpint(evtpm_chain_verify(&chain, time(NULL), NULL), ==, 0);
    evtpm_chip_free(a);
    evtpm_chip_free(b);
    remove_chip(dir);
}

/* Eight bytes of identity, an FMC, another layout of TCB. */
static void test_turin(void)
{
    struct evtpm_chip_params params = { .product = SNP_PRODUCT_TURIN };
    g_autofree char *dir = in_root("turin");
    static const uint8_t zero[64];
    struct evtpm_chip *chip;

    must_create(dir, &params);
    chip = evtpm_chip_load(dir, NULL);
    g_assert_nonnull(chip);
    g_assert_cmpint(chip->product, ==, SNP_PRODUCT_TURIN);
    g_assert_cmpuint(chip->tcb.fmc, ==, 1);
    g_assert_cmpint(memcmp(chip->chip_id, zero, 8), !=, 0);
    g_assert_cmpmem(chip->chip_id + 8, 56, zero, 56);
    evtpm_chip_free(chip);
    remove_chip(dir);
}

/* A provider's key beside the chip's own: it is what guests get certificates
 * of. */
static void test_vlek(void)
{
    struct evtpm_chip_params params = { .issuer = first_chip(),
                                        .csp_id = "some cloud" };
    g_autofree char *dir = in_root("vlek");
    struct evtpm_chain chain = { 0 };
    struct evtpm_vcek_info info;
    struct evtpm_blob table = { 0 };
    struct evtpm_error err = { "" };
    struct evtpm_chip *chip;
    gnutls_x509_crt_t crt;

    must_create(dir, &params);
    chip = evtpm_chip_load(dir, &err);
    g_assert_cmpstr(err.text, ==, "");
    g_assert_nonnull(chip->vlek_key);
    g_assert_true(evtpm_cert_is_emulated(&chip->asvk));
    g_assert_true(evtpm_cert_is_emulated(&chip->vlek));
    crt = evtpm_cert_import(&chip->vlek, NULL);
    g_assert_cmpint(evtpm_vlek_read(crt, &info, NULL), ==, 0);
    g_assert_cmpstr(info.csp_id, ==, "some cloud");
    g_assert_cmpstr(info.product_name, ==, "Milan");
    g_assert_cmpmem(&info.tcb, sizeof(info.tcb), &chip->tcb, sizeof(chip->tcb));
    gnutls_x509_crt_deinit(crt);
    g_assert_cmpint(evtpm_chip_cert_table(chip, &table, NULL), ==, 0);
    g_assert_cmpint(
        evtpm_cert_table_parse(table.data, table.size, &chain, NULL), ==, 0);
    g_assert_true(evtpm_blob_equal(&chain.vlek, &chip->vlek));
    g_assert_true(evtpm_blob_equal(&chain.ask, &chip->asvk));
    g_assert_cmpuint(chain.vcek.size, ==, 0);
    g_assert_cmpint(evtpm_chain_verify_vlek(&chain, time(NULL), NULL), ==, 0);
    evtpm_chain_clear(&chain);
    evtpm_blob_clear(&table);
    evtpm_chip_free(chip);
    remove_chip(dir);
    params.csp_id = "";
    g_assert_cmpint(evtpm_chip_create(dir, &params, &err), ==, -1);
    g_assert_cmpstr(err.text, ==,
                    "the provider's name must have 1 to 60 bytes");
}

/* A VLEK that is not this chip's is not used, and not passed over. */
static void test_vlek_damaged(void)
{
    struct evtpm_chip_params params = { .issuer = first_chip(),
                                        .csp_id = "some cloud" };
    struct evtpm_chip_params newer = { .issuer = first_chip(),
                                       .csp_id = "some cloud",
                                       .tcb_given = true,
                                       .tcb = { 0, 9, 0, 99, 255 } };
    g_autofree char *dir = in_root("vlek");
    g_autofree char *other = in_root("other");
    static const struct {
        const char *name[3]; /* of the other's files */
        const char *words;
    } rows[] = {
        { { "vlek-key.pem" }, "vlek-key.pem is not the key of vlek.pem" },
        { { "vlek.pem" }, "vlek-key.pem is not the key of vlek.pem" },
        { { "asvk.pem" }, "VLEK" },
        { { "vlek.pem", "vlek-key.pem", "asvk.pem" },
          "vlek.pem is for another TCB than vcek.pem" },
    };

    must_create(other, &newer);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct evtpm_error err = { "" };

        must_create(dir, &params);
        for (int n = 0; n < 3 && rows[i].name[n]; n++) {
            g_autofree char *from =
                g_build_filename(other, rows[i].name[n], NULL);
            g_autofree char *to = g_build_filename(dir, rows[i].name[n], NULL);
            g_autofree char *text = NULL;

            g_assert_true(g_file_get_contents(from, &text, NULL, NULL));
            g_assert_true(g_file_set_contents(to, text, -1, NULL));
        }
        g_assert_null(evtpm_chip_load(dir, &err));
        g_assert_nonnull(strstr(err.text, rows[i].words));
        remove_chip(dir);
    }
    remove_chip(other);
}

static void expect_unloadable(const char *dir, const char *words)
{
    struct evtpm_error err = { "" };

    g_assert_null(evtpm_chip_load(dir, &err));
    if (!strstr(err.text, words)) {
        g_error("%s", err.text);
    }
}

/* A file missing, or of another chip. */
static void test_damaged(void)
{
    struct evtpm_chip_params params = { .issuer = first_chip() };
    g_autofree char *dir = in_root("damaged");
    static const struct {
        const char *name;
        const char *contents; /* NULL: the first chip's */
        const char *words;
    } rows[] = {
        { "vcek-key.pem", NULL, "vcek-key.pem is not the key of vcek.pem" },
        { "vcek.pem", NULL, "vcek-key.pem is not the key of vcek.pem" },
        { "vcek.pem", "junk", "vcek.pem: not a certificate" },
        { "ark.pem", "", "ark.pem: not a certificate" },
        { "vcek-key.pem", "junk", "vcek-key.pem: " },
        { "root.key", "00", "root.key: not 64 hex digits" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_build_filename(dir, rows[i].name, NULL);
        g_autofree char *from =
            g_build_filename(first_chip(), rows[i].name, NULL);
        g_autofree char *contents = g_strdup(rows[i].contents);

        must_create(dir, &params);
        if (!contents) {
            g_assert_true(g_file_get_contents(from, &contents, NULL, NULL));
        }
        g_assert_true(g_file_set_contents(path, contents, -1, NULL));
        expect_unloadable(dir, rows[i].words);
        g_unlink(path);
        expect_unloadable(dir, rows[i].name);
        remove_chip(dir);
    }
    expect_unloadable(dir, "damaged/ark.pem: No such file");
}

/* An ASK is a certificate, but no VCEK. */
static void test_not_a_vcek(void)
{
    struct evtpm_chip *chip = evtpm_chip_load(first_chip(), NULL);
    gnutls_x509_crt_t crt = evtpm_cert_import(&chip->ask, NULL);
    struct evtpm_vcek_info info;
    struct evtpm_error err;

    g_assert_cmpint(evtpm_vcek_read(crt, &info, &err), ==, -1);
    g_assert_cmpstr(err.text, ==, "VCEK does not name its product");
    gnutls_x509_crt_deinit(crt);
    evtpm_chip_free(chip);
}

static void test_table(void)
{
    struct evtpm_chip *chip = evtpm_chip_load(first_chip(), NULL);
    struct evtpm_blob table = { 0 };
    struct evtpm_chain chain = { 0 };
    uint8_t *guid, swapped[16];

    g_assert_cmpint(evtpm_chip_cert_table(chip, &table, NULL), ==, 0);
    g_assert_cmpuint(table.size % 4096, ==, 0);
    g_assert_cmpint(
        evtpm_cert_table_parse(table.data, table.size, &chain, NULL), ==, 0);
    g_assert_true(evtpm_blob_equal(&chain.ark, &chip->ark));
    g_assert_true(evtpm_blob_equal(&chain.ask, &chip->ask));
    g_assert_true(evtpm_blob_equal(&chain.vcek, &chip->vcek));

    /* The VCEK's GUID in the byte order of UEFI */
    guid = table.data;
    g_assert_cmpuint(guid[0], ==, 0x63);
    memcpy(swapped, guid, 16);
    for (int i = 0; i < 4; i++) {
        guid[i] = swapped[3 - i];
    }
    guid[4] = swapped[5];
    guid[5] = swapped[4];
    guid[6] = swapped[7];
    guid[7] = swapped[6];
    g_assert_cmpint(
        evtpm_cert_table_parse(table.data, table.size, &chain, NULL), ==, 0);
    g_assert_true(evtpm_blob_equal(&chain.vcek, &chip->vcek));

    guid[15] ^= 1; /* unknown: ignored */
    g_assert_cmpint(
        evtpm_cert_table_parse(table.data, table.size, &chain, NULL), ==, 0);
    g_assert_cmpuint(chain.vcek.size, ==, 0);
    g_assert_cmpuint(chain.ask.size, !=, 0);
    evtpm_chain_clear(&chain);
    evtpm_blob_clear(&table);
    evtpm_chip_free(chip);
}

static void test_table_malformed(void)
{
    static const struct {
        size_t size;
        uint32_t offset, length;
        const char *words;
    } rows[] = {
        { 24, 0, 0, NULL },
        { 48, 24, 24, NULL },
        { 23, 0, 0, "has no end" },
        { 24, 0, 24, "has no end" },
        { 48, 49, 0, "points outside itself" },
        { 48, 48, 1, "points outside itself" },
        { 48, 0xffffffff, 2, "points outside itself" },
        { 48, 4, 0xfffffffe, "points outside itself" },
        { 0x20000, 0, 0x10001, "points outside itself" },
    };
    struct evtpm_chain chain = { 0 };
    struct evtpm_error err;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree uint8_t *table = g_malloc0(rows[i].size);

        if (rows[i].offset | rows[i].length) {
            table[0] = 0x63;
            memcpy(table + 16, &rows[i].offset, 4);
            memcpy(table + 20, &rows[i].length, 4);
        }
        g_assert_cmpint(
            evtpm_cert_table_parse(table, rows[i].size, &chain, &err), ==,
            rows[i].words ? -1 : 0);
        if (rows[i].words) {
            g_assert_nonnull(strstr(err.text, rows[i].words));
        }
    }
    g_assert_cmpint(evtpm_cert_table_parse(NULL, 0, &chain, &err), ==, 0);
    evtpm_chain_clear(&chain);
}

int main(int argc, char **argv)
{
    gboolean lists = only_lists(argc, argv);
    int status;

    g_test_init(&argc, &argv, NULL);
    if (!lists) {
        root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
        g_assert_nonnull(root);
    }
    g_test_add_func("/chip/create", test_create);
    g_test_add_func("/chip/refusals", test_refusals);
    g_test_add_func("/chip/issuer", test_issuer);
    g_test_add_func("/chip/turin", test_turin);
    g_test_add_func("/chip/vlek", test_vlek);
    g_test_add_func("/chip/vlek/damaged", test_vlek_damaged);
    g_test_add_func("/chip/damaged", test_damaged);
    g_test_add_func("/chip/not-a-vcek", test_not_a_vcek);
    g_test_add_func("/chip/table", test_table);
    g_test_add_func("/chip/table/malformed", test_table_malformed);
    status = g_test_run();
    if (!lists) {
        remove_chip(first_chip());
        g_rmdir(root);
        g_free(root);
    }
    return status;
}
