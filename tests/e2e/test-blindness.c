/* SPDX-License-Identifier: MIT */
/*
 * What the vTPM stores is in private memory only.
 *
 * needs: emulator
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "evtpm/svsm_boot.h"
#include "tests/e2e/memory.h"

#define MODULE "/usr/lib/modules/evtpm-test.ko"
#define DISK_SIZE (1 << 20)

/* With a disk, which nothing but QEMU's descriptor leads to once the VM runs.
 */
static struct vm *start_with_disk(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *disk = NULL;
    int fd = g_file_open_tmp("evtpm-disk-XXXXXX", &disk, &error);
    e2e_check(NULL, error);
    g_assert_cmpint(ftruncate(fd, DISK_SIZE), ==, 0);
    close(fd);
    g_autofree char *drive =
        g_strdup_printf("if=none,id=d,format=raw,file=%s", disk);
    const char *const extra[] = { "-drive", drive, "-device",
                                  "virtio-blk-pci,drive=d,romfile=", NULL };
    struct vm_config *config = e2e_config();
    g_free(config->name);
    config->name = g_strdup("shared");
    config->extra = g_strdupv((char **)extra);
    config->debug_read = TRUE;
    struct vm *vm = e2e_start(config);
    unlink(disk);
    vm_config_free(config);
    e2e_up(vm);
    return vm;
}

static struct vm *shared_vm(void)
{
    static struct vm *vm;
    if (!vm) {
        vm = start_with_disk();
        e2e_share(vm);
    }
    return vm;
}

static void test_nv(void)
{
    struct vm *vm = shared_vm();
    struct secret s;
    secret_make(&s, "nv");
    secret_store(vm, &s, "0x1500030");
    g_autofree char *base64 = g_base64_encode(s.bytes, SECRET_SIZE);
    /* the control: it is there, in the SVSM's own memory */
    g_assert_cmpuint(memory_hits(vm, "private", s.bytes, SECRET_SIZE, SVSM_BASE,
                                 SVSM_BASE + SVSM_REGION_SIZE),
                     >, 0);
    /* in no form that tools print it in; 16 characters, for lines may be
     * wrapped */
    g_assert_cmpuint(
        memory_hits(vm, "shared", s.bytes, SECRET_SIZE, 0, G_MAXUINT64), ==, 0);
    g_assert_cmpuint(memory_hits(vm, "shared", s.hex, 16, 0, G_MAXUINT64), ==,
                     0);
    g_assert_cmpuint(memory_hits(vm, "shared", base64, 16, 0, G_MAXUINT64), ==,
                     0);
    g_assert_cmpuint(files_hold(vm, s.bytes, SECRET_SIZE), ==, 0);
    g_assert_cmpuint(files_hold(vm, s.hex, 16), ==, 0);
    secret_clear(&s);
}

static void test_shared(void)
{
    struct vm *vm = shared_vm();
    struct secret s;
    guint64 gpa = 0;
    secret_make(&s, "shared");
    g_autofree char *said = e2e_guest(
        vm,
        "insmod " MODULE " share=$(printf %s | sha256sum | cut -d' ' -f1) && "
        "dmesg | sed -n 's/.*evtpm-test: shared page at //p' | tail -n 1",
        s.seed);
    g_assert_true(g_ascii_string_to_unsigned(
        g_str_has_prefix(said, "0x") ? said + 2 : said, 16, 0x1000, G_MAXUINT64,
        &gpa, NULL));
    g_assert_cmpuint(
        memory_hits(vm, "shared", s.hex, strlen(s.hex), gpa, gpa + 1), ==, 1);
    g_assert_cmpuint(
        memory_hits(vm, "private", s.hex, strlen(s.hex), gpa, gpa + 4096), ==,
        0);
    secret_clear(&s);
}

/* The control of the files' search: what the guest wrote to its disk is found.
 */
static void test_disk(void)
{
    struct vm *vm = shared_vm();
    struct secret s;
    secret_make(&s, "disk");
    g_assert_cmpuint(files_hold(vm, s.hex, strlen(s.hex)), ==, 0);
    g_autofree char *said = e2e_guest(vm,
                                      "printf %s | sha256sum | cut -d' ' -f1 | "
                                      "dd of=/dev/vda bs=512 conv=sync && sync",
                                      s.seed);
    g_assert_cmpuint(files_hold(vm, s.hex, strlen(s.hex)), ==, 1);
    secret_clear(&s);
}

/* The same for the console's log. */
static void test_console(void)
{
    struct vm *vm = shared_vm();
    struct secret s;
    unsigned found = 0;
    secret_make(&s, "console");
    g_autofree char *said = e2e_guest(
        vm, "printf %s | sha256sum | cut -d' ' -f1 >/dev/ttyS0", s.seed);
    for (int i = 0; i < 100 && !found; i++) {
        found = files_hold(vm, s.hex, strlen(s.hex));
        g_usleep(50000);
    }
    g_assert_cmpuint(found, >, 0);
    secret_clear(&s);
}

/* Without debug-read=on even the tests' search is blind. */
static void test_closed(void)
{
    g_autoptr(GError) error = NULL;
    struct vm_config *config = e2e_config();
    struct vm *vm = e2e_start(config);
    g_autoptr(JsonArray) gpas =
        memory_search(vm, "private", "\0\0\0\0", 4, &error);
    g_assert_null(gpas);
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "private memory is closed"));
    e2e_vm_end(vm);
    vm_config_free(config);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/blindness/nv-index-is-private", test_nv, E2E_EMULATED, 512 },
    { "/e2e/blindness/shared-page-is-found", test_shared, E2E_EMULATED, 512 },
    { "/e2e/blindness/console-is-found-in-files", test_console, E2E_EMULATED,
      512 },
    { "/e2e/blindness/disk-is-found-in-files", test_disk, E2E_EMULATED, 512 },
    { "/e2e/blindness/no-debug-read", test_closed, E2E_EMULATED, 1024 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
