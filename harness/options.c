/* SPDX-License-Identifier: MIT */
/* Command-line parsing that several subcommands share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/artifacts.h"
#include "harness/command.h"
#include "harness/config.h"
#include "harness/id_files.h"
#include "harness/igvm_file.h"
#include "harness/qemu_facts.h"
#include "harness/state.h"

/* quiet: each character costs an exit; panic: a dead guest ends the VM instead
 * of a timeout; lastbus: there is one PCI bus, looking for others by ports
 * costs 16,384 exits */
#define DEFAULT_APPEND "console=ttyS0 quiet panic=-1 pci=lastbus=0"

void command_dump(const char *name, const char *summary)
{
    printf("command\t%s\t%s\n", name, summary);
}

/* All of a command's options, and no more of it. */
static void dump_options(const GOptionEntry *entries)
{
    for (const GOptionEntry *e = entries; e && e->long_name; e++) {
        if (e->flags & G_OPTION_FLAG_HIDDEN) {
            continue;
        }
        const char letter[] = { e->short_name ? e->short_name : '-', '\0' };
        printf("option\t%s\t%s\t%s\t%s\n", e->long_name, letter,
               e->arg == G_OPTION_ARG_NONE ? "-" : e->arg_description,
               e->description);
    }
}

static void group_help(const char *group, const struct subcommand *list,
                       gsize count, const char *names)
{
    printf("usage: evtpm %s %s [OPTIONS]\n\n", group, names);
    for (gsize i = 0; i < count; i++) {
        printf("  %-8s %s\n", list[i].name, list[i].summary);
    }
    puts("\nEach has --help.");
}

int command_group(const char *group, const struct subcommand *list, gsize count,
                  int argc, char **argv, GError **error)
{
    const char *name = argc > 1 ? argv[1] : "";
    g_autoptr(GString) names = g_string_new(NULL);
    for (gsize i = 0; i < count; i++) {
        if (strcmp(name, list[i].name) == 0) {
            return list[i].run(argc - 1, argv + 1, error);
        }
        if (strcmp(name, DUMP_OPTIONS) == 0) {
            g_autofree char *whole =
                g_strdup_printf("%s %s", group, list[i].name);
            command_dump(whole, list[i].summary);
        }
        g_string_append_printf(names, "%s%s", i ? "|" : "", list[i].name);
    }
    if (strcmp(name, DUMP_OPTIONS) == 0) {
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        group_help(group, list, count, names->str);
        return 0;
    }
    fail(error, HARNESS_ERROR_USAGE, "usage: evtpm %s %s", group, names->str);
    return -1;
}

int command_options(int *argc, char ***argv, const GOptionEntry *entries,
                    const char *usage, const char *summary, int least, int most,
                    GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autofree char *program = g_strdup_printf("evtpm %s", usage);
    g_option_context_set_summary(context, summary);
    if (entries) {
        g_option_context_add_main_entries(context, entries, NULL);
    }
    g_set_prgname(program);
    if (*argc == 2 && strcmp((*argv)[1], DUMP_OPTIONS) == 0) {
        dump_options(entries);
        exit(0); /* as --help does */
    }
    if (!g_option_context_parse(context, argc, argv, error)) {
        return -1;
    }
    int left = *argc - 1;
    if (left < least) {
        fail(error, HARNESS_ERROR_USAGE, "usage: evtpm %s (see --help)", usage);
        return -1;
    }
    if (most >= 0 && left > most) {
        fail(error, HARNESS_ERROR_USAGE, "unexpected argument \"%s\"",
             (*argv)[most + 1]);
        return -1;
    }
    return left;
}

unsigned parse_memory(const char *text, GError **error)
{
    char *end;
    errno = 0;
    guint64 value = g_ascii_strtoull(text, &end, 10);
    guint64 mib = value;
    if (strcmp(end, "G") == 0 || strcmp(end, "GiB") == 0) {
        mib = value <= G_MAXUINT / 1024 ? value * 1024 : G_MAXUINT64;
    } else if (*end && strcmp(end, "M") != 0 && strcmp(end, "MiB") != 0) {
        end = (char *)text;
    }
    if (end == text || !g_ascii_isdigit(*text) || errno || value == 0) {
        fail(error, HARNESS_ERROR_USAGE,
             "bad memory size \"%s\": a number of MiB, or with M or G", text);
        return 0;
    }
    return (unsigned)MIN(mib, G_MAXUINT);
}

void vm_options_clear(struct vm_options *o)
{
    char **strings[] = { &o->name,   &o->kernel,   &o->initrd,   &o->append,
                         &o->disk,   &o->igvm,     &o->platform, &o->chip,
                         &o->memory, &o->firmware, &o->id_block, &o->id_auth,
                         &o->qemu,   &o->planes,   &o->network };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_clear_pointer(strings[i], g_free);
    }
    backend_options_clear(&o->place);
}

void backend_options_clear(struct backend_options *o)
{
    g_clear_pointer(&o->backend, g_free);
    g_clear_pointer(&o->connect, g_free);
}

GOptionEntry *vm_option_entries(struct vm_options *o, const GOptionEntry *own)
{
    const GOptionEntry shared[] = {
        { "memory", 'm', 0, G_OPTION_ARG_STRING, &o->memory,
          "guest memory, MiB or with M or G (default: 512M)", "M" },
        { "cpus", 'c', 0, G_OPTION_ARG_INT, &o->cpus, "vCPUs (default: 1)",
          "N" },
        { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &o->kernel,
          "Linux kernel (default: the test image's)", "F" },
        { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &o->initrd, "its initramfs",
          "F" },
        { "append", 0, 0, G_OPTION_ARG_STRING, &o->append, "its command line",
          "S" },
        { "disk", 0, 0, G_OPTION_ARG_FILENAME, &o->disk,
          "boot from a disk image instead (raw or qcow2; it is written to)",
          "F" },
        { "network", 0, 0, G_OPTION_ARG_STRING, &o->network,
          "user: a network device by QEMU's own network, without privileges "
          "(default: none)",
          "NET" },
        { "igvm", 0, 0, G_OPTION_ARG_FILENAME, &o->igvm,
          "launch this IGVM file (default: one of this build)", "F" },
        { "no-svsm", 0, 0, G_OPTION_ARG_NONE, &o->no_svsm,
          "a plain SNP guest: firmware and Linux at VMPL0, no SVSM, no TPM",
          NULL },
        { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &o->firmware,
          "OVMF image of a plain guest (default: this build's)", "F" },
        { "bios", 0, 0, G_OPTION_ARG_NONE, &o->bios,
          "start a plain guest from the image itself (-bios), not from an IGVM "
          "file",
          NULL },
        { "kernel-hashes", 0, 0, G_OPTION_ARG_NONE, &o->kernel_hashes,
          "measure kernel, initramfs and command line at launch; firmware "
          "boots nothing else",
          NULL },
        { "id-block", 0, 0, G_OPTION_ARG_FILENAME, &o->id_block,
          "launch only what this ID block is for (see evtpm id-block)", "F" },
        { "id-auth", 0, 0, G_OPTION_ARG_FILENAME, &o->id_auth, "its signatures",
          "F" },
        { "platform", 0, 0, G_OPTION_ARG_STRING, &o->platform,
          "emulated (default), snp (never tried on hardware yet) or auto",
          "P" },
        { "chip", 0, 0, G_OPTION_ARG_FILENAME, &o->chip,
          "directory of the emulated chip", "DIR" },
        { "qemu", 0, 0, G_OPTION_ARG_FILENAME, &o->qemu,
          "QEMU program (default: this build's; for snp: $EVTPM_SNP_QEMU, "
          "the one in PATH)",
          "F" },
        { "planes", 0, 0, G_OPTION_ARG_STRING, &o->planes,
          "snp: whether QEMU and KVM switch VMPLs: on, off or auto (default: "
          "as QEMU says)",
          "WHEN" },
        BACKEND_OPTIONS(&o->place),
        { NULL },
    };
    size_t n = 0;
    while (own[n].long_name) {
        n++;
    }
    GOptionEntry *all = g_new(GOptionEntry, n + G_N_ELEMENTS(shared));
    memcpy(all, own, n * sizeof(*own));
    memcpy(all + n, shared, sizeof(shared));
    return all;
}

static char *absolute(const char *path)
{
    return path ? g_canonicalize_filename(path, NULL) : NULL;
}

/* Without a system of the user's own, the test image. */
static gboolean choose_system(const struct vm_options *o, struct vm_config *c,
                              GError **error)
{
    c->kernel = absolute(o->kernel);
    c->initrd = absolute(o->initrd);
    c->append = g_strdup(o->append);
    c->disk = absolute(o->disk);
    c->network = g_strdup(o->network);
    if (!c->kernel && !c->disk) {
        c->kernel = artifact_path(ARTIFACT_KERNEL, error);
        if (c->kernel && !c->initrd) {
            c->initrd = artifact_path(ARTIFACT_INITRD, error);
        }
        if (!c->kernel || !c->initrd) {
            return FALSE;
        }
    }
    if (c->kernel && !c->append) {
        c->append =
            g_strconcat(DEFAULT_APPEND, o->shell ? " evtpm.shell=1" : "", NULL);
    }
    return TRUE;
}

static gboolean choose_platform(const struct vm_options *o, struct vm_config *c,
                                GError **error)
{
    return platform_parse(o->platform ? o->platform : "emulated", &c->platform,
                          error);
}

static gboolean choose_chip(const struct vm_options *o, struct vm_config *c,
                            GError **error)
{
    if (c->platform == PLATFORM_EMULATED) {
        c->chip = o->chip ? absolute(o->chip) : artifacts_chip(error);
    }
    return c->platform != PLATFORM_EMULATED || c->chip;
}

/* This build's QEMU emulates; on hardware it starts no IGVM file, and another
 * one is needed. */
static gboolean choose_qemu(const struct vm_options *o, struct vm_config *c,
                            GError **error)
{
    const char *given = o->qemu;
    if (!given && c->platform == PLATFORM_SNP) {
        given = g_getenv("EVTPM_SNP_QEMU");
        given = given && *given ? given : "qemu-system-x86_64";
        c->qemu = g_find_program_in_path(given);
    } else if (given) {
        c->qemu = strchr(given, '/') ? absolute(given)
                                     : g_find_program_in_path(given);
    }
    if (given && !c->qemu && (o->qemu || g_getenv("EVTPM_SNP_QEMU"))) {
        return fail(error, HARNESS_ERROR_FAILED, "QEMU %s: not found", given);
    }
    if (!c->qemu) {
        c->qemu = artifact_path(ARTIFACT_QEMU, error);
    }
    return c->qemu != NULL;
}

/* Only QEMU of the SVSM-enabled tree has planes, and a plain guest needs none.
 */
static gboolean choose_planes(const struct vm_options *o, struct vm_config *c,
                              GError **error)
{
    struct qemu_facts facts;
    const char *when = o->planes ? o->planes : "auto";
    if (strcmp(when, "on") == 0 || strcmp(when, "off") == 0) {
        c->planes = c->platform == PLATFORM_SNP && when[1] == 'n';
        return TRUE;
    }
    if (strcmp(when, "auto") != 0) {
        return fail(error, HARNESS_ERROR_USAGE, "--planes=%s: on, off or auto",
                    when);
    }
    if (c->platform == PLATFORM_SNP && !c->no_svsm) {
        if (!qemu_facts_get(c->qemu, &facts, error)) {
            return FALSE;
        }
        c->planes = facts.device_plane;
    }
    return TRUE;
}

static gboolean check_plain(const struct vm_options *o, GError **error)
{
    const char *option = o->bios ? "--bios" : o->firmware ? "--firmware" : NULL;
    if (option && !o->no_svsm) {
        return fail(error, HARNESS_ERROR_USAGE, "%s needs --no-svsm", option);
    }
    if (o->kernel_hashes && o->igvm) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--kernel-hashes and --igvm exclude each other: the file "
                    "has the hashes that it was built with");
    }
    return !(o->no_svsm && o->igvm) ||
           fail(error, HARNESS_ERROR_USAGE,
                "--no-svsm and --igvm exclude each other");
}

static gboolean choose_firmware(const struct vm_options *o, struct vm_config *c,
                                GError **error)
{
    enum artifact which =
        o->kernel_hashes ? ARTIFACT_FIRMWARE_HASHES : ARTIFACT_FIRMWARE;
    c->no_svsm = o->no_svsm;
    c->kernel_hashes = o->kernel_hashes;
    if (c->no_svsm) {
        c->firmware =
            o->firmware ? absolute(o->firmware) : artifact_path(which, error);
    }
    return !c->no_svsm || c->firmware;
}

/* What is launched is made or looked into before QEMU starts. */
static gboolean choose_launch(const struct vm_options *o, struct vm_config *c,
                              GError **error)
{
    struct igvm_summary summary;
    if (c->igvm) {
        return igvm_file_summary(c->igvm, &summary, error);
    }
    if (o->bios) {
        return igvm_file_plain_digest(c, &summary, error);
    }
    c->igvm = c->no_svsm ? igvm_file_plain(c, &summary, error)
                         : igvm_file_svsm(c, &summary, error);
    return c->igvm != NULL;
}

/* Form only: whether it is for this launch, and who signed, the processor
 * judges. */
static gboolean choose_id(const struct vm_options *o, struct vm_config *c,
                          GError **error)
{
    struct evtpm_id id;
    if (!o->id_block != !o->id_auth) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--id-block and --id-auth need each other");
    }
    return !o->id_block || id_files_read(o->id_block, o->id_auth, &id,
                                         &c->id_block, &c->id_auth, error);
}

struct vm_config *vm_options_config(const struct vm_options *o, GError **error)
{
    struct vm_config *c = g_new0(struct vm_config, 1);
    c->name = g_strdup(o->name);
    c->backend = g_strdup(o->place.backend);
    c->connect = g_strdup(o->place.connect);
    c->cpus = o->cpus > 0 ? (unsigned)o->cpus : 0;
    c->memory = o->memory ? parse_memory(o->memory, error) : VM_MEMORY_DEFAULT;
    c->igvm = absolute(o->igvm);
    c->define = o->define;
    if (c->memory && (!o->name || state_name_check(o->name, error)) &&
        check_plain(o, error) && choose_id(o, c, error) &&
        choose_system(o, c, error) && choose_firmware(o, c, error) &&
        choose_platform(o, c, error) && choose_qemu(o, c, error) &&
        vm_config_check(c, error) && choose_planes(o, c, error) &&
        choose_chip(o, c, error) && choose_launch(o, c, error)) {
        return c;
    }
    vm_config_free(c);
    return NULL;
}
