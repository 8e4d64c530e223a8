/* SPDX-License-Identifier: MIT */
/* The subcommands of evtpm. */
#ifndef EVTPM_HARNESS_COMMAND_H
#define EVTPM_HARNESS_COMMAND_H

#include "harness/fail.h"

/*
 * A subcommand: gets its own arguments (argv[0] is its name), returns an exit
 * status, or -1 with an error set, which main() prints.
 */
typedef int (*command_fn)(int argc, char **argv, GError **error);

int cmd_run(int argc, char **argv, GError **error);
int cmd_launch(int argc, char **argv, GError **error);
int cmd_attest(int argc, char **argv, GError **error);
int cmd_verify(int argc, char **argv, GError **error);
int cmd_eventlog(int argc, char **argv, GError **error);
int cmd_serve(int argc, char **argv, GError **error);
int cmd_audit(int argc, char **argv, GError **error);
int cmd_igvm(int argc, char **argv, GError **error);
int cmd_ps(int argc, char **argv, GError **error);
int cmd_stop(int argc, char **argv, GError **error);
int cmd_reboot(int argc, char **argv, GError **error);
int cmd_chip(int argc, char **argv, GError **error);
int cmd_kds(int argc, char **argv, GError **error);
int cmd_id_block(int argc, char **argv, GError **error);
int cmd_image(int argc, char **argv, GError **error);
int cmd_xml(int argc, char **argv, GError **error);
int cmd_doctor(int argc, char **argv, GError **error);
int cmd_test(int argc, char **argv, GError **error);

/*
 * Parses options in place by GLib's rules (--help included, which exits).
 * `usage` stands after the program's name, `summary` below it. Between `least`
 * and `most` operands must remain; their count is returned, -1 with an error
 * otherwise.
 */
int command_options(int *argc, char ***argv, const GOptionEntry *entries,
                    const char *usage, const char *summary, int least, int most,
                    GError **error);

/* A command that has commands below it. */
struct subcommand {
    const char *name;
    command_fn run;
    const char *summary;
};
/* Runs the one that argv[1] names; `group` is the name of all. Its --help lists
 * them. */
int command_group(const char *group, const struct subcommand *list, gsize count,
                  int argc, char **argv, GError **error);

/*
 * Not for people: "evtpm [COMMAND] --dump-options" prints what there is, for
 * shell completion and the manual's test. Lines of fields separated by tabs:
 *
 *   command NAME SUMMARY               a command, or one below this one
 *   option LONG SHORT ARGUMENT TEXT    "-" stands for none
 */
#define DUMP_OPTIONS "--dump-options"
void command_dump(const char *name, const char *summary);
/* Where VMs are: options of all commands that deal with them. */
struct backend_options {
    char *backend, *connect;
};
#define BACKEND_OPTIONS(o)                                                     \
    { "backend",                                                               \
      0,                                                                       \
      0,                                                                       \
      G_OPTION_ARG_STRING,                                                     \
      &(o)->backend,                                                           \
      "what runs the VM: qemu (default) or libvirt",                           \
      "B" },                                                                   \
    {                                                                          \
        "connect", 0, 0, G_OPTION_ARG_STRING, &(o)->connect,                   \
            "libvirt's URI, as qemu:///session (default: libvirt's own)",      \
            "URI"                                                              \
    }
void backend_options_clear(struct backend_options *options);
typedef struct backend_options backend_options;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(backend_options, backend_options_clear)

/* Options that describe a VM, shared by run and launch. */
struct vm_options {
    struct backend_options place;
    char *name, *kernel, *initrd, *append, *disk, *igvm, *platform, *chip;
    char *memory, *firmware, *id_block, *id_auth, *qemu, *planes;
    char *network;
    int cpus;
    gboolean no_svsm, bios, kernel_hashes, define;
    double timeout;
    gboolean shell; /* a shell on the console of the test image */
};
#define VM_OPTIONS_INIT                                                        \
    {                                                                          \
        .cpus = 1, .timeout = 120                                              \
    }
void vm_options_clear(struct vm_options *options);

/* A command's own options, then those that describe a VM; free with g_free. */
GOptionEntry *vm_option_entries(struct vm_options *options,
                                const GOptionEntry *own);

struct vm_config;
/* Fills in artefacts and defaults; paths become absolute. NULL on error. */
struct vm_config *vm_options_config(const struct vm_options *options,
                                    GError **error);

/* "512", "512M", "2G" in MiB; 0 with an error when it is no size. */
unsigned parse_memory(const char *text, GError **error);

#endif
