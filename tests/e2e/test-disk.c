/* SPDX-License-Identifier: MIT */
/*
 * Host blindness, the disk and the host's own dump of guest memory: what is in
 * the vTPM is in neither, while the same searches find what the guest did give
 * away.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/e2e.h"

#define DISK_SIZE (8 << 20)
#define SHARED_TEXT "evtpm-canary-in-a-shared-page"
#define DISK_TEXT "evtpm-canary-on-the-disk"

static gboolean file_has(const char *path, const void *pattern, gsize size)
{
    g_autofree char *data = NULL;
    gsize length = 0;
    g_assert_true(g_file_get_contents(path, &data, &length, NULL));
    g_assert_cmpuint(length, >=, DISK_SIZE);
    return memmem(data, length, pattern, size) != NULL;
}

/* All guest memory as QEMU can write it into a file. */
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

static struct vm *boot_with_disk(const char *disk)
{
    int fd = open(disk, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, DISK_SIZE), ==, 0);
    close(fd);
    g_autofree char *drive =
        g_strdup_printf("if=none,id=d,format=raw,file=%s", disk);
    const char *extra[] = { "-drive", drive, "-device",
                            "virtio-blk-pci,drive=d,romfile=", NULL };
    struct vm_config *c = e2e_config();
    c->extra = g_strdupv((char **)extra);
    struct vm *vm = e2e_boot(c);
    vm_config_free(c);
    return vm;
}

/* The seed travels to the guest, its hash never does: that is the canary. */
static void store(struct vm *vm, const char *seed)
{
    g_autoptr(GHashTable) t = e2e_tpm(
        vm,
        "tpm2_nvdefine -Q -C o -s 32 0x1500030\n"
        "printf %%s %s | sha256sum | cut -d' ' -f1 | xxd -r -p >nv\n"
        "tpm2_nvwrite -Q -C o -i nv 0x1500030\n"
        "tpm2_nvread -C o -s 32 -o back 0x1500030; cmp nv back; rm nv back\n"
        "echo stored yes\n",
        seed);
    g_assert_cmpstr(guest_tpm_get(t, "stored"), ==, "yes");
}

static void test_disk(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *disk = g_build_filename(e2e_dir(), "disk.raw", NULL);
    g_autofree char *seed = g_uuid_string_random();
    g_autofree char *hex =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, seed, -1);
    guint8 raw[32];
    g_assert_true(evtpm_unhex(raw, sizeof(raw), hex));
    struct vm *vm = boot_with_disk(disk);
    store(vm, seed);
    g_autofree char *out = e2e_guest(
        vm, "insmod /usr/lib/modules/evtpm-test.ko share=" SHARED_TEXT
            "; printf " DISK_TEXT " | dd of=/dev/vda bs=512 conv=sync; sync");

    g_assert_true(dump_has(vm, SHARED_TEXT, strlen(SHARED_TEXT)));
    g_assert_false(dump_has(vm, raw, sizeof(raw)));
    g_assert_false(dump_has(vm, hex, 64));
    vm_stop(vm, 0, &error);
    g_assert_no_error(error);
    g_assert_true(file_has(disk, DISK_TEXT, strlen(DISK_TEXT)));
    g_assert_false(file_has(disk, raw, sizeof(raw)));
    g_assert_false(file_has(disk, hex, 64));
    e2e_vm_end(vm);
}

static const struct e2e_scenario scenarios[] = {
    { "/e2e/disk/nv-canary", test_disk, E2E_EMULATED, 512 },
};

int main(int argc, char **argv)
{
    return e2e_main(argc, argv, E2E_TABLE(scenarios));
}
