/* SPDX-License-Identifier: MIT */
/* The secure processor's firmware, by /dev/sev. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "evtpm/psp.h"
#include "harness/doctor.h"
#include "lib/report.h"

#define PSP_ISSUE_CMD _IOWR('S', 0x0, struct psp_issue_cmd)

/* Below a root the device is a file that holds the answer. */
static gboolean ask(const struct doctor *d, int fd, struct psp_snp_status *s)
{
    if (d->options.root) {
        return read(fd, s, sizeof(*s)) == sizeof(*s);
    }
    struct psp_issue_cmd command = { .cmd = PSP_SNP_PLATFORM_STATUS,
                                     .data = (uintptr_t)s };
    return ioctl(fd, PSP_ISSUE_CMD, &command) == 0;
}

static void missing(struct doctor *d, const char *id, const char *wanted,
                    const char *found, const char *mend)
{
    struct doctor_item *item =
        doctor_add(d, id, DOCTOR_SNP, DOCTOR_MISSING, wanted, "%s", found);
    doctor_mend(item, "%s", mend);
}

/* The TCB by the product's layout, which the family tells. */
static char *tcb_text(const struct doctor *d, const uint8_t raw[8])
{
    g_autofree char *info = doctor_read(d, "/proc/cpuinfo");
    g_autofree char *family = doctor_field(info, "cpu family");
    gboolean turin = family && g_ascii_strtoull(family, NULL, 10) == 0x1a;
    struct snp_tcb tcb =
        snp_tcb_decode(turin ? SNP_PRODUCT_TURIN : SNP_PRODUCT_GENOA, raw);
    return g_strdup_printf("boot loader %u, TEE %u, SNP %u, microcode %u",
                           tcb.bootloader, tcb.tee, tcb.snp, tcb.microcode);
}

static void examine_api(struct doctor *d, const struct psp_snp_status *s)
{
    gboolean recent = s->api_major > PSP_SNP_API_MAJOR ||
                      (s->api_major == PSP_SNP_API_MAJOR &&
                       s->api_minor >= PSP_SNP_API_MINOR);
    gboolean up =
        s->state == PSP_SNP_STATE_INIT && (s->rmp & PSP_SNP_RMP_INITIALIZED);
    struct doctor_item *item = doctor_add(
        d, "sev-firmware", DOCTOR_SNP,
        recent && up ? DOCTOR_OK : DOCTOR_MISSING,
        "SNP firmware 1.51 or newer, initialized, with its RMP",
        "%u.%u build %u, %s, RMP %s, %u guests", s->api_major, s->api_minor,
        s->build, s->state == PSP_SNP_STATE_INIT ? "initialized" : "not up",
        s->rmp & PSP_SNP_RMP_INITIALIZED ? "initialized" : "not there",
        s->guests);
    doctor_mend(item, recent ? "see kvm-snp and rmp above"
                             : "install the vendor's newest BIOS, or "
                               "linux-firmware's amd/amd_sev_*.sbin");
}

static void examine_tcb(struct doctor *d, const struct psp_snp_status *s)
{
    g_autofree char *reported = tcb_text(d, s->reported_tcb);
    gboolean same =
        memcmp(s->reported_tcb, s->current_tcb, sizeof(s->current_tcb)) == 0;
    struct doctor_item *item =
        doctor_add(d, "sev-tcb", DOCTOR_SNP, same ? DOCTOR_OK : DOCTOR_NOTE,
                   "reports of the TCB that runs", "%s%s", reported,
                   same ? "" : ", which is not the running one");
    doctor_mend(item, "SNP_COMMIT and SNP_CONFIG set it (snphost commit)");
}

static void examine_masks(struct doctor *d, const struct psp_snp_status *s)
{
    gboolean unsigned_reports = s->flags & PSP_SNP_MASK_CHIP_KEY;
    gboolean anonymous = s->flags & PSP_SNP_MASK_CHIP_ID;
    gboolean vlek = s->flags & PSP_SNP_VLEK;
    struct doctor_item *item =
        doctor_add(d, "sev-reports", DOCTOR_SNP,
                   unsigned_reports ? DOCTOR_MISSING
                   : anonymous      ? DOCTOR_NOTE
                                    : DOCTOR_OK,
                   "reports signed by the VCEK, with the chip's id", "%s, %s%s",
                   unsigned_reports ? "not signed" : "signed",
                   anonymous ? "chip id masked" : "with chip id",
                   vlek ? ", a VLEK is loaded" : "");
    doctor_mend(item, "SNP_SET_CONFIG sets the masks (snphost config set)");
}

void doctor_firmware(struct doctor *d)
{
    static const char wanted[] = "readable and writable by this user";
    g_autofree char *path = doctor_path(d, "/dev/sev");
    struct psp_snp_status status = { 0 };
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        gboolean absent = errno == ENOENT;
        missing(d, "sev-device", wanted,
                absent ? "no /dev/sev" : strerror(errno),
                absent ? "load ccp and enable SEV in the BIOS"
                       : "run as root, or chgrp and chmod g+rw /dev/sev by a "
                         "udev rule for a group of yours");
    } else {
        doctor_add(d, "sev-device", DOCTOR_SNP, DOCTOR_OK, wanted, "/dev/sev");
    }
    if (fd < 0 || !ask(d, fd, &status)) {
        missing(d, "sev-firmware", "SNP firmware 1.51 or newer, initialized",
                fd < 0 ? "not to be asked" : "it does not answer",
                fd < 0 ? "see sev-device" : "see kvm-snp and rmp above");
    } else {
        examine_api(d, &status);
        examine_tcb(d, &status);
        examine_masks(d, &status);
    }
    if (fd >= 0) {
        close(fd);
    }
}
