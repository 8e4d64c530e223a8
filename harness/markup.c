/* SPDX-License-Identifier: MIT */
/* Escaping. */
#include "harness/markup.h"

static const char *entity(gunichar c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static gboolean is_xml(gunichar c)
{
    return c == '\t' || c == '\n' || (c >= 0x20 && c < 0xfffe && c != 0x7f) ||
           c > 0xffff;
}

void markup_text(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        const char *special = entity(c);
        if (special) {
            g_string_append(out, special);
        } else {
            g_string_append_unichar(out, is_xml(c) ? c : 0xfffd);
        }
    }
}

void markup_attribute(GString *out, const char *name, const char *text)
{
    g_string_append_printf(out, " %s=\"", name);
    markup_text(out, text);
    g_string_append_c(out, '"');
}
