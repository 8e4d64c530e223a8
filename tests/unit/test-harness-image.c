/* SPDX-License-Identifier: MIT */
/* What evtpm image prepare says to what it found in an image. */
#include <string.h>

#include "harness/image_report.h"

#define GOOD                                                                   \
    "disk 1073741824\npartition vda1 fat\npartition vda2 ext\n"                \
    "system Debian GNU/Linux 13 (trixie)\nkernel 6.17.0-1-amd64 config\n"      \
    "option 6.17.0-1-amd64 AMD_MEM_ENCRYPT y\n"                                \
    "option 6.17.0-1-amd64 TCG_SVSM y\n"                                       \
    "option 6.17.0-1-amd64 SEV_GUEST m\n"                                      \
    "option 6.17.0-1-amd64 TSM_REPORTS m\n"                                    \
    "option 6.17.0-1-amd64 EFI_STUB y\n"                                       \
    "option 6.17.0-1-amd64 VIRTIO_PCI m\n"                                     \
    "option 6.17.0-1-amd64 VIRTIO_BLK m\n"                                     \
    "option 6.17.0-1-amd64 DM_CRYPT m\n"                                       \
    "tool tpm2\n"

/* One thing other than in the good one, and the line that says so. */
static const struct row {
    const char *name, *from, *to;
    gboolean good;
    const char *says;
} rows[] = {
    { "good", "", "", TRUE, "ok       TCG_SVSM               built in\n" },
    { "module", "", "", TRUE,
      "ok       SEV_GUEST              a module: the initramfs must have it" },
    { "no-svsm-driver", "option 6.17.0-1-amd64 TCG_SVSM y\n", "", FALSE,
      "missing  TCG_SVSM               not set\n" },
    { "advice", "option 6.17.0-1-amd64 TCG_SVSM y\n", "", FALSE,
      "it has no driver for the SVSM's vTPM: build it with CONFIG_TCG_SVSM=y" },
    { "sev-as-a-module", "AMD_MEM_ENCRYPT y", "AMD_MEM_ENCRYPT m", FALSE,
      "missing  AMD_MEM_ENCRYPT" },
    { "no-reports", "option 6.17.0-1-amd64 TSM_REPORTS m\n", "", FALSE,
      "missing  TSM_REPORTS" },
    { "old-kernel", "kernel 6.17.0-1-amd64", "kernel 6.15.9", FALSE,
      "missing  kernel 6.16 or newer   6.15.9\n" },
    { "newest-kernel", "kernel 6.17.0-1-amd64 config",
      "kernel 6.9.0 none\nkernel 6.17.0-1-amd64 config", TRUE,
      "ok       kernel 6.16 or newer   6.17.0-1-amd64\n" },
    { "strange-version", "kernel 6.17.0-1-amd64", "kernel custom", FALSE,
      "unknown  kernel 6.16 or newer   custom\n" },
    { "no-configuration", "kernel 6.17.0-1-amd64 config",
      "kernel 6.17.0-1-amd64 none", FALSE,
      "unknown  TCG_SVSM               no configuration of 6.17.0-1-amd64" },
    { "no-kernel", "kernel 6.17.0-1-amd64 config\n", "", FALSE,
      "missing  kernel                 none in /boot" },
    { "no-efi", "vda1 fat", "vda1 ext", FALSE,
      "missing  EFI system partition   no FAT file system\n" },
    { "unreadable", "vda2 ext", "vda2 xfs", FALSE,
      "unknown  file systems           not looked into: vda2 (XFS)\n" },
    { "volumes", "vda2 ext", "vda2 lvm", FALSE,
      "unknown  file systems           not looked into: vda2 (LVM: volumes in "
      "it)\n" },
    { "unified", "kernel 6.17.0-1-amd64 config",
      "uki 6.17.0-1-amd64 EFI/Linux/a.efi\nkernel 6.17.0-1-amd64 none\n"
      "kernel 6.17.0-1-amd64 config",
      TRUE,
      "ok       unified kernel image   6.17.0-1-amd64 in EFI/Linux/a.efi\n" },
    { "unified-after", "kernel 6.17.0-1-amd64 config",
      "kernel 6.17.0-1-amd64 config\nuki 6.17.0-1-amd64 EFI/Linux/a.efi\n"
      "kernel 6.17.0-1-amd64 none",
      TRUE, "ok       TCG_SVSM               built in\n" },
    { "unified-alone", "kernel 6.17.0-1-amd64 config",
      "uki 6.17.0-1-amd64 EFI/BOOT/BOOTX64.EFI\n"
      "kernel 6.17.0-1-amd64 none",
      FALSE, "ok       kernel 6.16 or newer   6.17.0-1-amd64\n" },
    { "unified-unknown", "kernel 6.17.0-1-amd64 config",
      "uki unknown EFI/BOOT/BOOTX64.EFI", FALSE,
      "ok       unified kernel image   unknown in EFI/BOOT/BOOTX64.EFI\n" },
    { "encrypted-beside", "partition vda2 ext",
      "partition vda2 ext\npartition vda3 luks", TRUE,
      "note     file systems           not looked into: vda3 (LUKS: "
      "encrypted)\n" },
    { "agent", "tool tpm2\n", "tool tpm2\ntool qemu-ga\n", TRUE,
      "note     qemu-guest-agent       installed: by it the host runs" },
    { "no-tools", "tool tpm2\n", "", TRUE,
      "note     evidence               nothing that collects it\n" },
    { "system", "", "", TRUE, "Debian GNU/Linux 13 (trixie)\n" },
    { "junk", "disk 1073741824\n", "disk\npartition\nkernel x\noption a b\n\n",
      TRUE, "ok       TCG_SVSM" },
};

static void test_row(gconstpointer data)
{
    const struct row *row = data;
    struct image_report report;
    g_autoptr(GString) lines = g_string_new(GOOD);
    if (*row->from) {
        g_assert_cmpuint(g_string_replace(lines, row->from, row->to, 1), ==, 1);
    }
    image_report_make(&report, lines->str);
    g_autofree char *text = image_report_text(&report);
    g_test_message("%s", text);
    g_assert_nonnull(strstr(text, row->says));
    g_assert_cmpint(image_report_good(&report), ==, row->good);
    image_report_clear(&report);
}

static void test_empty(void)
{
    struct image_report report;
    image_report_make(&report, "");
    g_autofree char *text = image_report_text(&report);
    g_assert_false(image_report_good(&report));
    g_assert_nonnull(strstr(text, "unknown  kernel"));
    image_report_clear(&report);
}

static void test_json(void)
{
    struct image_report report;
    image_report_make(&report, GOOD);
    g_autofree char *text = image_report_json(&report, "a \"file\"");
    g_assert_nonnull(strstr(text, "\"file\" : \"a \\\"file\\\"\""));
    g_assert_nonnull(strstr(text, "\"kernel\" : \"6.17.0-1-amd64\""));
    g_assert_nonnull(strstr(text, "\"ok\" : true"));
    g_assert_nonnull(strstr(text, "\"what\" : \"TCG_SVSM\""));
    g_assert_nonnull(strstr(text, "\"mend\" : null"));
    image_report_clear(&report);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strdup_printf("/harness-image/%s", rows[i].name);
        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/harness-image/empty", test_empty);
    g_test_add_func("/harness-image/json", test_json);
    return g_test_run();
}
