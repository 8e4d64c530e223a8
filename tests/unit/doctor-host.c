/* SPDX-License-Identifier: MIT */
/* Making trees that look like a host's. */
#include "tests/unit/doctor-host.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/tree.h"

const struct psp_snp_status host_status = {
    .api_major = 1,
    .api_minor = 55,
    .state = PSP_SNP_STATE_INIT,
    .rmp = PSP_SNP_RMP_INITIALIZED,
    .build = 20,
    .guests = 2,
    .current_tcb = { 4, 0, 0, 0, 0, 0, 22, 213 },
    .reported_tcb = { 4, 0, 0, 0, 0, 0, 22, 213 },
};

void host_file(const char *root, const char *path, const void *data,
               gssize size)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *dir = g_path_get_dirname(full);
    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(full, data, size, NULL));
}

void host_program(const char *root, const char *path, const char *script)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    host_file(root, path, script, -1);
    g_assert_cmpint(g_chmod(full, 0700), ==, 0);
}

void host_remove(const char *root, const char *path)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    tree_remove(full);
}

/* The device's file position is the leaf: a file with a hole below it. */
void host_cpuid(const char *root, guint32 eax, guint32 asids)
{
    const guint32 regs[4] = { eax, 51 | 5 << 6, 509, asids + 1 };
    g_autofree char *path = g_build_filename(root, "dev/cpu/0/cpuid", NULL);
    host_file(root, "dev/cpu/0/cpuid", "", 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(pwrite(fd, regs, sizeof(regs), 0x8000001f), ==, 16);
    close(fd);
}

void host_qemu(const char *root, unsigned major, unsigned minor, gboolean igvm,
               gboolean plane)
{
    g_autofree char *script = g_strdup_printf(
        "#!/bin/sh\n"
        "cat >/dev/null\n"
        "echo '{\"QMP\":{}}'\n"
        "echo '{\"return\":{\"qemu\":{\"micro\":0,\"minor\":%u,"
        "\"major\":%u}},\"id\":\"version\"}'\n"
        "echo '{\"return\":{\"enabled\":false,\"present\":true},"
        "\"id\":\"kvm\"}'\n"
        "echo '{\"return\":[{\"name\":\"sev-snp-guest\"}%s],"
        "\"id\":\"objects\"}'\n"
        "echo '{\"return\":[{\"name\":\"i8042\"}%s%s],\"id\":\"machine\"}'\n",
        minor, major, igvm ? ",{\"name\":\"igvm-cfg\"}" : "",
        igvm ? ",{\"name\":\"igvm-cfg\"}" : "",
        plane ? ",{\"name\":\"device-plane\"}" : "");
    host_program(root, "usr/bin/qemu-system-x86_64", script);
}

static void put_files(const char *root)
{
    static const struct {
        const char *path, *text;
    } files[] = {
        { "proc/cpuinfo",
          "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\n"
          "model\t\t: 1\nmodel name\t: AMD EPYC 7763 64-Core Processor\n"
          "stepping\t: 1\nmicrocode\t: 0xa0011de\n" },
        { "proc/sys/kernel/osrelease", "7.1.0-svsm\n" },
        { "proc/cmdline", "root=/dev/sda1 ro quiet\n" },
        { "proc/kallsyms",
          "0000000000000000 T start_kernel\n"
          "0000000000000000 t kvm_arch_nr_vcpu_planes\t[kvm]\n" },
        { "proc/meminfo",
          "MemTotal:       263000000 kB\nMemAvailable:   250000000 kB\n"
          "HugePages_Total:       0\nHugepagesize:       2048 kB\n" },
        { "proc/self/limits",
          "Max locked memory         8388608              8388608              "
          "bytes\n" },
        { "proc/self/status", "Name:\tevtpm\nCapEff:\t0000000000000000\n" },
        { "sys/kernel/mm/transparent_hugepage/enabled",
          "always [madvise] never\n" },
        { "sys/module/kvm_amd/parameters/sev_snp", "Y\n" },
        { "sys/class/iommu/ivhd0/uevent", "" },
        { "sys/class/iommu/ivhd1/uevent", "" },
        { "sys/class/dmi/id/bios_vendor", "Vendor\n" },
        { "sys/class/dmi/id/bios_version", "2.14.1\n" },
        { "sys/class/dmi/id/bios_date", "03/25/2026\n" },
        { "sys/class/dmi/id/board_name", "Board\n" },
        { "dev/kmsg",
          "6,1,0,-;Linux version 7.1.0-svsm\n"
          "6,2,9,-;SEV-SNP: RMP table physical range [0x0000000064000000 - "
          "0x00000000747fffff]\n" },
        { "dev/kvm", "" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        host_file(root, files[i].path, files[i].text, -1);
    }
}

char *host_new(void)
{
    char *root = g_dir_make_tmp("evtpm-host-XXXXXX", NULL);
    put_files(root);
    host_cpuid(root, 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5, 99);
    host_file(root, "dev/sev", &host_status, sizeof(host_status));
    host_qemu(root, 11, 0, TRUE, TRUE);
    host_program(root, "usr/sbin/virtqemud",
                 "#!/bin/sh\necho 'virtqemud (libvirt) 11.3.0'\n");
    return root;
}

void host_free(char *root)
{
    tree_remove(root);
    g_free(root);
}
