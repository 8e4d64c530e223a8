/* SPDX-License-Identifier: MIT */
/* Errors of the harness: one domain, one line each. */
#include "harness/fail.h"

#include <errno.h>

G_DEFINE_QUARK(evtpm - harness, harness_error)

/* Messages quote what guests, hosts and files sent: one line, and nothing that
 * a terminal would obey. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (g_ascii_iscntrl(*text)) {
            *text = '?';
        }
    }
}

gboolean fail(GError **error, enum harness_error code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    make_printable(text);
    g_set_error_literal(error, HARNESS_ERROR, code, text);
    return FALSE;
}

gboolean fail_errno(GError **error, int saved_errno, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    const char *reason = saved_errno == ENOSPC ? "no space left on the device"
                                               : g_strerror(saved_errno);
    g_set_error(error, HARNESS_ERROR,
                saved_errno == ENOENT ? HARNESS_ERROR_NOT_FOUND
                                      : HARNESS_ERROR_FAILED,
                "%s: %s", text, reason);
    return FALSE;
}

gboolean fail_lib(GError **error, const struct evtpm_error *err)
{
    g_set_error_literal(error, HARNESS_ERROR, HARNESS_ERROR_FAILED, err->text);
    return FALSE;
}
