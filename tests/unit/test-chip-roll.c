/* SPDX-License-Identifier: MIT */
/* Rolling a chip's TCB on: what changes, what stays, what is refused, and that
 * nobody finds it half done. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/certs.h"
#include "lib/chip.h"

static char *root, *dir;
static const struct snp_tcb first = { 0, 4, 0, 24, 219 };

static void remove_all(const char *path)
{
    g_autoptr(GDir) d = g_file_test(path, G_FILE_TEST_IS_SYMLINK)
                            ? NULL
                            : g_dir_open(path, 0, NULL);
    const char *name;

    while (d && (name = g_dir_read_name(d))) {
        g_autofree char *inner = g_build_filename(path, name, NULL);

        remove_all(inner);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
}

/* A new chip each time, under the first one's root: RSA keys take long. */
static void setup(void)
{
    static char *issuer;
    struct evtpm_chip_params params = { .tcb_given = true, .tcb = first };
    struct evtpm_error err = { "" };

    if (!issuer) {
        issuer = g_build_filename(root, "issuer", NULL);
        g_assert_cmpint(evtpm_chip_create(issuer, &params, &err), ==, 0);
    }
    params.issuer = issuer;
    if (dir) {
        remove_all(dir);
        g_free(dir);
    }
    dir = g_build_filename(root, "chip", NULL);
    g_assert_cmpint(evtpm_chip_create(dir, &params, &err), ==, 0);
}

static struct evtpm_chip *must_load(void)
{
    struct evtpm_error err = { "" };
    struct evtpm_chip *chip = evtpm_chip_load(dir, &err);

    g_assert_cmpstr(err.text, ==, "");
    g_assert_nonnull(chip);
    return chip;
}

static void must_roll(struct snp_tcb tcb)
{
    struct evtpm_error err = { "" };

    if (evtpm_chip_roll_tcb(dir, &tcb, &err) < 0) {
        g_error("%s", err.text);
    }
}

static bool equal(const struct snp_tcb *a, const struct snp_tcb *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* "vcek.pem" and the like as whoever knows nothing of TCBs reads them. */
static char *contents(const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void test_roll(void)
{
    const struct snp_tcb next = { 0, 4, 1, 25, 219 };
    struct evtpm_chip *before, *after;
    struct evtpm_blob der = { 0 };

    setup();
    before = must_load();
    g_autofree char *old_pem = contents("vcek.pem");
    must_roll(next);
    after = must_load();
    g_autofree char *new_pem = contents("vcek.pem");
    g_autofree char *json = contents("chip.json");

    g_assert_true(equal(&after->tcb, &next));
    g_assert_false(evtpm_blob_equal(&before->vcek, &after->vcek));
    g_assert_true(evtpm_blob_equal(&before->ark, &after->ark));
    g_assert_true(evtpm_blob_equal(&before->ask, &after->ask));
    g_assert_cmpmem(before->chip_id, 64, after->chip_id, 64);
    g_assert_cmpmem(before->root_key, 32, after->root_key, 32);
    g_assert_cmpstr(old_pem, !=, new_pem);
    g_assert_nonnull(strstr(json, "\"tee\": 1, \"snp\": 25"));
    g_assert_cmpint(evtpm_cert_decode(new_pem, strlen(new_pem), &der, NULL), ==,
                    0);
    g_assert_true(evtpm_blob_equal(&der, &after->vcek));

    /* the VCEK of old is kept, and no other */
    g_assert_cmpint(evtpm_chip_vcek(dir, &first, &der, NULL), ==, 0);
    g_assert_true(evtpm_blob_equal(&der, &before->vcek));
    g_assert_cmpint(evtpm_chip_vcek(dir, &next, &der, NULL), ==, 0);
    g_assert_true(evtpm_blob_equal(&der, &after->vcek));
    evtpm_blob_clear(&der);
    evtpm_chip_free(before);
    evtpm_chip_free(after);
}

static void test_unknown_tcb(void)
{
    const struct snp_tcb never[] = { { 0, 4, 0, 25, 219 },
                                     { 0, 4, 0, 23, 219 },
                                     { 1, 4, 0, 24, 219 } };
    struct evtpm_blob der = { 0 };

    setup();
    for (int rolled = 0; rolled < 2; rolled++) {
        for (size_t i = 0; i < G_N_ELEMENTS(never); i++) {
            struct evtpm_error err = { "" };

            g_assert_cmpint(evtpm_chip_vcek(dir, &never[i], &der, &err), ==,
                            -1);
            g_assert_true(
                g_str_has_suffix(err.text, ": the chip never had this TCB"));
        }
        must_roll((struct snp_tcb){ 0, 4, 0, 26 + (uint8_t)rolled, 219 });
    }
}

static void test_refused(void)
{
    static const struct {
        struct snp_tcb tcb;
        const char *words;
    } rows[] = {
        { { 0, 3, 0, 24, 219 }, "cannot go back" },
        { { 0, 4, 0, 23, 219 }, "cannot go back" },
        { { 0, 4, 0, 24, 218 }, "cannot go back" },
        { { 0, 9, 9, 23, 255 }, "cannot go back" },
        { { 0, 4, 0, 24, 219 }, "has this TCB already" },
        { { 1, 4, 0, 25, 219 }, "a Milan has no TCB component fmc" },
    };

    setup();
    for (int rolled = 0; rolled < 2; rolled++) {
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
            struct evtpm_error err = { "" };
            struct snp_tcb tcb = rows[i].tcb;

            tcb.microcode += (uint8_t)(rolled && tcb.microcode < 255);
            g_autofree char *before = contents("vcek.pem");
            g_assert_cmpint(evtpm_chip_roll_tcb(dir, &tcb, &err), ==, -1);
            g_autofree char *after = contents("vcek.pem");
            g_assert_nonnull(strstr(err.text, rows[i].words));
            g_assert_cmpstr(before, ==, after);
        }
        if (rolled == 0) {
            must_roll((struct snp_tcb){ 0, 4, 0, 24, 220 });
        }
    }
}

static void test_history(void)
{
    const struct snp_tcb steps[] = {
        first, { 0, 4, 0, 25, 219 }, { 0, 5, 1, 25, 219 }, { 0, 5, 1, 255, 255 }
    };
    struct snp_tcb seen[EVTPM_CHIP_HISTORY_MAX];

    setup();
    for (size_t n = 0; n < G_N_ELEMENTS(steps); n++) {
        if (n) {
            must_roll(steps[n]);
        }
        g_assert_cmpint(evtpm_chip_history(dir, seen, G_N_ELEMENTS(seen), NULL),
                        ==, n + 1);
        for (size_t i = 0; i <= n; i++) {
            g_assert_true(equal(&seen[i], &steps[i]));
        }
    }
    g_assert_cmpint(evtpm_chip_history(dir, seen, 2, NULL), ==, 2);
    g_assert_cmpint(evtpm_chip_history(root, seen, 2, NULL), ==, -1);
}

/* What an interrupted roll can leave: each is what it was, and goes on. */
static void test_interrupted(void)
{
    const struct snp_tcb next = { 0, 4, 0, 25, 219 };
    struct evtpm_chip *chip;

    setup();
    /* the new directory, half filled, never named by "current" */
    g_autofree char *half = g_build_filename(dir, "tcb-04000000000019db", NULL);
    g_autofree char *junk = g_build_filename(half, "vcek.pem", NULL);
    g_autofree char *link = g_build_filename(dir, "current.new", NULL);
    g_assert_cmpint(g_mkdir(half, 0755), ==, 0);
    g_assert_true(g_file_set_contents(junk, "junk", -1, NULL));
    g_assert_cmpint(symlink("nowhere", link), ==, 0);
    chip = must_load();
    g_assert_true(equal(&chip->tcb, &first));
    evtpm_chip_free(chip);
    must_roll(next);
    chip = must_load();
    g_assert_true(equal(&chip->tcb, &next));
    evtpm_chip_free(chip);
    g_assert_false(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
}

/* Readers in another process see one chip or another, whole. */
static void test_readers(void)
{
    struct snp_tcb tcb = first;
    pid_t child;
    int status;

    setup();
    child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        struct evtpm_chip *chip;
        bool done = false;

        while (!done) {
            chip = evtpm_chip_load(dir, NULL);
            if (!chip) {
                _exit(1);
            }
            done = chip->tcb.snp == 64;
            evtpm_chip_free(chip);
        }
        _exit(0);
    }
    while (tcb.snp < 64) {
        tcb.snp++;
        must_roll(tcb);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_modes(void)
{
    const char *const names[] = { "vcek-key.pem", "vcek.pem" };
    struct stat st;

    setup();
    must_roll((struct snp_tcb){ 0, 4, 0, 25, 219 });
    for (int old = 0; old < 2; old++) {
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
            g_autofree char *path = g_build_filename(
                dir, old ? "tcb-04000000000018db" : "current", names[i], NULL);

            g_assert_cmpint(g_stat(path, &st), ==, 0);
            g_assert_true(S_ISREG(st.st_mode));
            g_assert_cmpint((st.st_mode & 077) == 0, ==, i == 0);
        }
    }
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    root = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_assert_nonnull(root);
    g_test_add_func("/chip-roll/roll", test_roll);
    g_test_add_func("/chip-roll/unknown-tcb", test_unknown_tcb);
    g_test_add_func("/chip-roll/refused", test_refused);
    g_test_add_func("/chip-roll/history", test_history);
    g_test_add_func("/chip-roll/interrupted", test_interrupted);
    g_test_add_func("/chip-roll/readers", test_readers);
    g_test_add_func("/chip-roll/modes", test_modes);
    status = g_test_run();
    remove_all(root);
    g_free(dir);
    g_free(root);
    return status;
}
