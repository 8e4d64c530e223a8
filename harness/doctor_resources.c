/* SPDX-License-Identifier: MIT */
/* Permissions, memory, disk. */
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/doctor.h"

/* MiB: a VM of default size and the tools around it; the cache while it is
 * built. */
#define MEMORY_WANTED 1024
#define DISK_WANTED 4096

#define LOCK_LIMIT "Max locked memory"

static void examine_device(struct doctor *d)
{
    g_autofree char *path = doctor_path(d, "/dev/kvm");
    gboolean ok = access(path, R_OK | W_OK) == 0;
    gboolean absent = !ok && errno == ENOENT;
    struct doctor_item *item =
        doctor_add(d, "kvm-device", DOCTOR_SNP, ok ? DOCTOR_OK : DOCTOR_MISSING,
                   "/dev/kvm, readable and writable by this user", "%s",
                   ok       ? "/dev/kvm"
                   : absent ? "no /dev/kvm"
                            : "/dev/kvm is not this user's to open");
    doctor_mend(item, absent ? "modprobe kvm_amd; in the BIOS, enable SVM"
                             : "add the user to the group kvm");
}

static void examine_memory(struct doctor *d, const char *info)
{
    g_autofree char *text = doctor_field(info, "MemAvailable");
    unsigned long mib = text ? strtoul(text, NULL, 10) / 1024 : 0;
    struct doctor_item *item =
        doctor_add(d, "memory", DOCTOR_SNP | DOCTOR_EMULATION,
                   mib >= MEMORY_WANTED ? DOCTOR_OK : DOCTOR_MISSING,
                   "1024 MiB available", "%lu MiB available", mib);
    doctor_mend(item, "end other programs, or add memory");
}

/* CAP_IPC_LOCK, or a limit that leaves room for a VM. */
static gboolean may_lock(struct doctor *d)
{
    g_autofree char *limits = doctor_read(d, "/proc/self/limits");
    g_autofree char *status = doctor_read(d, "/proc/self/status");
    g_autofree char *caps = doctor_field(status, "CapEff");
    const char *limit = limits ? strstr(limits, LOCK_LIMIT) : NULL;
    limit = limit ? limit + strlen(LOCK_LIMIT) : "";
    limit += strspn(limit, " ");
    return (caps && (g_ascii_strtoull(caps, NULL, 16) >> CAP_IPC_LOCK & 1)) ||
           strncmp(limit, "unlimited", 9) == 0 ||
           g_ascii_strtoull(limit, NULL, 10) >> 20 >= MEMORY_WANTED;
}

/* KVM pins private memory; the emulator locks it if it may. */
static void examine_swap(struct doctor *d, const char *info)
{
    g_autofree char *total = doctor_field(info, "SwapTotal");
    unsigned long mib = total ? strtoul(total, NULL, 10) / 1024 : 0;
    gboolean lock = may_lock(d);
    struct doctor_item *item = doctor_add(
        d, "swap", DOCTOR_EMULATION, mib && !lock ? DOCTOR_NOTE : DOCTOR_OK,
        "none, or VMs that may lock their memory", "%lu MiB of swap, VMs %s",
        mib, lock ? "lock their memory" : "cannot lock their memory");
    doctor_mend(item, "private memory of emulated VMs may come to lie on the "
                      "disk: raise RLIMIT_MEMLOCK (ulimit -l)");
}

/* KVM's private memory does not come from hugetlbfs: nothing to set aside. */
static void examine_huge_pages(struct doctor *d, const char *info)
{
    g_autofree char *reserved = doctor_field(info, "HugePages_Total");
    g_autofree char *size = doctor_field(info, "Hugepagesize");
    g_autofree char *thp =
        doctor_read(d, "/sys/kernel/mm/transparent_hugepage/enabled");
    unsigned long count = reserved ? strtoul(reserved, NULL, 10) : 0;
    struct doctor_item *item =
        doctor_add(d, "huge-pages", DOCTOR_SNP, count ? DOCTOR_NOTE : DOCTOR_OK,
                   "none reserved: private memory cannot use them",
                   "%lu of %s reserved; transparent ones: %s", count,
                   size ? size : "unknown size", thp ? thp : "unknown");
    doctor_mend(item, "nothing breaks; they are memory that guests cannot "
                      "have: sysctl vm.nr_hugepages=0 returns it");
}

/* Below a root, its own file system. */
static void examine_disk(struct doctor *d)
{
    g_autofree char *cache =
        d->options.root ? doctor_path(d, "/") : artifacts_cache(NULL);
    struct statvfs fs;
    unsigned long mib = 0;
    if (cache && statvfs(cache, &fs) == 0) {
        mib = (unsigned long)(fs.f_bavail * (fs.f_frsize / 1024) / 1024);
    }
    gboolean ok = mib >= DISK_WANTED;
    struct doctor_item *item = doctor_add(
        d, "disk", DOCTOR_SNP | DOCTOR_EMULATION, ok ? DOCTOR_OK : DOCTOR_NOTE,
        "4096 MiB where evtpm builds (EVTPM_CACHE)", "%lu MiB free in %s", mib,
        cache ? cache : "no cache directory");
    doctor_mend(item, "free some, or set EVTPM_CACHE; what is built already "
                      "needs no more");
}

void doctor_resources(struct doctor *d)
{
    g_autofree char *info = doctor_read(d, "/proc/meminfo");
    examine_device(d);
    examine_memory(d, info);
    examine_swap(d, info);
    examine_huge_pages(d, info);
    examine_disk(d);
}
