/* SPDX-License-Identifier: MIT */
/*
 * evtpm image prepare: images made here, with what a system needs and without,
 * are told apart, and stay as they are.
 *
 * needs: vm, mke2fs
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "tests/e2e/e2e.h"

#define MIB 1048576
#define FAT_AT 1 /* MiB; the partitions of the image */
#define ROOT_AT 2
#define ROOT_SIZE 8
#define SECTOR 512
#define ENTRIES 128

static const char good_config[] =
    "CONFIG_AMD_MEM_ENCRYPT=y\nCONFIG_TCG_SVSM=y\nCONFIG_SEV_GUEST=m\n"
    "CONFIG_TSM_REPORTS=m\nCONFIG_EFI_STUB=y\nCONFIG_VIRTIO_PCI=y\n"
    "CONFIG_VIRTIO_BLK=y\n# CONFIG_DM_CRYPT is not set\n";

static void run(const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *err = NULL;
    int status = -1;
    process_run(argv, NULL, NULL, FALSE, NULL, NULL, &err, &status,
                deadline_in(60), &error);
    g_assert_no_error(error);
    g_test_message("%s: %s", argv[0], err);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static char *in_dir(const char *name)
{
    return g_build_filename(e2e_dir(), name, NULL);
}

static void put(const char *name, const char *text)
{
    g_autofree char *path = in_dir(name);
    g_autofree char *dir = g_path_get_dirname(path);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0755), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* The root file system as a file, with a kernel of that version. */
static char *root_file(const char *version, const char *config)
{
    char *file = in_dir("root.ext4");
    g_autofree char *tree = in_dir("tree");
    g_autofree char *size = g_strdup_printf("%dM", ROOT_SIZE);
    g_autofree char *kernel = g_strdup_printf("tree/boot/vmlinuz-%s", version);
    g_autofree char *options = g_strdup_printf("tree/boot/config-%s", version);
    put("tree/etc/os-release", "PRETTY_NAME=\"Test System 1\"\n");
    put("tree/usr/bin/tpm2", "");
    put(kernel, "");
    put(options, config);
    const char *argv[] = { "mke2fs", "-q", "-t", "ext4", "-d",
                           tree,     file, size, NULL };
    run(argv);
    return file;
}

static void write_at(int fd, gint64 at, const void *data, gsize size)
{
    g_assert_cmpint(pwrite(fd, data, size, at), ==, (gssize)size);
}

/* CRC-32 of IEEE 802.3, which GPTs have. */
static guint32 crc32_of(const guint8 *data, gsize size)
{
    guint32 crc = ~0u;
    for (gsize i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

static void put_le(guint8 *to, guint64 value, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        to[i] = (guint8)(value >> (8 * i));
    }
}

static void put_entry(guint8 *entry, gint64 at_mib, gint64 size_mib)
{
    memset(entry, 0x5a, 32); /* type and identity: any but none */
    put_le(entry + 32, (guint64)at_mib * MIB / SECTOR, 8);
    put_le(entry + 40, (guint64)(at_mib + size_mib) * MIB / SECTOR - 1, 8);
}

/* A partition table (UEFI specification, 5.3): protective MBR, header,
 * entries; without the copy at the end. */
static void write_gpt(int fd, guint64 sectors)
{
    guint8 mbr[SECTOR] = { 0 }, header[SECTOR] = { 0 };
    guint8 entries[ENTRIES * 128] = { 0 };
    put_entry(entries, FAT_AT, 1);
    put_entry(entries + 128, ROOT_AT, ROOT_SIZE);
    entries[128 + 16] ^= 1; /* another identity */
    memcpy(header, "EFI PART\0\0\1\0", 12);
    put_le(header + 12, 92, 4);
    put_le(header + 24, 1, 8);
    put_le(header + 32, sectors - 1, 8);
    put_le(header + 40, 34, 8);
    put_le(header + 48, sectors - 34, 8);
    put_le(header + 72, 2, 8);
    put_le(header + 80, ENTRIES, 4);
    put_le(header + 84, 128, 4);
    put_le(header + 88, crc32_of(entries, sizeof(entries)), 4);
    put_le(header + 16, crc32_of(header, 92), 4);
    mbr[446 + 4] = 0xee;
    put_le(mbr + 446 + 8, 1, 4);
    put_le(mbr + 446 + 12, sectors - 1, 4);
    put_le(mbr + 510, 0xaa55, 2);
    write_at(fd, 0, mbr, SECTOR);
    write_at(fd, SECTOR, header, SECTOR);
    write_at(fd, 2 * SECTOR, entries, sizeof(entries));
}

/* A disk: something that is FAT by its first sector, and the root. */
static char *disk(const char *version, const char *config)
{
    char *path = in_dir("disk.raw");
    g_autofree char *root = root_file(version, config);
    g_autofree char *data = NULL;
    gsize size;
    guint8 fat[SECTOR] = { 0 };
    const gint64 total = (gint64)(ROOT_AT + ROOT_SIZE + 1) * MIB;
    memcpy(fat + 82, "FAT32   ", 8);
    g_assert_true(g_file_get_contents(root, &data, &size, NULL));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(ftruncate(fd, total), ==, 0);
    write_gpt(fd, (guint64)total / SECTOR);
    write_at(fd, (gint64)FAT_AT * MIB, fat, sizeof(fat));
    write_at(fd, (gint64)ROOT_AT * MIB, data, size);
    close(fd);
    return path;
}

static char *as_qcow2(const char *raw)
{
    char *path = in_dir("disk.qcow2");
    g_autofree char *qemu = artifact_path(ARTIFACT_QEMU, NULL);
    g_autofree char *dir = g_path_get_dirname(qemu);
    g_autofree char *tool = g_build_filename(dir, "qemu-img", NULL);
    const char *argv[] = { tool, "convert", "-O", "qcow2", raw, path, NULL };
    run(argv);
    return path;
}

static char *digest(const char *path)
{
    g_autofree char *data = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)data, size);
}

static void test_good(void)
{
    struct e2e_result r;
    g_autofree char *raw = disk("6.17.1-test", good_config);
    g_autofree char *path = as_qcow2(raw);
    g_autofree char *before = digest(path);
    e2e_evtpm(&r, "image", "prepare", path, NULL);
    g_assert_cmpint(r.status, ==, 0);
    g_assert_true(g_str_has_prefix(r.out, "Test System 1\n"));
    g_assert_nonnull(
        strstr(r.out, "ok       EFI system partition   a FAT file system\n"));
    g_assert_nonnull(
        strstr(r.out, "ok       kernel 6.16 or newer   6.17.1-test\n"));
    g_assert_nonnull(
        strstr(r.out, "ok       TCG_SVSM               built in\n"));
    g_assert_nonnull(
        strstr(r.out, "note     DM_CRYPT               not set\n"));
    g_assert_nonnull(
        strstr(r.out, "ok       evidence               tpm2-tools\n"));
    g_assert_null(strstr(r.out, "missing"));
    e2e_result_clear(&r);
    g_autofree char *after = digest(path);
    g_assert_cmpstr(after, ==, before);
    e2e_assert_no_vms();
}

static void test_old(void)
{
    struct e2e_result r;
    g_autofree char *path = disk("6.12.9-old", "CONFIG_AMD_MEM_ENCRYPT=y\n"
                                               "CONFIG_SEV_GUEST=m\n");
    g_autofree char *before = digest(path);
    e2e_evtpm(&r, "image", "prepare", path, NULL);
    g_assert_cmpint(r.status, ==, 1);
    e2e_assert_error_line(r.err, "not ready for a guest under an SVSM");
    g_assert_nonnull(
        strstr(r.out, "missing  kernel 6.16 or newer   6.12.9-old\n"));
    g_assert_nonnull(
        strstr(r.out, "missing  TCG_SVSM               not set\n"));
    g_assert_nonnull(
        strstr(r.out, "missing  TSM_REPORTS            not set\n"));
    g_assert_nonnull(strstr(r.out, "ok       SEV_GUEST              a module"));
    e2e_result_clear(&r);
    g_autofree char *after = digest(path);
    g_assert_cmpstr(after, ==, before);
    e2e_assert_no_vms();
}

/* The version in the header of the first Linux in an image (boot.rst in Linux's
 * documentation), which has not been cut into pieces there. */
static char *version_inside(const char *path)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
    g_assert_nonnull(file);
    const char *data = g_mapped_file_get_contents(file);
    gsize size = g_mapped_file_get_length(file);
    /* a boot sector's end, a jump, the magic: the stub has the last, too */
    const guint8 *magic = memmem(data, size, "\x55\xaa\xeb", 3);
    while (magic && memcmp(magic + 4, "HdrS", 4) != 0) {
        magic++;
        magic = memmem(magic, size - (gsize)(magic - (const guint8 *)data),
                       "\x55\xaa\xeb", 3);
    }
    g_assert_nonnull(magic);
    magic += 4;
    const char *version =
        (const char *)magic - 2 + (magic[12] | (gsize)magic[13] << 8);
    g_assert_cmpuint((gsize)(version - data) + 100, <, size);
    return g_strndup(version, strcspn(version, " "));
}

/* A disk that is one FAT file system with a unified kernel image, of which
 * Debian's kernel is a part: no configuration of it is anywhere. */
static void test_unified(void)
{
    struct e2e_result r;
    g_autofree char *path = e2e_debian_disk();
    g_autofree char *version = version_inside(path);
    g_autofree char *before = digest(path);
    g_autofree char *unified = g_strdup_printf(
        "ok       unified kernel image   %s in EFI/BOOT/BOOTX64.EFI\n",
        version);
    g_autofree char *kernel =
        g_strdup_printf(" kernel 6.16 or newer   %s\n", version);
    g_autofree char *config = g_strdup_printf(
        "unknown  TCG_SVSM               no configuration of %s", version);
    e2e_evtpm(&r, "image", "prepare", path, NULL);
    g_test_message("%s", r.out);
    g_assert_cmpint(r.status, ==, 1);
    g_assert_nonnull(
        strstr(r.out, "ok       EFI system partition   a FAT file system\n"));
    g_assert_nonnull(strstr(r.out, unified));
    g_assert_nonnull(strstr(r.out, kernel));
    g_assert_nonnull(strstr(r.out, config));
    g_assert_null(strstr(r.out, "not looked into"));
    e2e_result_clear(&r);
    g_autofree char *after = digest(path);
    g_assert_cmpstr(after, ==, before);
    e2e_assert_no_vms();
}

static const struct e2e_refusal rows[] = {
    { "missing",
      { "image", "prepare", "no-such-image" },
      1,
      "no-such-image: No such file or directory" },
    { "directory", { "image", "prepare", "/" }, 1, "/: not a disk image" },
    { "empty", { "image", "prepare", "/dev/null" }, 1, "not a disk image" },
    { "no-file", { "image", "prepare" }, 2, "usage: evtpm image prepare" },
    { "no-command", { "image" }, 2, "usage: evtpm image prepare" },
};

static const struct e2e_scenario scenarios[] = {
    { "/e2e/image/good-qcow2", test_good, 0, 768 },
    { "/e2e/image/old-raw", test_old, 0, 768 },
    { "/e2e/image/unified", test_unified, E2E_DEBIAN_DISK, 768 },
};

int main(int argc, char **argv)
{
    e2e_begin(&argc, &argv);
    e2e_add_refusals("image", rows, G_N_ELEMENTS(rows));
    e2e_add(E2E_TABLE(scenarios));
    return e2e_end();
}
