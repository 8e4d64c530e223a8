/* SPDX-License-Identifier: MIT */
/* Sizes, names, configuration files and QEMU's command line. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#include "harness/boot_watch.h"
#include "harness/cmdline.h"
#include "harness/command.h"
#include "harness/exits.h"
#include "harness/state.h"
#include "harness/tree.h"

static void test_memory(void)
{
    static const struct {
        const char *text;
        unsigned mib; /* 0: refused */
    } rows[] = {
        { "512", 512 },
        { "512M", 512 },
        { "2G", 2048 },
        { "1GiB", 1024 },
        { "64MiB", 64 },
        { "", 0 },
        { "0", 0 },
        { "-1", 0 },
        { "12K", 0 },
        { "M", 0 },
        { "1 G", 0 },
        { "0x10", 0 },
        { "+5", 0 },
        { " 5", 0 },
        { "99999999999999999999", 0 },
        /* too much, but well-formed: the limit is another check's */
        { "9999999999G", G_MAXUINT },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_cmpuint(parse_memory(rows[i].text, &error), ==, rows[i].mib);
        g_assert_true((error != NULL) == (rows[i].mib == 0));
    }
}

static void test_names(void)
{
    static const char *const good[] = { "vm", "a", "0", "a.b-c_d", "VM2" };
    static const char *const bad[] = {
        "",
        ".",
        "..",
        ".hidden",
        "-x",
        "a/b",
        "a b",
        "a,b",
        "a\n",
        "\xc3\xa9",
        "x2345678901234567890123456789012345678901",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_assert_true(state_name_check(good[i], NULL));
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(state_name_check(bad[i], &error));
        g_assert_error(error, HARNESS_ERROR, HARNESS_ERROR_USAGE);
    }
}

static struct vm_config sample(void)
{
    return (struct vm_config){
        .name = (char *)"vm",
        .qemu = (char *)"/bin/sh",
        .igvm = (char *)"/a,b/f",
        .chip = (char *)"/chip",
        .kernel = (char *)"/bin/sh",
        .memory = 512,
        .cpus = 2,
    };
}

static gboolean has_pair(GStrv argv, const char *option, const char *value)
{
    for (char **a = argv; *a && a[1]; a++) {
        if (strcmp(*a, option) == 0 && strcmp(a[1], value) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static void test_cmdline_emulated(void)
{
    struct vm_config c = sample();
    const struct cmdline_channels ch = { 3, 4, 5, 6, "/log" };
    g_auto(GStrv) argv = cmdline_build(&c, &ch);
    g_assert_cmpstr(argv[0], ==, "/bin/sh");
    g_assert_true(
        has_pair(argv, "-object", "sev-snp-emulated,id=sev0,chip=/chip"));
    /* a comma in a path must not end the value */
    g_assert_true(has_pair(argv, "-object", "igvm-cfg,id=igvm0,file=/a,,b/f"));
    g_assert_true(has_pair(argv, "-smp", "2"));
    g_assert_true(has_pair(argv, "-kernel", "/bin/sh"));
    g_assert_true(g_strv_contains((const char *const *)argv, "-nodefaults"));
    g_assert_true(g_strv_contains((const char *const *)argv, "-no-reboot"));
    c.debug_read = TRUE;
    g_auto(GStrv) debug = cmdline_build(&c, &ch);
    g_assert_true(has_pair(
        debug, "-object", "sev-snp-emulated,id=sev0,chip=/chip,debug-read=on"));
}

static void test_cmdline_snp(void)
{
    struct vm_config c = sample();
    c.platform = PLATFORM_SNP;
    const struct cmdline_channels ch = { 3, 4, 5, 6, "/log" };
    g_auto(GStrv) argv = cmdline_build(&c, &ch);
    g_assert_true(has_pair(argv, "-accel", "kvm"));
    g_autofree char *text = cmdline_text((const char *const *)argv);
    g_assert_nonnull(strstr(text, "sev-snp-guest,id=sev0"));
    g_assert_null(strstr(text, "emulated"));
    g_assert_null(strstr(text, "debug-read"));
    /* the same IGVM file, in the same words, on both platforms */
    g_assert_true(has_pair(argv, "-object", "igvm-cfg,id=igvm0,file=/a,,b/f"));
}

/* A plain guest: the image by -bios, or what an IGVM file has made of it. */
static void test_cmdline_plain(void)
{
    struct vm_config c = sample();
    const struct cmdline_channels ch = { 3, 4, 5, 6, "/log" };
    c.no_svsm = TRUE;
    c.kernel_hashes = TRUE;
    c.firmware = (char *)"/OVMF.fd";
    g_auto(GStrv) igvm = cmdline_build(&c, &ch);
    g_assert_true(
        has_pair(igvm, "-object", "sev-snp-emulated,id=sev0,chip=/chip"));
    g_assert_false(g_strv_contains((const char *const *)igvm, "-bios"));

    c.igvm = NULL;
    g_auto(GStrv) bios = cmdline_build(&c, &ch);
    g_autofree char *text = cmdline_text((const char *const *)bios);
    g_assert_true(has_pair(bios, "-bios", "/OVMF.fd"));
    g_assert_true(
        has_pair(bios, "-object",
                 "sev-snp-emulated,id=sev0,chip=/chip,kernel-hashes=on"));
    g_assert_null(strstr(text, "igvm"));

    c.platform = PLATFORM_SNP;
    g_auto(GStrv) snp = cmdline_build(&c, &ch);
    g_autofree char *snp_text = cmdline_text((const char *const *)snp);
    g_assert_nonnull(strstr(snp_text, "reduced-phys-bits=1,kernel-hashes=on"));
    g_assert_null(strstr(snp_text, "igvm"));
}

static void test_check(void)
{
    struct vm_config good = sample();
    good.igvm = NULL;
    g_assert_true(vm_config_check(&good, NULL));
    static const struct {
        const char *expect;
        unsigned memory, cpus;
        const char *kernel, *initrd, *disk;
    } rows[] = {
        { "64 MiB of memory are too little", 64, 1, "/bin/sh", NULL, NULL },
        { "are too much", 1u << 30, 1, "/bin/sh", NULL, NULL },
        { "0 vCPUs", 512, 0, "/bin/sh", NULL, NULL },
        { "kernel /nonexistent: No such file", 512, 1, "/nonexistent", NULL,
          NULL },
        { "kernel /: is a directory", 512, 1, "/", NULL, NULL },
        { "initrd /nonexistent: No such file", 512, 1, "/bin/sh",
          "/nonexistent", NULL },
        { "disk /nonexistent: No such file", 512, 1, NULL, NULL,
          "/nonexistent" },
        { "exclude each other", 512, 1, "/bin/sh", NULL, "/bin/sh" },
        { "need --kernel", 512, 1, NULL, "/bin/sh", NULL },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        struct vm_config c = good;
        c.memory = rows[i].memory;
        c.cpus = rows[i].cpus;
        c.kernel = (char *)rows[i].kernel;
        c.initrd = (char *)rows[i].initrd;
        c.disk = (char *)rows[i].disk;
        g_assert_false(vm_config_check(&c, &error));
        g_assert_nonnull(strstr(error->message, rows[i].expect));
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void test_config_file(void)
{
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    struct vm_config c = sample();
    c.append = (char *)"console=ttyS0 \"quoted\" \\ \xc3\xa9";
    c.platform = PLATFORM_SNP;
    c.debug_read = TRUE;
    c.no_svsm = TRUE;
    c.kernel_hashes = TRUE;
    c.firmware = (char *)"/OVMF.fd";
    c.boots = 3;
    c.log_limit = 12345678901;
    c.pid = 1234;
    c.started = G_GINT64_CONSTANT(1234567890123456);
    c.extra = (char *[]){ (char *)"-d", (char *)"int", NULL };
    g_assert_true(vm_config_save(&c, dir, NULL));
    struct vm_config *back = vm_config_load(dir, NULL);
    g_assert_nonnull(back);
    g_assert_cmpstr(back->append, ==, c.append);
    g_assert_cmpstr(back->igvm, ==, c.igvm);
    g_assert_null(back->disk);
    g_assert_cmpint(back->platform, ==, PLATFORM_SNP);
    g_assert_cmpuint(back->memory, ==, 512);
    g_assert_cmpuint(back->boots, ==, 3);
    g_assert_cmpint(back->log_limit, ==, c.log_limit);
    g_assert_true(back->no_svsm && back->kernel_hashes && back->debug_read);
    g_assert_cmpstr(back->firmware, ==, "/OVMF.fd");
    g_assert_cmpint(back->pid, ==, 1234);
    g_assert_cmpint(back->started, ==, c.started);
    g_assert_true(g_strv_equal((const char *const *)back->extra,
                               (const char *const *)c.extra));
    vm_config_free(back);
    g_autofree char *path = g_build_filename(dir, "vm.json", NULL);
    g_assert_true(g_file_set_contents(path, "{\"name\":", -1, NULL));
    g_autoptr(GError) error = NULL;
    g_assert_null(vm_config_load(dir, &error));
    g_assert_nonnull(error);
    tree_remove(dir);
    g_assert_false(g_file_test(dir, G_FILE_TEST_EXISTS));
}

static void test_exits(void)
{
    static const struct {
        int status;
        const char *log;
        const char *expect;
    } rows[] = {
        { EXIT_VMPL_FAULT << 8, "qemu-system-x86_64: vCPU 0 VMPL2 reads\n",
          "the VM ended: VMPL violation: vCPU 0 VMPL2 reads" },
        { EXIT_TERMINATE << 8, NULL,
          "the VM ended: the guest asked to be terminated" },
        { 1 << 8, "/x/qemu: cannot open file\nq: warning: TCG lacks x\n",
          "QEMU: cannot open file" },
        { 1 << 8, NULL, "QEMU ended with status 1" },
        { 9, "noise\n", "QEMU was ended by signal 9 (Killed)" },
        { -1, NULL, "the VM ended" },
    };
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *log = g_build_filename(dir, "qemu.log", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_unlink(log);
        if (rows[i].log) {
            g_assert_true(g_file_set_contents(log, rows[i].log, -1, NULL));
        }
        g_autofree char *text = exits_explain(rows[i].status, log);
        g_assert_cmpstr(text, ==, rows[i].expect);
    }
    tree_remove(dir);
}

static void test_tail(void)
{
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    g_assert_null(tree_tail(path, 3));
    static const char text[] = "one\r\ntwo\033[2Jx\nthree\nfour\n";
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_autofree char *two = tree_tail(path, 3);
    g_assert_cmpstr(two, ==, "twox\nthree\nfour");
    g_autofree char *all = tree_tail(path, 30);
    g_assert_cmpstr(all, ==, "one\ntwox\nthree\nfour");
    tree_remove(dir);
}

/* A console that grows, and what is made of it. */
static void test_boot_watch(void)
{
    static const struct {
        double svsm, kernel, agent, uptime, now;
        const char *timeline;
    } rows[] = {
        { 0.4, 5, 5.5, 1.5, 6, "svsm=0.40 firmware=4.50 kernel=5.00 "
                               "userspace=5.50" },
        { 0, 5, 5.5, 1.5, 6, "firmware=4.50 kernel=5.00 userspace=5.50" },
        { 0.4, 5, 5.5, 0, 6, "svsm=0.40 kernel=5.00 userspace=5.50" },
        { 0.4, 0, 5.5, 1.5, 6, "svsm=0.40 firmware=4.50 userspace=5.50" },
        /* a guest's clock that runs too fast or too slow */
        { 0.4, 5, 5.5, 9, 6, "svsm=0.40 kernel=5.00 userspace=5.50" },
        { 0.4, 5, 5.5, 5.9, 6, "svsm=0.40 firmware=0.40 kernel=5.00 "
                               "userspace=5.50" },
        { 0.4, 5, 5.5, 0.1, 6, "svsm=0.40 firmware=5.00 kernel=5.00 "
                               "userspace=5.50" },
        { 0, 0, 0, 0, 1, NULL },
    };
    struct boot_watch w = { 0 };
    boot_watch_text(&w, "[SVSM] evtpm SVSM at VMPL0", 1);
    g_assert_cmpfloat(w.svsm, ==, 0);
    boot_watch_text(&w, "[SVSM] x\n[SVSM] guest at VMPL2: 5 MiB", 2);
    boot_watch_text(&w, "[SVSM] guest at VMPL2: 5 MiB\nevtpm: userspace ready",
                    3);
    g_assert_cmpfloat(w.svsm, ==, 2);
    g_assert_cmpfloat(w.kernel, ==, 3);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        w.svsm = rows[i].svsm;
        w.kernel = rows[i].kernel;
        w.agent = rows[i].agent;
        g_autofree char *text =
            boot_watch_timeline(&w, rows[i].uptime, rows[i].now);
        g_assert_cmpstr(text, ==, rows[i].timeline);
    }
}

/* A console that has an earlier boot. */
static void test_boot_again(void)
{
    static const char first[] = "[SVSM] guest at VMPL2\nevtpm: userspace ready\n";
    g_autofree char *dir = g_dir_make_tmp("evtpm-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    struct boot_watch w;
    boot_watch_start(&w, path); /* not there yet */
    g_assert_true(g_file_set_contents(path, first, -1, NULL));
    boot_watch_look(&w, path);
    g_assert_cmpfloat(w.svsm, >, 0);
    g_assert_cmpfloat(w.kernel, >, 0);
    boot_watch_start(&w, path);
    boot_watch_look(&w, path);
    g_assert_cmpfloat(w.svsm, ==, 0);
    g_assert_cmpfloat(w.kernel, ==, 0);
    g_autofree char *both = g_strconcat(first, "[SVSM] guest at VMPL2\n", NULL);
    g_assert_true(g_file_set_contents(path, both, -1, NULL));
    boot_watch_look(&w, path);
    g_assert_cmpfloat(w.svsm, >, 0);
    g_assert_cmpfloat(w.kernel, ==, 0);
    tree_remove(dir);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/harness/vm/memory-size", test_memory);
    g_test_add_func("/harness/vm/name", test_names);
    g_test_add_func("/harness/vm/cmdline-emulated", test_cmdline_emulated);
    g_test_add_func("/harness/vm/cmdline-snp", test_cmdline_snp);
    g_test_add_func("/harness/vm/cmdline-plain", test_cmdline_plain);
    g_test_add_func("/harness/vm/check", test_check);
    g_test_add_func("/harness/vm/record", test_config_file);
    g_test_add_func("/harness/vm/exit-status", test_exits);
    g_test_add_func("/harness/vm/log-tail", test_tail);
    g_test_add_func("/harness/vm/boot-again", test_boot_again);
    g_test_add_func("/harness/boot-watch", test_boot_watch);
    return g_test_run();
}
