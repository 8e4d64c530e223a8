/* SPDX-License-Identifier: MIT */
/* The host's kernel: KVM, IOMMU, what it said when it set up SNP, planes. */
#include <stdio.h>
#include <string.h>

#include "harness/doctor.h"

/* KVM starts SEV-SNP guests since. */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 11

/* What the kernel says when it does without SNP, and what to do. */
static const struct {
    const char *message, *mend;
} complaints[] = {
    { "memory encryption not enabled by BIOS",
      "in the BIOS, enable SMEE (secure memory encryption)" },
    { "RMP table has not been reserved by BIOS",
      "in the BIOS, enable SEV-SNP support (SNP memory coverage)" },
    { "does not cover full system RAM",
      "in the BIOS, have the RMP table cover all memory" },
    { "IOMMU disabled or configured in passthrough mode",
      "enable the IOMMU in the BIOS; take iommu=pt, iommu.passthrough=1 and "
      "amd_iommu=off from the kernel's command line" },
    { "IOMMU is configured with V2 page table mode",
      "take amd_iommu=pgtbl_v2 from the kernel's command line" },
    { "IOMMU SNP feature not enabled",
      "in the BIOS, enable IOMMU and SEV-SNP support" },
    { "SNP init failed: not all CPUs online",
      "bring all CPUs online before kvm_amd is loaded" },
};

/* The complaint that is in the log; -1: none. */
static int complaint(const char *log)
{
    for (size_t i = 0; log && i < G_N_ELEMENTS(complaints); i++) {
        if (strstr(log, complaints[i].message)) {
            return (int)i;
        }
    }
    return -1;
}

static void examine_version(struct doctor *d)
{
    g_autofree char *release = doctor_read(d, "/proc/sys/kernel/osrelease");
    unsigned major = 0, minor = 0;
    gboolean ok = release && sscanf(release, "%u.%u", &major, &minor) == 2 &&
                  (major > KERNEL_MAJOR ||
                   (major == KERNEL_MAJOR && minor >= KERNEL_MINOR));
    struct doctor_item *item =
        doctor_add(d, "kernel", DOCTOR_SNP, ok ? DOCTOR_OK : DOCTOR_MISSING,
                   "Linux 6.11 or newer", "%s", release ? release : "unknown");
    doctor_mend(item, "install a newer kernel, with KVM_AMD_SEV and "
                      "CRYPTO_DEV_SP_PSP");
}

static void examine_kvm(struct doctor *d, const char *log)
{
    g_autofree char *value =
        doctor_read(d, "/sys/module/kvm_amd/parameters/sev_snp");
    g_autofree char *module = doctor_path(d, "/sys/module/kvm_amd");
    gboolean loaded = g_file_test(module, G_FILE_TEST_EXISTS);
    gboolean ok = value && strchr("Yy1", value[0]) && value[0];
    struct doctor_item *item =
        doctor_add(d, "kvm-snp", DOCTOR_SNP, ok ? DOCTOR_OK : DOCTOR_MISSING,
                   "kvm_amd with sev_snp=Y", "%s%s",
                   !loaded  ? "kvm_amd is not loaded"
                   : !value ? "kvm_amd does not know of SNP"
                            : "kvm_amd, sev_snp=",
                   loaded && value ? value : "");
    int why = complaint(log);
    if (why >= 0) {
        doctor_mend(item, "the kernel says \"%s\": %s", complaints[why].message,
                    complaints[why].mend);
    } else if (!loaded) {
        doctor_mend(item, "modprobe kvm_amd; in the BIOS, enable SVM");
    } else {
        doctor_mend(item, "enable SNP in the BIOS, and see the kernel's log: "
                          "dmesg | grep -i -e sev -e snp");
    }
}

/* Text of the log's line with `what`; free with g_free. */
static char *line_with(const char *log, const char *what)
{
    const char *at = log ? strstr(log, what) : NULL;
    return at ? g_strndup(at, strcspn(at, "\n")) : NULL;
}

static void examine_rmp(struct doctor *d, const char *log)
{
    static const char wanted[] = "an RMP table that covers all memory";
    g_autofree char *line = line_with(log, "RMP table physical");
    g_autofree char *segmented = line_with(log, "Segmented RMP using");
    int why = complaint(log);
    if (line || segmented) {
        doctor_add(d, "rmp", DOCTOR_SNP, DOCTOR_OK, wanted, "%s",
                   line ? line : segmented);
    } else if (why >= 0) {
        struct doctor_item *item =
            doctor_add(d, "rmp", DOCTOR_SNP, DOCTOR_MISSING, wanted, "none: %s",
                       complaints[why].message);
        doctor_mend(item, "%s", complaints[why].mend);
    } else {
        /* the log forgets; sev-firmware tells more */
        struct doctor_item *item = doctor_add(
            d, "rmp", DOCTOR_SNP, DOCTOR_NOTE, wanted, "%s",
            log ? "the kernel's log does not say" : "no kernel log to read");
        doctor_mend(item, log ? "see sev-firmware below"
                              : "run as root to see the kernel's log");
    }
}

static void examine_iommu(struct doctor *d)
{
    g_autofree char *path = doctor_path(d, "/sys/class/iommu");
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    g_autofree char *command = doctor_read(d, "/proc/cmdline");
    static const char *const bad[] = { "iommu=pt", "iommu.passthrough=1",
                                       "amd_iommu=off", "iommu=off",
                                       "amd_iommu=pgtbl_v2" };
    const char *culprit = NULL;
    unsigned count = 0;
    g_auto(GStrv) words = g_strsplit_set(command ? command : "", " \n", -1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (g_strv_contains((const char *const *)words, bad[i])) {
            culprit = bad[i];
        }
    }
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        count += g_str_has_prefix(name, "ivhd");
    }
    struct doctor_item *item = doctor_add(
        d, "iommu", DOCTOR_SNP, count && !culprit ? DOCTOR_OK : DOCTOR_MISSING,
        "AMD's IOMMU, translating, with version 1 page tables", "%u%s%s", count,
        count == 1 ? " unit" : " units", culprit ? ", but " : "");
    if (culprit) {
        g_autofree char *found = item->found;
        item->found = g_strconcat(found, culprit, NULL);
        doctor_mend(item, "take %s from the kernel's command line", culprit);
    } else {
        doctor_mend(item, "in the BIOS, enable the IOMMU");
    }
}

/* No interface of KVM says it yet, and numbers of what is not merged differ
 * from tree to tree; the functions have names. */
static void examine_planes(struct doctor *d)
{
    static const char wanted[] =
        "KVM that switches VMPLs (planes); no mainline kernel does yet";
    g_autofree char *path = doctor_path(d, "/proc/kallsyms");
    g_autofree char *line = NULL;
    FILE *symbols = fopen(path, "re");
    char buf[512];
    gboolean any = FALSE;
    while (symbols && !line && fgets(buf, sizeof(buf), symbols)) {
        const char *name = strstr(buf, " kvm_");
        any = TRUE;
        if (name && strstr(name, "plane")) {
            line = g_strndup(name + 1, strcspn(name + 1, " \t\n"));
        }
    }
    if (symbols) {
        fclose(symbols);
    }
    struct doctor_item *item =
        doctor_add(d, "kvm-planes", DOCTOR_SNP,
                   line ? DOCTOR_OK : DOCTOR_MISSING, wanted, "%s",
                   line  ? line
                   : any ? "no function kvm_*plane* in the kernel"
                         : "unknown: no /proc/kallsyms");
    doctor_mend(item, "build the kernel of COCONUT-SVSM's tree, branch svsm; "
                      "plain SNP guests (--no-svsm) do without");
}

void doctor_kernel(struct doctor *d)
{
    g_autofree char *log = doctor_kernel_log(d);
    examine_version(d);
    examine_kvm(d, log);
    examine_rmp(d, log);
    examine_iommu(d);
    examine_planes(d);
}
