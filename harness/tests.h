/* SPDX-License-Identifier: MIT */
/* The test programs of a build, and running one of them. */
#ifndef EVTPM_HARNESS_TESTS_H
#define EVTPM_HARNESS_TESTS_H

#include "harness/fail.h"
#include "harness/platform.h"

struct test_program {
    char *id;         /* "unit/test-igvm", "guest/pvalidate", "e2e/forget" */
    char *path;       /* program or script */
    char *argument;   /* or NULL */
    gboolean glib;    /* understands -l, -p, -k, --tap */
    GStrv cases;      /* run these only (GLib test paths), NULL: all */
    unsigned timeout; /* seconds */
    char *source;     /* file that it is made from; NULL: not known */
    char *about;      /* what that says it is about; "" when nothing */
    GStrv needs;      /* see needs.h */
};

struct tests {
    char *build; /* directories */
    char *source;
    GPtrArray *programs; /* struct test_program */
};

/* Finds the build directory that this program lies in; tests_load() the tests
 * in it, once built. */
gboolean tests_find(struct tests *tests, GError **error);
gboolean tests_load(struct tests *tests, GError **error);
void tests_clear(struct tests *tests);

/* It is one of those that start VMs, as commands do. */
gboolean tests_is_scenario(const struct test_program *program);

/* Builds them by make; its output is shown if it fails. */
gboolean tests_build(const struct tests *tests, GError **error);

/* The paths of a GLib program's cases in the order in which they run; empty for
 * others. Of strings; free with g_ptr_array_unref. */
GPtrArray *tests_cases(const struct test_program *program);

/* "PATH: WHY" of the cases of a scenario's program that would be skipped, by
 * its own word; the same. */
GPtrArray *tests_skips(const struct test_program *program,
                       enum platform platform);

#endif
