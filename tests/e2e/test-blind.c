/* SPDX-License-Identifier: MIT */
/*
 * Host blindness: what is in the vTPM is in private memory, and nowhere that the host can look.
 * Each search is done with the same code for canaries that must be found.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evtpm/svsm_boot.h"
#include "harness/tree.h"
#include "tests/e2e/e2e.h"

#define DISK_SIZE (8 << 20)
#define SHARED_TEXT "evtpm-canary-in-a-shared-page"
#define DISK_TEXT "evtpm-canary-on-the-disk"
#define CONSOLE_TEXT "evtpm-canary-on-the-console"

struct needle {
    guint8 raw[32];
    char hex[65];
};

/*
 * The canary is the hash of a seed: the seed travels to the guest, the canary never does. So any
 * place that the host finds it in would have got it from the TPM.
 */
static void make_needle(struct needle *n, const char *seed)
{
    g_autofree char *sum =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed, -1);
    g_strlcpy(n->hex, sum, sizeof(n->hex));
    g_assert_true(evtpm_unhex(n->raw, sizeof(n->raw), sum));
}

/* Guest physical addresses of `pattern`; the count, and how many of them lie in the SVSM's region. */
static guint search(struct vm *vm, const char *space, const void *pattern,
                    gsize size, guint *in_svsm)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_base64_encode(pattern, size);
    JsonObject *arguments = json_object_new();
    json_object_set_string_member(arguments, "space", space);
    json_object_set_string_member(arguments, "pattern", text);
    g_autoptr(JsonNode) node =
        qmp_call(&vm->qmp, "x-query-snp-search", arguments,
                 deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);
    JsonArray *gpas = json_object_get_array_member(json_node_get_object(node),
                                                   "gpas");
    *in_svsm = 0;
    for (guint i = 0; i < json_array_get_length(gpas); i++) {
        guint64 gpa = (guint64)json_array_get_int_element(gpas, i);
        *in_svsm += gpa >= SVSM_BASE && gpa < SVSM_BASE + SVSM_REGION_SIZE;
    }
    return json_array_get_length(gpas);
}

static gboolean file_has(const char *path, const void *pattern, gsize size)
{
    g_autofree char *data = NULL;
    gsize length = 0;
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           g_file_get_contents(path, &data, &length, NULL) &&
           memmem(data, length, pattern, size) != NULL;
}

static void search_tree(const char *path, const void *pattern, gsize size,
                        guint *found)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        if (g_file_test(entry, G_FILE_TEST_IS_DIR)) {
            search_tree(entry, pattern, size, found);
        } else if (file_has(entry, pattern, size)) {
            g_test_message("found in %s", entry);
            (*found)++;
        }
    }
}

/* Every regular file that QEMU holds open, also deleted ones, by way of /proc. */
static void search_open_files(struct vm *vm, const void *pattern, gsize size,
                              guint *found)
{
    g_autofree char *path =
        g_strdup_printf("/proc/%d/fd", (int)vm->process.pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    g_assert_nonnull(dir);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        if (file_has(entry, pattern, size)) {
            g_test_message("found in QEMU's descriptor %s", name);
            (*found)++;
        }
    }
}

/* State and log directories, the test's own with the disk, open files. */
static guint search_files(struct vm *vm, const void *pattern, gsize size)
{
    guint found = 0;
    search_tree(vm->dir.path, pattern, size, &found);
    search_tree(vm->dir.log, pattern, size, &found);
    search_tree(e2e_dir(), pattern, size, &found);
    search_open_files(vm, pattern, size, &found);
    return found;
}

/* What the host's own dump of guest memory contains. */
static gboolean dump_has(struct vm *vm, const void *pattern, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(e2e_dir(), "dump", NULL);
    JsonObject *arguments = json_object_new();
    json_object_set_int_member(arguments, "val", 0);
    json_object_set_int_member(arguments, "size",
                               (gint64)vm->config->memory << 20);
    json_object_set_string_member(arguments, "filename", path);
    qmp_run(&vm->qmp, "pmemsave", arguments, deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);
    gboolean has = file_has(path, pattern, size);
    g_unlink(path);
    return has;
}

static char *make_disk(void)
{
    char *path = g_build_filename(e2e_dir(), "disk.raw", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, DISK_SIZE), ==, 0);
    close(fd);
    return path;
}

static struct vm *boot_with_disk(void)
{
    g_autofree char *disk = make_disk();
    struct vm_config *c = e2e_config();
    g_autofree char *drive =
        g_strdup_printf("if=none,id=d,format=raw,file=%s", disk);
    const char *extra[] = { "-drive", drive, "-device",
                            "virtio-blk-pci,drive=d,romfile=", NULL };
    c->extra = g_strdupv((char **)extra);
    c->debug_read = TRUE;
    struct vm *vm = e2e_boot(c);
    vm_config_free(c);
    return vm;
}

/* The controls: the same searches find what the guest did give away. */
static void check_controls(struct vm *vm)
{
    guint in_svsm;
    g_autofree char *out = e2e_guest(
        vm, "insmod /usr/lib/modules/evtpm-test.ko share=" SHARED_TEXT
            "; echo " CONSOLE_TEXT " >/dev/console; "
            "printf " DISK_TEXT " | dd of=/dev/vda bs=512 conv=sync; sync");
    g_assert_cmpuint(search(vm, "shared", SHARED_TEXT, strlen(SHARED_TEXT),
                            &in_svsm), >, 0);
    g_assert_true(dump_has(vm, SHARED_TEXT, strlen(SHARED_TEXT)));
    g_autofree char *disk = g_build_filename(e2e_dir(), "disk.raw", NULL);
    g_assert_true(file_has(disk, DISK_TEXT, strlen(DISK_TEXT)));
    g_assert_cmpuint(search_files(vm, DISK_TEXT, strlen(DISK_TEXT)), >, 0);
    g_autofree char *console =
        g_build_filename(vm->dir.log, "console.log", NULL);
    e2e_await(file_has(console, CONSOLE_TEXT, strlen(CONSOLE_TEXT)));
}

static void check_blind(struct vm *vm, const void *pattern, gsize size)
{
    guint in_svsm;
    g_assert_cmpuint(search(vm, "shared", pattern, size, &in_svsm), ==, 0);
    g_assert_false(dump_has(vm, pattern, size));
    g_assert_cmpuint(search_files(vm, pattern, size), ==, 0);
}

static void test_nv(void)
{
    if (!e2e_ready()) {
        return;
    }
    g_autoptr(GError) error = NULL;
    struct needle n;
    guint in_svsm;
    g_autofree char *seed = g_uuid_string_random();
    make_needle(&n, seed);
    struct vm *vm = boot_with_disk();
    /* before it is there, nothing is found: the search does not find just anything */
    g_assert_cmpuint(search(vm, "private", n.raw, 32, &in_svsm), ==, 0);
    g_autofree char *script = g_strdup_printf(
        "tpm2_nvdefine -Q -C o -s 32 0x1500030\n"
        "printf %%s %s | sha256sum | cut -d' ' -f1 | xxd -r -p | "
        "tpm2_nvwrite -Q -C o -i - 0x1500030\n"
        "echo done yes\n", seed);
    g_autoptr(GHashTable) t =
        guest_tpm_run(vm, script, deadline_in(E2E_SECONDS), &error);
    g_assert_no_error(error);

    check_controls(vm);
    guint hits = search(vm, "private", n.raw, sizeof(n.raw), &in_svsm);
    g_test_message("the canary is at %u private addresses, %u of them the "
                   "SVSM's", hits, in_svsm);
    g_assert_cmpuint(in_svsm, >, 0);
    check_blind(vm, n.raw, sizeof(n.raw));
    check_blind(vm, n.hex, 64);

    /* and when the VM is gone, its disk and logs still say nothing */
    vm_stop(vm, 0, &error);
    g_assert_no_error(error);
    guint found = 0;
    search_tree(vm->dir.log, n.raw, sizeof(n.raw), &found);
    search_tree(e2e_dir(), n.raw, sizeof(n.raw), &found);
    g_assert_cmpuint(found, ==, 0);
    vm_free(vm);
}

/* The back door is a tests' switch: without it the monitor is as blind as the host. */
static void test_switch(void)
{
    if (!e2e_ready()) {
        return;
    }
    g_autoptr(GError) error = NULL;
    struct vm_config *c = e2e_config();
    struct vm *vm = vm_start(c, FALSE, &error);
    g_assert_no_error(error);
    JsonObject *arguments = json_object_new();
    json_object_set_string_member(arguments, "space", "private");
    json_object_set_int_member(arguments, "gpa", (gint64)SVSM_BASE);
    json_object_set_int_member(arguments, "size", 16);
    g_assert_false(qmp_run(&vm->qmp, "x-query-snp-memory", arguments,
                           deadline_in(20), &error));
    g_assert_nonnull(strstr(error->message, "private memory is closed"));
    vm_free(vm);
    vm_config_free(c);
}

int main(int argc, char **argv)
{
    e2e_main(&argc, &argv);
    g_test_add_func("/e2e/blind/nv-canary", test_nv);
    g_test_add_func("/e2e/blind/debug-read-is-off", test_switch);
    return e2e_main_end();
}
