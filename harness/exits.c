/* SPDX-License-Identifier: MIT */
/* QEMU's end in words. */
#include "harness/exits.h"

#include <string.h>
#include <sys/wait.h>

#include "harness/process.h"
#include "harness/tree.h"

static const char *const meaning[] = {
    [EXIT_TERMINATE] = "the guest asked to be terminated",
    [EXIT_VMPL_FAULT] = "VMPL violation",
    [EXIT_RMP_FAULT] = "access to a page that is not the guest's",
    [EXIT_TRIPLE_FAULT] = "triple fault",
    [EXIT_INVALID_VMSA] = "a vCPU's save area cannot be entered",
    [EXIT_PROTOCOL] = "GHCB protocol violation",
};

/* The last line of the log without the program's name in front; warnings do not
 * count. */
static char *last_message(const char *qemu_log)
{
    g_autofree char *tail = qemu_log ? tree_tail(qemu_log, 20) : NULL;
    g_auto(GStrv) lines = g_strsplit(tail ? tail : "", "\n", -1);
    for (guint i = g_strv_length(lines); i > 0; i--) {
        char *line = lines[i - 1];
        const char *colon = strstr(line, ": ");
        if (!*line || strstr(line, "warning:")) {
            continue;
        }
        return g_strdup(colon && strstr(line, "qemu") == line ? colon + 2
                        : colon && *line == '/'               ? colon + 2
                                                              : line);
    }
    return NULL;
}

char *exits_explain(int status, const char *qemu_log)
{
    g_autofree char *message = last_message(qemu_log);
    if (status != -1 && WIFSIGNALED(status)) {
        g_autofree char *how = process_status_text(status);
        return g_strdup_printf("QEMU was ended by %s", how);
    }
    unsigned code = status == -1 ? 0 : (unsigned)WEXITSTATUS(status);
    const char *what = code < G_N_ELEMENTS(meaning) ? meaning[code] : NULL;
    if (what) {
        return g_strdup_printf("the VM ended: %s%s%s", what,
                               message ? ": " : "", message ? message : "");
    }
    if (message) {
        return g_strdup_printf("QEMU: %s", message);
    }
    return status == -1 ? g_strdup("the VM ended")
                        : g_strdup_printf("QEMU ended with status %u", code);
}
