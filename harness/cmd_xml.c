/* SPDX-License-Identifier: MIT */
/* evtpm xml: a VM as a libvirt domain. */
#include <stdio.h>

#include "harness/command.h"
#include "harness/domain_xml.h"

static int print_xml(const struct vm_options *options, GError **error)
{
    struct vm_config *config = vm_options_config(options, error);
    if (!config) {
        return -1;
    }
    if (!config->name) {
        config->name = g_strdup("vm");
    }
    g_autofree char *xml = domain_xml(config, NULL);
    puts(xml);
    vm_config_free(config);
    return 0;
}

int cmd_xml(int argc, char **argv, GError **error)
{
    struct vm_options options = VM_OPTIONS_INIT;
    options.define = TRUE;
    const GOptionEntry own[] = {
        { "name", 'n', 0, G_OPTION_ARG_STRING, &options.name,
          "name of the domain (default: vm)", "N" },
        { NULL },
    };
    g_autofree GOptionEntry *entries = vm_option_entries(&options, own);
    int status = -1;
    if (command_options(&argc, &argv, entries, "xml [OPTIONS]",
                        "Prints domain XML of the VM that evtpm launch with "
                        "these options starts, for virsh define.",
                        0, 0, error) >= 0) {
        status = print_xml(&options, error);
    }
    vm_options_clear(&options);
    return status;
}
