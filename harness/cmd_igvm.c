/* SPDX-License-Identifier: MIT */
/* evtpm igvm build | measure | show. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "harness/artifacts.h"
#include "harness/command.h"
#include "harness/id_files.h"
#include "harness/igvm_file.h"
#include "lib/file.h"
#include "lib/igvm.h"
#include "lib/igvm_build.h"

struct build {
    char *svsm, *vtpm, *firmware, *output, *policy;
    char *kernel, *initrd, *append;
    char *id_block, *id_auth;
    gboolean no_svsm, no_vtpm, no_firmware;
};

/* A part that is not named is the one of this build. */
static gboolean part(char **path, gboolean none, enum artifact which,
                     GError **error)
{
    if (none) {
        g_clear_pointer(path, g_free);
        return TRUE;
    }
    if (!*path) {
        *path = artifact_path(which, error);
    }
    return *path != NULL;
}

static gboolean parse_policy(const char *text, guint64 *policy, GError **error)
{
    char *end;
    *policy = text ? g_ascii_strtoull(text, &end, 0) : 0;
    return !text || (end != text && !*end) ||
           fail(error, HARNESS_ERROR_USAGE, "bad policy \"%s\": a number",
                text);
}

static void print_summary(const char *path, const struct igvm_summary *s,
                          gboolean json)
{
    if (json) {
        g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
        JsonObject *o = json_object_new();
        json_object_set_string_member(o, "file", path);
        json_object_set_int_member(o, "size", (gint64)s->size);
        json_object_set_string_member(o, "launch_digest", s->digest_hex);
        json_node_take_object(root, o);
        g_autofree char *text = json_to_string(root, FALSE);
        puts(text);
    } else {
        printf("%s  %s\n", s->digest_hex, path);
    }
}

static int run_build(const struct build *b, GError **error)
{
    struct evtpm_error err = { "" };
    struct igvm_summary summary;
    struct evtpm_id id;
    guint64 policy;
    if (!parse_policy(b->policy, &policy, error) ||
        (b->id_block &&
         !id_files_read(b->id_block, b->id_auth, &id, NULL, NULL, error))) {
        return -1;
    }
    struct igvm_build_options options = { .svsm = b->svsm,
                                          .vtpm = b->vtpm,
                                          .firmware = b->firmware,
                                          .policy = policy,
                                          .no_svsm = b->no_svsm,
                                          .id = b->id_block ? &id : NULL,
                                          .kernel = { b->kernel, b->initrd,
                                                      b->append } };
    if (igvm_build_file(&options, b->output, &err) < 0) {
        fail_lib(error, &err);
        return -1;
    }
    if (!igvm_file_summary(b->output, &summary, error)) {
        return -1;
    }
    print_summary(b->output, &summary, FALSE);
    return 0;
}

/* Combinations that make no sense; the parts that are not named. */
static gboolean complete_build(struct build *b, GError **error)
{
    enum artifact fw = b->kernel ? ARTIFACT_FIRMWARE_HASHES : ARTIFACT_FIRMWARE;
    if (!b->output) {
        return fail(error, HARNESS_ERROR_USAGE, "name the file to make by -o");
    }
    if (b->no_svsm && (b->svsm || b->vtpm || b->no_firmware)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--no-svsm leaves nothing but the firmware: it excludes "
                    "--svsm, --vtpm and --no-firmware");
    }
    if (b->no_firmware && b->kernel) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--kernel is for the firmware: it excludes --no-firmware");
    }
    if (!b->id_block != !b->id_auth) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--id-block and --id-auth need each other");
    }
    if (!b->kernel && (b->initrd || b->append)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--initrd and --append need --kernel");
    }
    return part(&b->svsm, b->no_svsm, ARTIFACT_SVSM, error) &&
           part(&b->vtpm, b->no_svsm || b->no_vtpm, ARTIFACT_VTPM, error) &&
           part(&b->firmware, b->no_firmware, fw, error);
}

static int cmd_build(int argc, char **argv, GError **error)
{
    struct build b = { 0 };
    const GOptionEntry entries[] = {
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &b.output,
          "the file to make", "F" },
        { "svsm", 0, 0, G_OPTION_ARG_FILENAME, &b.svsm,
          "ELF program that starts at VMPL0 (default: this build's SVSM)",
          "F" },
        { "vtpm", 0, 0, G_OPTION_ARG_FILENAME, &b.vtpm,
          "vTPM program (default: this build's)", "F" },
        { "firmware", 0, 0, G_OPTION_ARG_FILENAME, &b.firmware,
          "OVMF image (default: this build's)", "F" },
        { "no-vtpm", 0, 0, G_OPTION_ARG_NONE, &b.no_vtpm, "without vTPM",
          NULL },
        { "no-firmware", 0, 0, G_OPTION_ARG_NONE, &b.no_firmware,
          "without firmware", NULL },
        { "no-svsm", 0, 0, G_OPTION_ARG_NONE, &b.no_svsm,
          "firmware alone, at VMPL0: a plain SNP guest", NULL },
        { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &b.kernel,
          "with hashes of this kernel: the firmware boots no other", "F" },
        { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &b.initrd,
          "and of its initramfs", "F" },
        { "append", 0, 0, G_OPTION_ARG_STRING, &b.append,
          "and of its command line", "S" },
        { "id-block", 0, 0, G_OPTION_ARG_FILENAME, &b.id_block,
          "with this ID block, which must be for the file (evtpm id-block)",
          "F" },
        { "id-auth", 0, 0, G_OPTION_ARG_FILENAME, &b.id_auth,
          "the signatures of that block", "F" },
        { "policy", 0, 0, G_OPTION_ARG_STRING, &b.policy,
          "guest policy (default: 0x30000)", "N" },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries, "igvm build -o F [OPTIONS]",
                        "Makes an IGVM file and prints its launch digest.", 0,
                        0, error) >= 0 &&
        complete_build(&b, error)) {
        status = run_build(&b, error);
    }
    char **strings[] = { &b.svsm,     &b.vtpm,   &b.firmware, &b.output,
                         &b.policy,   &b.kernel, &b.initrd,   &b.append,
                         &b.id_block, &b.id_auth };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(*strings[i]);
    }
    return status;
}

struct measure {
    gboolean json;
    struct vm_config bios; /* firmware: measure it, started by -bios */
    int cpus;
};

static gboolean check_measure(const struct measure *m, int files,
                              GError **error)
{
    const struct vm_config *c = &m->bios;
    if (!c->firmware && (c->kernel || c->initrd || c->append || m->cpus)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--cpus, --kernel, --initrd and --append need --bios: an "
                    "IGVM file holds all that is measured");
    }
    if (!c->kernel && (c->initrd || c->append)) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "--initrd and --append need --kernel");
    }
    if (m->cpus < 0 || m->cpus > VM_CPUS_MAX) {
        return fail(error, HARNESS_ERROR_USAGE, "%d vCPUs: 1 to %u may be had",
                    m->cpus, VM_CPUS_MAX);
    }
    if (!c->firmware && files == 0) {
        return fail(error, HARNESS_ERROR_USAGE,
                    "name the files to measure, or a firmware image by --bios");
    }
    return !(c->firmware && files) ||
           fail(error, HARNESS_ERROR_USAGE,
                "--bios and IGVM files exclude each other");
}

static int run_measure(struct measure *m, char **files, GError **error)
{
    struct igvm_summary summary;
    struct vm_config *c = &m->bios;
    c->cpus = m->cpus ? (unsigned)m->cpus : 1;
    c->kernel_hashes = c->kernel != NULL;
    if (c->firmware) {
        if (!igvm_file_plain_digest(c, &summary, error)) {
            return -1;
        }
        print_summary(c->firmware, &summary, m->json);
    }
    for (; *files; files++) {
        if (!igvm_file_summary(*files, &summary, error)) {
            return -1;
        }
        print_summary(*files, &summary, m->json);
    }
    return 0;
}

static int cmd_measure(int argc, char **argv, GError **error)
{
    struct measure m = { 0 };
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &m.json, "one JSON object a file",
          NULL },
        { "bios", 0, 0, G_OPTION_ARG_FILENAME, &m.bios.firmware,
          "measure an OVMF image that a plain guest starts from by -bios",
          "F" },
        { "cpus", 'c', 0, G_OPTION_ARG_INT, &m.cpus,
          "its vCPUs, each of which counts (default: 1)", "N" },
        { "kernel", 0, 0, G_OPTION_ARG_FILENAME, &m.bios.kernel,
          "with kernel-hashes of this kernel", "F" },
        { "initrd", 0, 0, G_OPTION_ARG_FILENAME, &m.bios.initrd,
          "and of its initramfs", "F" },
        { "append", 0, 0, G_OPTION_ARG_STRING, &m.bios.append,
          "and of its command line", "S" },
        { NULL },
    };
    int status = -1;
    int files = command_options(
        &argc, &argv, entries, "igvm measure F... | --bios F [OPTIONS]",
        "Prints the SEV-SNP launch digest (SHA-384) that launching a file "
        "gives.",
        0, -1, error);
    if (files >= 0 && check_measure(&m, files, error)) {
        status = run_measure(&m, argv + 1, error);
    }
    vm_config_clear(&m.bios);
    return status;
}

static int cmd_show(int argc, char **argv, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_blob blob = { 0 };
    struct igvm_file file;
    if (command_options(&argc, &argv, NULL, "igvm show F",
                        "Prints what an IGVM file contains.", 1, 1,
                        error) < 0) {
        return -1;
    }
    if (evtpm_file_read(argv[1], IGVM_BUILD_MAX, &blob, &err) < 0) {
        fail_lib(error, &err);
        return -1;
    }
    int rc = igvm_open(blob.data, blob.size, &file, &err);
    if (rc == 0) {
        igvm_show(&file, stdout);
    } else {
        fail(error, HARNESS_ERROR_FAILED, "%s: %s", argv[1], err.text);
    }
    evtpm_blob_clear(&blob);
    return rc;
}

int cmd_igvm(int argc, char **argv, GError **error)
{
    static const struct subcommand sub[] = {
        { "build", cmd_build, "make an IGVM file of SVSM, vTPM and firmware" },
        { "measure", cmd_measure, "compute launch digests" },
        { "show", cmd_show, "print what a file contains" },
    };
    return command_group("igvm", sub, G_N_ELEMENTS(sub), argc, argv, error);
}
