/* SPDX-License-Identifier: MIT */
/* evtpm eventlog: the logs of evidence in readable form. */
#include <stdio.h>

#include "harness/command.h"
#include "harness/log_view.h"

int cmd_eventlog(int argc, char **argv, GError **error)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &json, "print JSON", NULL },
        { NULL },
    };
    if (command_options(&argc, &argv, entries, "eventlog [--json] FILE",
                        "Prints the firmware's log and IMA's list, PCR by PCR: "
                        "the entries that explain its value. FILE is evidence "
                        "that evtpm attest kept, or a log in binary form. "
                        "Nothing is judged; evtpm verify does that.",
                        1, 1, error) < 0) {
        return -1;
    }
    struct log_view *view = log_view_load(argv[1], error);
    if (!view) {
        return -1;
    }
    g_autofree char *text = json ? log_view_json(view) : log_view_text(view);
    fputs(text, stdout);
    if (json) {
        putchar('\n');
    }
    log_view_free(view);
    return 0;
}
