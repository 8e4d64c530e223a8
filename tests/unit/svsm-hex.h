/* SPDX-License-Identifier: MIT */
/* Test vectors as text: hexadecimal to bytes. */
#ifndef TESTS_SVSM_HEX_H
#define TESTS_SVSM_HEX_H

#include <glib.h>

/* Bytes of @hex into @to, which has @room; returns their number. */
static inline gsize hex_bytes(const char *hex, guint8 *to, gsize room)
{
    gsize n = 0;

    for (; hex[0] && hex[1]; hex += 2) {
        g_assert_cmpuint(n, <, room);
        to[n++] = (guint8)(g_ascii_xdigit_value(hex[0]) << 4 |
                           g_ascii_xdigit_value(hex[1]));
    }
    g_assert_cmpint(hex[0], ==, '\0');
    return n;
}

#endif
