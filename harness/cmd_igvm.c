/* SPDX-License-Identifier: MIT */
/* evtpm igvm build | measure | show. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "harness/artifacts.h"
#include "harness/command.h"
#include "harness/igvm_file.h"
#include "lib/file.h"
#include "lib/igvm.h"
#include "lib/igvm_build.h"

struct build {
    char *svsm, *vtpm, *firmware, *output, *policy;
    gboolean no_vtpm, no_firmware;
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
    guint64 policy;
    if (!parse_policy(b->policy, &policy, error)) {
        return -1;
    }
    struct igvm_build_options options = { .svsm = b->svsm,
                                          .vtpm = b->vtpm,
                                          .firmware = b->firmware,
                                          .policy = policy };
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
        { "policy", 0, 0, G_OPTION_ARG_STRING, &b.policy,
          "guest policy (default: 0x30000)", "N" },
        { NULL },
    };
    int status = -1;
    if (command_options(&argc, &argv, entries, "igvm build -o F [OPTIONS]",
                        "Makes an IGVM file and prints its launch digest.", 0,
                        0, error) >= 0) {
        if (!b.output) {
            fail(error, HARNESS_ERROR_USAGE, "name the file to make by -o");
        } else if (part(&b.svsm, FALSE, ARTIFACT_SVSM, error) &&
                   part(&b.vtpm, b.no_vtpm, ARTIFACT_VTPM, error) &&
                   part(&b.firmware, b.no_firmware, ARTIFACT_FIRMWARE, error)) {
            status = run_build(&b, error);
        }
    }
    char **strings[] = { &b.svsm, &b.vtpm, &b.firmware, &b.output, &b.policy };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(*strings[i]);
    }
    return status;
}

static int cmd_measure(int argc, char **argv, GError **error)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object a file",
          NULL },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "igvm measure F...",
                        "Prints the SEV-SNP launch digest (SHA-384) that "
                        "launching a file gives.",
                        1, -1, error) < 0) {
        return -1;
    }
    for (int i = 1; i < argc; i++) {
        struct igvm_summary summary;
        if (!igvm_file_summary(argv[i], &summary, error)) {
            return -1;
        }
        print_summary(argv[i], &summary, json);
    }
    return 0;
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
    static const struct {
        const char *name;
        command_fn run;
    } sub[] = { { "build", cmd_build },
                { "measure", cmd_measure },
                { "show", cmd_show } };
    const char *name = argc > 1 ? argv[1] : "";
    for (size_t i = 0; i < G_N_ELEMENTS(sub); i++) {
        if (strcmp(name, sub[i].name) == 0) {
            return sub[i].run(argc - 1, argv + 1, error);
        }
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        puts("usage: evtpm igvm build|measure|show [OPTIONS]\n\n"
             "  build    make an IGVM file of SVSM, vTPM and firmware\n"
             "  measure  compute launch digests\n"
             "  show     print what a file contains\n\n"
             "Each has --help.");
        return 0;
    }
    fail(error, HARNESS_ERROR_USAGE, "usage: evtpm igvm build|measure|show");
    return -1;
}
