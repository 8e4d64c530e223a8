/* SPDX-License-Identifier: MIT */
/* evtpm: confidential VMs with an ephemeral vTPM. The command table. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/vm.h"
#include "harness/wait.h"

static const struct {
    const char *name;
    command_fn run;
    const char *summary;
} commands[] = {
    { "run", cmd_run,
      "show everything once: launch, TPM, attestation, reboot" },
    { "launch", cmd_launch,
      "start a VM: its console, one command, or detached" },
    { "attest", cmd_attest, "get evidence from a running VM and verify it" },
    { "verify", cmd_verify, "verify evidence that was kept in a file" },
    { "eventlog", cmd_eventlog, "print the logs that evidence contains" },
    { "serve", cmd_serve,
      "serve challenges, verify evidence, release secrets" },
    { "audit", cmd_audit, "list what serve decided" },
    { "ps", cmd_ps, "list running VMs" },
    { "reboot", cmd_reboot, "restart a VM; its vTPM forgets" },
    { "stop", cmd_stop, "end a VM" },
    { "doctor", cmd_doctor, "say what this machine has and lacks" },
    { "xml", cmd_xml, "print a VM as a libvirt domain" },
    { "igvm", cmd_igvm, "build, measure or show IGVM files" },
    { "id-block", cmd_id_block, "sign what may be launched" },
    { "image", cmd_image, "tell what a disk image lacks for such a guest" },
    { "chip", cmd_chip, "make, show, or update an emulated processor" },
    { "kds", cmd_kds, "serve emulated processors' certificates as AMD does" },
    { "test", cmd_test, "run the tests" },
};

static void print_help(FILE *out)
{
    fputs("usage: evtpm COMMAND [OPTIONS]\n\n"
          "Confidential VMs (AMD SEV-SNP, emulated or real) that carry their "
          "own vTPM,\n"
          "which nobody outside the VM can read and which forgets all at a "
          "reboot.\n\n",
          out);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nevtpm COMMAND --help tells more. evtpm --version prints the "
          "version.\n",
          out);
}

static int status_of(const GError *error)
{
    if (g_error_matches(error, HARNESS_ERROR, HARNESS_ERROR_INTERRUPTED)) {
        return 128 + (wait_signal() ? wait_signal() : SIGINT);
    }
    if (g_error_matches(error, HARNESS_ERROR, HARNESS_ERROR_USAGE) ||
        error->domain == G_OPTION_ERROR) {
        return 2;
    }
    return 1;
}

/* Whatever was being done at the time: the user knows what they interrupted. */
static const char *message_of(const GError *error)
{
    if (g_error_matches(error, HARNESS_ERROR, HARNESS_ERROR_INTERRUPTED)) {
        return "interrupted";
    }
    return error ? error->message : "failed";
}

static int run_command(command_fn run, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    wait_catch_signals();
    int status = run(argc, argv, &error);
    if (status >= 0) {
        return status;
    }
    fprintf(stderr, "evtpm: %s\n", message_of(error));
    if (vm_post_mortem()) {
        fputs(vm_post_mortem(), stderr);
    }
    return error ? status_of(error) : 1;
}

int main(int argc, char **argv)
{
    setlocale(LC_ALL, "");
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (strcmp(name, DUMP_OPTIONS) == 0) {
        for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
            command_dump(commands[i].name, commands[i].summary);
        }
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        puts("evtpm " PACKAGE_VERSION);
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return run_command(commands[i].run, argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "evtpm: unknown command \"%s\" (see evtpm --help)\n", name);
    return 2;
}
