/* SPDX-License-Identifier: MIT */
/* QEMU, libvirt, and what evtpm makes itself. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/artifacts.h"
#include "harness/doctor.h"
#include "harness/process.h"

#define QEMU_MEND                                                              \
    "name one by --qemu or EVTPM_SNP_QEMU: QEMU >= 10.1 configured with "          \
    "--enable-igvm, or COCONUT-SVSM's tree for guests with an SVSM"

/* A program of the examined machine; NULL if it has none. */
static char *program(const struct doctor *d, const char *name)
{
    static const char *const dirs[] = { "/usr/local/sbin", "/usr/local/bin",
                                        "/usr/sbin", "/usr/bin" };
    char *found = d->options.root ? NULL : g_find_program_in_path(name);
    for (size_t i = 0; !found && i < G_N_ELEMENTS(dirs); i++) {
        g_autofree char *path = g_build_filename(dirs[i], name, NULL);
        g_autofree char *full = doctor_path(d, path);
        if (access(full, X_OK) == 0) {
            found = g_steal_pointer(&full);
        }
    }
    return found;
}

static char *hardware_qemu(const struct doctor *d)
{
    const char *named = d->options.qemu;
    if (!named && !d->options.root) {
        named = g_getenv("EVTPM_SNP_QEMU");
    }
    return named && *named ? g_strdup(named) : program(d, "qemu-system-x86_64");
}

static void no_qemu(struct doctor *d, const char *found)
{
    static const char *const ids[] = { "qemu", "qemu-planes" };
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        struct doctor_item *item = doctor_add(
            d, ids[i], DOCTOR_SNP, DOCTOR_MISSING,
            i ? "device-plane" : "sev-snp-guest and igvm-cfg", "%s", found);
        doctor_mend(item, QEMU_MEND);
    }
}

static void examine_qemu(struct doctor *d)
{
    g_autofree char *path = hardware_qemu(d);
    g_autoptr(GError) error = NULL;
    struct qemu_facts f;
    if (!path || !qemu_facts_get(path, &f, &error)) {
        no_qemu(d, error ? error->message : "no qemu-system-x86_64");
        return;
    }
    /* evtpm's own has igvm-cfg for the emulator only */
    gboolean recent = f.major > 10 || (f.major == 10 && f.minor >= 1);
    gboolean ok = recent && f.snp_guest && f.igvm_cfg && f.igvm_machine;
    struct doctor_item *item =
        doctor_add(d, "qemu", DOCTOR_SNP, ok ? DOCTOR_OK : DOCTOR_MISSING,
                   "QEMU 10.1 or newer with sev-snp-guest and igvm-cfg",
                   "%s: %u.%u.%u, %s sev-snp-guest, %s igvm-cfg", path, f.major,
                   f.minor, f.micro, f.snp_guest ? "with" : "without",
                   f.igvm_cfg && f.igvm_machine ? "with" : "without");
    doctor_mend(item, QEMU_MEND);
    item = doctor_add(d, "qemu-planes", DOCTOR_SNP,
                      f.device_plane ? DOCTOR_OK : DOCTOR_MISSING,
                      "machine property device-plane (QEMU of the SVSM tree)",
                      "%s device-plane", f.device_plane ? "with" : "without");
    doctor_mend(item, "build COCONUT-SVSM's QEMU, branch svsm, and name it by "
                      "--qemu; plain SNP guests (--no-svsm) do without");
}

static void examine_emulator(struct doctor *d)
{
    static const char wanted[] = "evtpm's QEMU, with sev-snp-emulated";
    g_autoptr(GError) error = NULL;
    g_autofree char *path = artifact_path(ARTIFACT_QEMU, &error);
    struct qemu_facts f = { 0 };
    gboolean answers = path && qemu_facts_get(path, &f, &error);
    gboolean ok = answers && f.snp_emulated && f.igvm_machine;
    struct doctor_item *item = doctor_add(
        d, "emulator", DOCTOR_EMULATION, ok ? DOCTOR_OK : DOCTOR_MISSING,
        wanted, "%s", answers ? path : error->message);
    doctor_mend(item, "run ./evtpm run, or make artifacts, which build it");
}

static void examine_image(struct doctor *d)
{
    g_autoptr(GError) error = NULL;
    for (int i = 0; i < ARTIFACT_COUNT && !error; i++) {
        g_autofree char *path =
            i == ARTIFACT_QEMU ? NULL : artifact_path((enum artifact)i, &error);
    }
    struct doctor_item *item =
        doctor_add(d, "image", DOCTOR_SNP | DOCTOR_EMULATION,
                   error ? DOCTOR_MISSING : DOCTOR_OK,
                   "SVSM, vTPM, firmware, guest kernel and initramfs", "%s",
                   error ? error->message : "all there");
    doctor_mend(item, "run ./evtpm run, which builds them");
}

static void first_line(const char *line, void *user)
{
    char **kept = user;
    if (!*kept) {
        *kept = g_strdup(line);
    }
}

/* "libvirtd (libvirt) 9.0.0", asked of the program that will serve us. */
static char *libvirt_version(const struct doctor *d)
{
    static const char *const names[] = { "virtqemud", "libvirtd" };
    char *line = NULL;
    for (size_t i = 0; !line && i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = program(d, names[i]);
        const char *const argv[] = { path, "--version", NULL };
        int status;
        if (path) {
            process_run(argv, NULL, NULL, FALSE, first_line, &line, NULL,
                        &status, deadline_in(10), NULL);
        }
    }
    return line;
}

/* Never needed; wanted for --backend libvirt. */
static void examine_libvirt(struct doctor *d)
{
    g_autofree char *line = libvirt_version(d);
    const char *text = line ? strrchr(line, ' ') : NULL;
    unsigned major = 0, minor = 0;
    if (text) {
        sscanf(text, " %u.%u", &major, &minor);
    }
    gboolean new = major > 10 || (major == 10 && minor >= 7);
    struct doctor_item *item = doctor_add(
        d, "libvirt", DOCTOR_SNP | DOCTOR_EMULATION,
        new ? DOCTOR_OK : DOCTOR_NOTE,
        "for --backend libvirt: 10.7 or newer on hardware, 9.0 emulated", "%s",
        line ? line : "none");
#ifdef HAVE_LIBVIRT
    doctor_mend(item, line ? "a newer libvirt is needed on hardware only"
                           : "install libvirt's QEMU driver and daemon, if "
                             "you want --backend libvirt");
#else
    doctor_mend(item, "this evtpm was built without libvirt: install "
                      "libvirt-dev and build it again");
#endif
}

void doctor_tools(struct doctor *d)
{
    examine_qemu(d);
    examine_emulator(d);
    examine_image(d);
    examine_libvirt(d);
}
