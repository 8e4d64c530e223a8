/* SPDX-License-Identifier: MIT */
#include "harness/json_depth.h"

#include <string.h>

/* The last character of a string that starts at `at`, or the text's end. */
static gsize string_end(const char *text, gsize size, gsize at)
{
    for (at++; at < size && text[at] != '"'; at++) {
        if (text[at] == '\\') {
            at++;
        }
    }
    return at;
}

const char *json_depth_refuse(const char *text, gssize length)
{
    gsize size = length < 0 ? strlen(text) : (gsize)length;
    unsigned depth = 0;
    for (gsize i = 0; i < size; i++) {
        char c = text[i];
        if (c == '"') {
            i = string_end(text, size, i);
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX) {
                return "not JSON: nested too deeply";
            }
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (!g_ascii_isalnum(c) && !g_ascii_isspace(c) &&
                   (!c || !strchr(",:.+-", c))) {
            return "not JSON: a character that it does not have";
        }
    }
    return NULL;
}
