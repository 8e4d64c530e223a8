/* SPDX-License-Identifier: MIT */
/* Text that others wrote, made safe for XML and HTML. */
#ifndef EVTPM_HARNESS_MARKUP_H
#define EVTPM_HARNESS_MARKUP_H

#include <glib.h>

/*
 * Appends text for use between tags or within quotes of either kind. What XML
 * 1.0 cannot hold (control characters, U+FFFE, U+FFFF) becomes U+FFFD; bytes
 * that are no UTF-8 too.
 */
void markup_text(GString *out, const char *text);

/* printf() whose %s are markup by themselves already; takes nothing from
 * others. Strings from others go through markup_text(). */
#define markup_add g_string_append_printf

/* Appends NAME="TEXT" with a space before. */
void markup_attribute(GString *out, const char *name, const char *text);

#endif
