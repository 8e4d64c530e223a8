/* SPDX-License-Identifier: MIT */
/* evtpm doctor on machines that are played: all right, then one thing broken.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/doctor.h"
#include "harness/tree.h"
#include "tests/unit/doctor-host.h"

static char *artifacts; /* a directory with all that evtpm builds */

static struct doctor *examine(const char *root)
{
    return doctor_examine(&(struct doctor_options){ .root = root });
}

/* The one item, its state and parts of what it says. */
static void expect(const struct doctor *d, const char *id,
                   enum doctor_state state, const char *found, const char *mend)
{
    const struct doctor_item *item = doctor_find(d, id);
    g_assert_nonnull(item);
    if (item->state != state || !strstr(item->found, found)) {
        g_test_message("%s: %d %s", id, item->state, item->found);
    }
    g_assert_cmpint(item->state, ==, state);
    g_assert_nonnull(strstr(item->found, found));
    g_assert_true((item->mend == NULL) == (mend == NULL));
    if (mend && !strstr(item->mend, mend)) {
        g_assert_cmpstr(item->mend, ==, mend);
    }
}

static void test_good(void)
{
    char *root = host_new();
    struct doctor *d = examine(root);
    static const struct {
        const char *id, *found;
    } rows[] = {
        { "cpu",
          "AMD EPYC 7763 64-Core Processor, family 25, model 1 (Milan)" },
        { "cpu-snp", "SEV, SEV-ES, SEV-SNP, VMPL, C-bit 51" },
        { "asids", "99 of 509" },
        { "microcode", "0xa0011de" },
        { "bios", "Vendor 2.14.1 of 03/25/2026 on Board" },
        { "kernel", "7.1.0-svsm" },
        { "kvm-snp", "kvm_amd, sev_snp=Y" },
        { "rmp", "[0x0000000064000000 - 0x00000000747fffff]" },
        { "iommu", "2 units" },
        { "kvm-planes", "kvm_arch_nr_vcpu_planes" },
        { "kvm-device", "/dev/kvm" },
        { "sev-device", "/dev/sev" },
        { "sev-firmware", "1.55 build 20, initialized, RMP initialized, 2 gu" },
        { "sev-tcb", "boot loader 4, TEE 0, SNP 22, microcode 213" },
        { "sev-reports", "signed, with chip id" },
        { "qemu", "11.0.0, with sev-snp-guest, with igvm-cfg" },
        { "qemu-planes", "with device-plane" },
        { "image", "all there" },
        { "libvirt", "11.3.0" },
        { "memory", "244140 MiB available" },
        { "swap", "0 MiB of swap, VMs cannot lock their memory" },
        { "huge-pages", "0 of 2048 kB reserved" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        expect(d, rows[i].id, DOCTOR_OK, rows[i].found, NULL);
    }
    g_assert_cmpint(doctor_verdict(d), ==, DOCTOR_READY);
    g_autofree char *summary = doctor_summary(d);
    g_assert_nonnull(strstr(summary, "is ready for SEV-SNP guests"));
    doctor_free(d);
    host_free(root);
}

/* One file of the good machine is another one: text, or gone. */
static const struct row {
    const char *name, *path, *text; /* NULL: the file is not there */
    const char *id;
    enum doctor_state state;
    const char *found, *mend;
} rows[] = {
    { "naples", "proc/cpuinfo",
      "vendor_id\t: AuthenticAMD\ncpu family\t: 23\nmodel\t: 1\n"
      "model name\t: AMD EPYC 7551\nmicrocode\t: 0x8001278\n",
      "cpu", DOCTOR_MISSING, "AMD EPYC 7551, family 23, model 1",
      "such a processor" },
    { "intel", "proc/cpuinfo",
      "vendor_id\t: GenuineIntel\ncpu family\t: 25\nmodel\t: 1\n"
      "model name\t: Some Xeon\nmicrocode\t: 0x1\n",
      "cpu", DOCTOR_MISSING, "Some Xeon", "such a processor" },
    { "no-cpuinfo", "proc/cpuinfo", NULL, "cpu", DOCTOR_MISSING,
      "unknown, family 0, model 0", "such a processor" },
    { "weak-microcode", "proc/cpuinfo",
      "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t: 1\n"
      "model name\t: E\nmicrocode\t: 0xa0011da\n",
      "microcode", DOCTOR_NOTE, "0xa0011da, which takes forged microcode",
      "newest BIOS" },
    { "no-cpuid", "dev/cpu/0/cpuid", NULL, "cpu-snp", DOCTOR_MISSING,
      "no SEV, no SEV-ES, no SEV-SNP, no VMPL", "SMEE" },
    { "no-asids", "dev/cpu/0/cpuid", NULL, "asids", DOCTOR_MISSING, "0 of 0",
      "ASID space limit" },
    { "old-kernel", "proc/sys/kernel/osrelease", "6.10.14\n", "kernel",
      DOCTOR_MISSING, "6.10.14", "newer kernel" },
    { "odd-kernel", "proc/sys/kernel/osrelease", "weird\n", "kernel",
      DOCTOR_MISSING, "weird", "newer kernel" },
    { "snp-off", "sys/module/kvm_amd/parameters/sev_snp", "N\n", "kvm-snp",
      DOCTOR_MISSING, "kvm_amd, sev_snp=N", "enable SNP in the BIOS" },
    { "kvm-before-snp", "sys/module/kvm_amd/parameters/sev_snp", NULL,
      "kvm-snp", DOCTOR_MISSING, "does not know of SNP", "BIOS" },
    { "no-kvm-amd", "sys/module/kvm_amd", NULL, "kvm-snp", DOCTOR_MISSING,
      "kvm_amd is not loaded", "modprobe kvm_amd" },
    { "no-rmp", "dev/kmsg",
      "4,1,0,-;SEV-SNP: Memory for the RMP table has not been reserved by "
      "BIOS\n",
      "rmp", DOCTOR_MISSING, "none: RMP table has not been reserved",
      "enable SEV-SNP support" },
    { "small-rmp", "dev/kmsg",
      "3,1,0,-;SEV-SNP: Memory reserved for the RMP table does not cover full "
      "system RAM (expected 0x1 got 0x0)\n",
      "rmp", DOCTOR_MISSING, "none: does not cover full system RAM",
      "cover all memory" },
    { "quiet-log", "dev/kmsg", "6,1,0,-;Linux\n", "rmp", DOCTOR_NOTE,
      "does not say", "sev-firmware" },
    { "no-log", "dev/kmsg", NULL, "rmp", DOCTOR_NOTE, "no kernel log",
      "run as root" },
    { "passthrough", "proc/cmdline", "quiet iommu=pt\n", "iommu",
      DOCTOR_MISSING, "2 units, but iommu=pt", "take iommu=pt from" },
    { "iommu-off", "sys/class/iommu", NULL, "iommu", DOCTOR_MISSING, "0 units",
      "enable the IOMMU" },
    { "mainline", "proc/kallsyms",
      "0000000000000000 T kvm_vcpu_init\t[kvm]\n"
      "0000000000000000 T drm_plane_init\t[drm]\n",
      "kvm-planes", DOCTOR_MISSING, "no function kvm_*plane*", "COCONUT-SVSM" },
    { "no-symbols", "proc/kallsyms", NULL, "kvm-planes", DOCTOR_MISSING,
      "unknown", "COCONUT-SVSM" },
    { "no-kvm", "dev/kvm", NULL, "kvm-device", DOCTOR_MISSING, "no /dev/kvm",
      "modprobe" },
    { "no-sev", "dev/sev", NULL, "sev-device", DOCTOR_MISSING, "no /dev/sev",
      "load ccp" },
    { "short-answer", "dev/sev", "x", "sev-firmware", DOCTOR_MISSING,
      "does not answer", "see kvm-snp" },
    { "no-qemu", "usr/bin/qemu-system-x86_64", NULL, "qemu", DOCTOR_MISSING,
      "no qemu-system-x86_64", "--enable-igvm" },
    { "dumb-qemu", "usr/bin/qemu-system-x86_64", "#!/bin/sh\necho hello\n",
      "qemu", DOCTOR_MISSING, "does not answer as QEMU does", "igvm" },
    { "old-libvirt", "usr/sbin/virtqemud",
      "#!/bin/sh\necho 'libvirtd (libvirt) 9.0.0'\n", "libvirt", DOCTOR_NOTE,
      "9.0.0", "" },
    { "no-libvirt", "usr/sbin/virtqemud", NULL, "libvirt", DOCTOR_NOTE, "none",
      "libvirt" },
    { "little-memory", "proc/meminfo", "MemAvailable: 512000 kB\n", "memory",
      DOCTOR_MISSING, "500 MiB available", "add memory" },
    { "swap", "proc/meminfo", "MemAvailable: 5120000 kB\nSwapTotal: 1024000 kB\n",
      "swap", DOCTOR_NOTE, "1000 MiB of swap, VMs cannot lock", "ulimit -l" },
    { "swap-and-capability", "proc/self/status", "CapEff:\t0000000000004000\n",
      "swap", DOCTOR_OK, "VMs lock their memory", NULL },
    { "swap-and-limit", "proc/self/limits",
      "Max locked memory 1073741824 unlimited bytes\n", "swap", DOCTOR_OK,
      "VMs lock their memory", NULL },
    { "swap-and-small-limit", "proc/self/limits",
      "Max locked memory 1073741823 unlimited bytes\n", "swap", DOCTOR_OK,
      "0 MiB of swap, VMs cannot lock", NULL },
    { "swap-without-limit", "proc/self/limits",
      "Max locked memory         unlimited  unlimited  bytes\n", "swap",
      DOCTOR_OK, "VMs lock their memory", NULL },
    { "huge-pages", "proc/meminfo",
      "MemAvailable: 5120000 kB\nHugePages_Total: 512\nHugepagesize: 2048 kB\n",
      "huge-pages", DOCTOR_NOTE, "512 of 2048 kB reserved", "nr_hugepages" },
    { "no-bios", "sys/class/dmi", NULL, "bios", DOCTOR_NOTE, "unknown",
      "console" },
};

static void test_row(gconstpointer data)
{
    const struct row *r = data;
    char *root = host_new();
    if (!r->text) {
        host_remove(root, r->path);
    } else if (g_str_has_prefix(r->path, "usr/")) {
        host_program(root, r->path, r->text);
    } else {
        host_file(root, r->path, r->text, -1);
    }
    struct doctor *d = examine(root);
    expect(d, r->id, r->state, r->found, r->mend);
    /* only what is missing takes the hardware away */
    g_assert_true((doctor_verdict(d) == DOCTOR_READY) ==
                  (r->state != DOCTOR_MISSING));
    g_autofree char *summary = doctor_summary(d);
    g_assert_true((strstr(summary, r->id) != NULL) ==
                  (r->state == DOCTOR_MISSING));
    doctor_free(d);
    host_free(root);
}

/* What the firmware says, a field at a time. */
static void test_firmware(void)
{
    static const struct {
        size_t offset;
        guint8 value;
        const char *id;
        enum doctor_state state;
        const char *found;
    } cases[] = {
        { 1, 50, "sev-firmware", DOCTOR_MISSING, "1.50" },
        { 1, 51, "sev-firmware", DOCTOR_OK, "1.51" },
        { 2, 0, "sev-firmware", DOCTOR_MISSING, "not up" },
        { 3, 0, "sev-firmware", DOCTOR_MISSING, "RMP not there" },
        { 8, 1, "sev-reports", DOCTOR_NOTE, "signed, chip id masked" },
        { 8, 2, "sev-reports", DOCTOR_MISSING, "not signed" },
        { 8, 4, "sev-reports", DOCTOR_OK, "a VLEK is loaded" },
        { 31, 212, "sev-tcb", DOCTOR_NOTE, "microcode 212, which is not the" },
    };
    char *root = host_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint8 raw[sizeof(host_status)];
        memcpy(raw, &host_status, sizeof(raw));
        raw[cases[i].offset] = cases[i].value;
        host_file(root, "dev/sev", raw, sizeof(raw));
        struct doctor *d = examine(root);
        const struct doctor_item *item = doctor_find(d, cases[i].id);
        g_assert_cmpint(item->state, ==, cases[i].state);
        g_assert_nonnull(strstr(item->found, cases[i].found));
        g_assert_true((item->mend != NULL) == (item->state != DOCTOR_OK));
        doctor_free(d);
    }
    host_free(root);
}

/* Products by family and model; Turin's TCB has another layout. */
static void test_products(void)
{
    static const struct {
        unsigned family, model;
        const char *name;
    } cases[] = {
        { 0x19, 0x01, "Milan" }, { 0x19, 0x0f, "Milan" },
        { 0x19, 0x11, "Genoa" }, { 0x19, 0xa0, "Genoa" },
        { 0x1a, 0x02, "Turin" }, { 0x1a, 0x11, "Turin" },
        { 0x19, 0x21, NULL },    { 0x19, 0x61, NULL },
        { 0x1a, 0x44, NULL },    { 0x17, 0x31, NULL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpstr(doctor_product(cases[i].family, cases[i].model), ==,
                        cases[i].name);
    }
    char *root = host_new();
    struct psp_snp_status status = host_status;
    const guint8 tcb[8] = { 1, 2, 3, 4, 0, 0, 0, 77 };
    memcpy(status.current_tcb, tcb, sizeof(tcb));
    memcpy(status.reported_tcb, tcb, sizeof(tcb));
    host_file(root, "dev/sev", &status, sizeof(status));
    host_file(root, "proc/cpuinfo",
              "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t: 2\n"
              "model name\t: AMD EPYC 9755\nmicrocode\t: 0xb002151\n",
              -1);
    struct doctor *d = examine(root);
    expect(d, "cpu", DOCTOR_OK, "model 2 (Turin)", NULL);
    expect(d, "microcode", DOCTOR_OK, "0xb002151", NULL);
    expect(d, "sev-tcb", DOCTOR_OK, "boot loader 2, TEE 3, SNP 4, microcode 77",
           NULL);
    doctor_free(d);
    host_free(root);
}

/* QEMU versions: mainline starts plain guests only, this project's own none. */
static void test_qemus(void)
{
    static const struct {
        unsigned major, minor;
        gboolean igvm, plane;
        enum doctor_state qemu, planes;
    } cases[] = {
        { 10, 1, TRUE, FALSE, DOCTOR_OK, DOCTOR_MISSING },
        { 10, 0, TRUE, FALSE, DOCTOR_MISSING, DOCTOR_MISSING },
        { 11, 1, FALSE, FALSE, DOCTOR_MISSING, DOCTOR_MISSING },
        { 11, 1, TRUE, TRUE, DOCTOR_OK, DOCTOR_OK },
    };
    char *root = host_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        host_qemu(root, cases[i].major, cases[i].minor, cases[i].igvm,
                  cases[i].plane);
        struct doctor *d = examine(root);
        g_assert_cmpint(doctor_find(d, "qemu")->state, ==, cases[i].qemu);
        g_assert_cmpint(doctor_find(d, "qemu-planes")->state, ==,
                        cases[i].planes);
        doctor_free(d);
    }
    host_free(root);
}

static void put_artifact(const char *name)
{
    host_file(artifacts, name, "x", 1);
}

/* What is said of a machine without SNP depends on what evtpm has built. */
static void test_emulation(void)
{
    char *root = host_new();
    host_remove(root, "dev/sev");
    struct doctor *d = examine(root);
    g_assert_cmpint(doctor_verdict(d), ==, DOCTOR_NEITHER);
    g_autofree char *neither = doctor_summary(d);
    g_assert_nonnull(strstr(neither, "cannot emulate them yet; missing: emul"));
    doctor_free(d);

    host_program(artifacts, "qemu-system-x86_64",
                 "#!/bin/sh\ncat >/dev/null\n"
                 "echo '{\"return\":{\"qemu\":{\"micro\":13,\"minor\":0,"
                 "\"major\":10}},\"id\":\"version\"}'\n"
                 "echo '{\"return\":[{\"name\":\"sev-snp-emulated\"},"
                 "{\"name\":\"igvm-cfg\"}],\"id\":\"objects\"}'\n"
                 "echo '{\"return\":[{\"name\":\"igvm-cfg\"}],"
                 "\"id\":\"machine\"}'\n");
    d = examine(root);
    expect(d, "emulator", DOCTOR_OK, "qemu-system-x86_64", NULL);
    g_assert_cmpint(doctor_verdict(d), ==, DOCTOR_EMULATED_ONLY);
    g_autofree char *only = doctor_summary(d);
    g_assert_nonnull(strstr(only, "It can emulate them: evtpm run"));
    doctor_free(d);

    host_remove(artifacts, "bzImage");
    d = examine(root);
    expect(d, "image", DOCTOR_MISSING, "guest kernel", "./evtpm run");
    g_assert_cmpint(doctor_verdict(d), ==, DOCTOR_NEITHER);
    doctor_free(d);
    put_artifact("bzImage");
    host_program(artifacts, "qemu-system-x86_64",
                 "#!/bin/sh\ncat >/dev/null\n");
    host_free(root);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "bzImage",  "initramfs.img",
                                         "OVMF.fd",  "OVMF.amdsev.fd",
                                         "svsm.elf", "evtpm-vtpm" };
    g_test_init(&argc, &argv, NULL);
    wait_catch_signals(); /* a program that reads nothing is no SIGPIPE */
    artifacts = g_dir_make_tmp("evtpm-host-XXXXXX", NULL);
    g_setenv("EVTPM_ARTIFACTS", artifacts, TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        put_artifact(names[i]);
    }
    host_program(artifacts, "qemu-system-x86_64",
                 "#!/bin/sh\ncat >/dev/null\n");
    g_test_add_func("/harness/doctor/good", test_good);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path =
            g_strconcat("/harness/doctor/", rows[i].name, NULL);
        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/harness/doctor/firmware", test_firmware);
    g_test_add_func("/harness/doctor/products", test_products);
    g_test_add_func("/harness/doctor/qemus", test_qemus);
    g_test_add_func("/harness/doctor/emulation", test_emulation);
    int status = g_test_run();
    host_free(artifacts);
    return status;
}
