/* SPDX-License-Identifier: MIT */
/* Scenarios: their table, their directories, what they need. */
#include "tests/e2e/e2e.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/command.h"
#include "harness/needs.h"
#include "harness/tree.h"

/* Directories of programs that failed, with the logs of their VMs. */
#define FAILED_KEPT 5
#define PREFIX "evtpm-e2e-"

static char *base; /* holds run/ (state) and t/ (the test's own) */
static char *own_dir;
static char *not_ready; /* why nothing can run, or NULL */
static struct vm *shared;
static GPtrArray *scenarios; /* of struct scenario */
static GPtrArray *strings;
static gboolean list_skips; /* asked for by --skips */

struct scenario {
    struct e2e_scenario what;
    void (*run)(gconstpointer data); /* with data, or NULL */
    gconstpointer data;
};

/* The lock of a directory whose program still runs cannot be had. */
static int lock_base(const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int by_age(const void *a, const void *b)
{
    GStatBuf x = { 0 }, y = { 0 };
    g_stat(*(char *const *)a, &x);
    g_stat(*(char *const *)b, &y);
    return (x.st_mtime < y.st_mtime) - (x.st_mtime > y.st_mtime);
}

/* What failed or killed programs left, but the newest. */
static void sweep(void)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(g_get_tmp_dir(), 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, PREFIX)) {
            g_ptr_array_add(found,
                            g_build_filename(g_get_tmp_dir(), name, NULL));
        }
    }
    g_ptr_array_sort(found, by_age);
    for (guint i = FAILED_KEPT; i < found->len; i++) {
        const char *path = g_ptr_array_index(found, i);
        int fd = access(path, W_OK) == 0 ? lock_base(path) : -1;
        if (fd >= 0) {
            tree_remove(path);
            close(fd);
        }
    }
}

static void make_directories(void)
{
    sweep();
    base = g_dir_make_tmp(PREFIX "XXXXXX", NULL);
    g_assert_nonnull(base);
    /* held until the process is gone */
    g_assert_cmpint(lock_base(base), >=, 0);
    g_autofree char *run = g_build_filename(base, "run", NULL);
    own_dir = g_build_filename(base, "t", NULL);
    g_assert_cmpint(g_mkdir(run, 0700), ==, 0);
    g_assert_cmpint(g_mkdir(own_dir, 0700), ==, 0);
    /* VMs of the user and of other tests are out of sight, and ours of theirs
     */
    g_setenv("XDG_RUNTIME_DIR", run, TRUE);
}

static enum platform platform(void)
{
    enum platform p = PLATFORM_EMULATED;
    const char *asked = g_getenv("EVTPM_TEST_PLATFORM");
    g_autoptr(GError) error = NULL;
    if (asked && *asked && !platform_parse(asked, &p, &error)) {
        not_ready = g_strdup(error->message);
    }
    return p;
}

/* Of all scenarios: without these there is nothing to be run. */
static void look_around(void)
{
    g_autoptr(GError) error = NULL;
    if (platform() == PLATFORM_SNP && !platform_snp_available()) {
        not_ready = g_strdup("this machine starts no SEV-SNP guests");
    }
    for (int i = 0; i < ARTIFACT_COUNT && !error && !not_ready; i++) {
        g_autofree char *path = artifact_path((enum artifact)i, &error);
    }
    if (error) {
        not_ready = g_strdup(error->message);
    }
}

static guint64 free_mib(void)
{
    g_autofree char *text = NULL;
    const char *at = NULL;
    if (g_file_get_contents("/proc/meminfo", &text, NULL, NULL)) {
        at = strstr(text, "MemAvailable:");
    }
    return at ? g_ascii_strtoull(strpbrk(at, "0123456789"), NULL, 10) / 1024
              : G_MAXUINT64;
}

/* Why a scenario cannot run; NULL if it can. */
static char *missing(const struct e2e_scenario *s)
{
    if (not_ready) {
        return g_strdup(not_ready);
    }
    if ((s->needs & E2E_EMULATED) && platform() != PLATFORM_EMULATED) {
        return g_strdup("looks at what the emulator alone shows");
    }
    g_autofree char *disk = e2e_debian_disk();
    if ((s->needs & E2E_DEBIAN_DISK) &&
        !g_file_test(disk, G_FILE_TEST_EXISTS)) {
        return g_strdup("no artifacts/debian.img: \"make debian-disk\" fetches "
                        "Debian's kernel and makes it");
    }
    static const char *const process[] = { "process", NULL };
    char *why =
        s->needs & E2E_PROCESS ? needs_missing(process, platform()) : NULL;
    if (why) {
        return why;
    }
    guint64 free = free_mib();
    return s->memory > free
               ? g_strdup_printf("needs %u MiB of memory, %" G_GUINT64_FORMAT
                                 " are free",
                                 s->memory, free)
               : NULL;
}

static void run_scenario(gconstpointer data)
{
    const struct scenario *s = data;
    e2e_note_strangers();
    g_autofree char *why = missing(&s->what);
    tree_empty(own_dir, NULL);
    if (why) {
        g_test_skip(why);
    } else if (s->run) {
        s->run(s->data);
    } else {
        s->what.run();
    }
}

void e2e_add_row(const struct e2e_scenario *scenario,
                 void (*run)(gconstpointer data), gconstpointer data)
{
    struct scenario *s = g_new0(struct scenario, 1);
    char *path = g_strdup(scenario->path);
    g_ptr_array_add(strings, path);
    s->what = *scenario;
    s->what.path = path;
    s->run = run;
    s->data = data;
    g_ptr_array_add(scenarios, s);
    g_test_add_data_func(scenario->path, s, run_scenario);
}

void e2e_add(const struct e2e_scenario *list, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        e2e_add_row(&list[i], NULL, NULL);
    }
}

/* evtpm test asks which scenarios would be skipped: "PATH<TAB>WHY" each. */
static void print_skips(void)
{
    for (guint i = 0; i < scenarios->len; i++) {
        const struct scenario *s = g_ptr_array_index(scenarios, i);
        g_autofree char *why = missing(&s->what);
        if (why) {
            printf("%s\t%s\n", s->what.path, why);
        }
    }
}

void e2e_begin(int *argc, char ***argv)
{
    list_skips = *argc > 1 && strcmp((*argv)[*argc - 1], "--skips") == 0;
    g_test_init(argc, argv, NULL);
    wait_catch_signals();
    scenarios = g_ptr_array_new_with_free_func(g_free);
    strings = g_ptr_array_new_with_free_func(g_free);
    make_directories();
    look_around();
}

int e2e_end(void)
{
    int status = 0;
    if (list_skips) {
        print_skips();
    } else {
        status = g_test_run();
    }
    g_clear_pointer(&shared, e2e_vm_end);
    if (status == 0) {
        tree_remove(base);
    } else {
        g_test_message("logs stay in %s", base);
    }
    g_free(base);
    g_free(own_dir);
    g_free(not_ready);
    g_ptr_array_unref(scenarios);
    g_ptr_array_unref(strings);
    return status;
}

int e2e_main(int argc, char **argv, const struct e2e_scenario *list,
             gsize count)
{
    e2e_begin(&argc, &argv);
    e2e_add(list, count);
    return e2e_end();
}

const char *e2e_dir(void)
{
    return own_dir;
}

char *e2e_debian_disk(void)
{
    const char *given = g_getenv("EVTPM_ARTIFACTS");
    g_autofree char *build = artifacts_build_dir();
    return given && *given ? g_build_filename(given, "debian.img", NULL)
                           : g_build_filename(build ? build : ".", "artifacts",
                                              "debian.img", NULL);
}

struct vm_config *e2e_config(void)
{
    const struct vm_options options = { .name = (char *)"t",
                                        .memory = (char *)"384",
                                        .platform = (char *)g_getenv(
                                            "EVTPM_TEST_PLATFORM"),
                                        .cpus = 1 };
    g_autoptr(GError) error = NULL;
    struct vm_config *config = vm_options_config(&options, &error);
    g_assert_no_error(error);
    return config;
}

struct vm *e2e_shared_vm(void)
{
    if (!shared) {
        struct vm_config *c = e2e_config();
        g_free(c->name);
        c->name = g_strdup("shared");
        c->debug_read = c->platform == PLATFORM_EMULATED;
        shared = e2e_boot(c);
        vm_config_free(c);
    }
    return shared;
}

void e2e_share(struct vm *vm)
{
    g_assert_null(shared);
    shared = vm;
}

struct vm *e2e_unshare(void)
{
    struct vm *vm = e2e_shared_vm();
    shared = NULL;
    return vm;
}

struct attest_policy e2e_policy(const struct vm_config *config)
{
    struct attest_policy policy = { .igvm = g_strdup(config->igvm) };
    g_ptr_array_add(strings, (char *)policy.igvm);
    if (config->chip) {
        char *root = g_build_filename(config->chip, "ark.pem", NULL);
        char *chip = g_strdup(config->chip);
        g_ptr_array_add(strings, root);
        g_ptr_array_add(strings, chip);
        policy.root = root;
        policy.chip = chip;
    }
    return policy;
}
