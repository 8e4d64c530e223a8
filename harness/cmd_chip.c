/* SPDX-License-Identifier: MIT */
/* evtpm chip create | show | roll-tcb: directories of emulated processors. */
#include <stdio.h>
#include <string.h>

#include "harness/chip_text.h"
#include "harness/command.h"
#include "lib/certs.h"
#include "lib/chip_admin.h"

static int cmd_create(int argc, char **argv, GError **error)
{
    g_autofree char *product = NULL, *tcb = NULL, *issuer = NULL, *csp = NULL;
    const GOptionEntry entries[] = {
        { "product", 0, 0, G_OPTION_ARG_STRING, &product,
          "Milan (default), Genoa or Turin", "P" },
        { "tcb", 0, 0, G_OPTION_ARG_STRING, &tcb,
          "components that differ from the product's usual ones: "
          "bootloader=N,tee=N,snp=N,microcode=N (Turin: fmc=N)",
          "LIST" },
        { "issuer", 0, 0, G_OPTION_ARG_FILENAME, &issuer,
          "take ARK and ASK of this chip instead of making new ones", "DIR" },
        { "vlek", 0, 0, G_OPTION_ARG_STRING, &csp,
          "with a VLEK, the key of the cloud provider of this name", "NAME" },
        { NULL },
    };
    struct evtpm_chip_params params = { .tcb_given = TRUE };
    struct evtpm_error err = { "" };
    if (command_options(&argc, &argv, entries, "chip create [OPTIONS] DIR",
                        "Makes the directory of an emulated processor: its "
                        "keys and certificates. DIR must not exist.",
                        1, 1, error) < 0) {
        return -1;
    }
    if (product && !snp_product_parse(product, &params.product)) {
        fail(error, HARNESS_ERROR_USAGE,
             "no such product \"%s\": Milan, Genoa or Turin", product);
        return -1;
    }
    params.tcb = evtpm_chip_default_tcb(params.product);
    params.issuer = issuer;
    params.csp_id = csp;
    if (tcb && !chip_parse_tcb(tcb, params.product, &params.tcb, error)) {
        return -1;
    }
    if (evtpm_chip_create(argv[1], &params, &err) < 0) {
        fail_lib(error, &err);
        return -1;
    }
    return 0;
}

static int cmd_show(int argc, char **argv, GError **error)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON", NULL },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "chip show [OPTIONS] DIR",
                        "Prints what an emulated processor is: product, "
                        "identity, TCB now and earlier, root.",
                        1, 1, error) < 0) {
        return -1;
    }
    g_autofree char *text = json ? chip_describe_json(argv[1], error)
                                 : chip_describe(argv[1], error);
    if (!text) {
        return -1;
    }
    puts(text);
    return 0;
}

static int roll(const char *dir, const char *list, GError **error)
{
    struct evtpm_error err = { "" };
    struct evtpm_chip *chip = evtpm_chip_load(dir, &err);
    if (!chip) {
        fail_lib(error, &err);
        return -1;
    }
    const enum snp_product product = chip->product;
    struct snp_tcb tcb = chip->tcb;
    evtpm_chip_free(chip);
    if (!chip_parse_tcb(list, product, &tcb, error)) {
        return -1;
    }
    if (evtpm_chip_roll_tcb(dir, &tcb, &err) < 0) {
        fail(error, HARNESS_ERROR_FAILED, "%s: %s", dir, err.text);
        return -1;
    }
    char text[128];
    printf("%s\n", snp_tcb_format(product, &tcb, text, sizeof(text)));
    return 0;
}

static int cmd_roll(int argc, char **argv, GError **error)
{
    g_autofree char *tcb = NULL;
    const GOptionEntry entries[] = {
        { "tcb", 0, 0, G_OPTION_ARG_STRING, &tcb,
          "components that go on: bootloader=N,tee=N,snp=N,microcode=N "
          "(Turin: fmc=N); the others stay",
          "LIST" },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "chip roll-tcb --tcb LIST DIR",
                        "Rolls an emulated processor's TCB on, as new firmware "
                        "does: a new VCEK, other derived keys. There is no "
                        "way back. VMs that run keep what they started with.",
                        1, 1, error) < 0) {
        return -1;
    }
    if (!tcb) {
        fail(error, HARNESS_ERROR_USAGE, "name the new TCB by --tcb");
        return -1;
    }
    return roll(argv[1], tcb, error);
}

int cmd_chip(int argc, char **argv, GError **error)
{
    static const struct subcommand actions[] = {
        { "create", cmd_create, "make an emulated processor" },
        { "show", cmd_show, "print what it is" },
        { "roll-tcb", cmd_roll, "give it newer firmware" },
    };
    return command_group("chip", actions, G_N_ELEMENTS(actions), argc, argv,
                         error);
}
