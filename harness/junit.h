/* SPDX-License-Identifier: MIT */
/* JUnit's XML, as CI servers read it. */
#ifndef EVTPM_HARNESS_JUNIT_H
#define EVTPM_HARNESS_JUNIT_H

#include <json-glib/json-glib.h>

/*
 * From the document of results.h: a test suite for each run of a program, a
 * test case for each of its cases. A run that is not complete has a suite
 * "evtpm" with an error in it, so that it cannot pass for success. Free with
 * g_free.
 */
char *junit_text(JsonObject *results);

#endif
