/* SPDX-License-Identifier: MIT */
/* json-glib follows nested arrays and objects by recursion, without a limit
 * before 1.8: to be asked before it parses what others wrote. */
#ifndef EVTPM_HARNESS_JSON_DEPTH_H
#define EVTPM_HARNESS_JSON_DEPTH_H

#include <glib.h>

#define JSON_DEPTH_MAX 32

/*
 * NULL when nothing in the text is nested deeper than JSON_DEPTH_MAX, else why
 * it must not be parsed: "not JSON: nested too deeply". size -1: a string.
 * Text with other characters than JSON has outside of strings is refused too:
 * json-glib takes comments, whose quotes and brackets do not count.
 */
const char *json_depth_refuse(const char *text, gssize size);

#endif
