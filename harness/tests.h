/* SPDX-License-Identifier: MIT */
/* The test programs of a build, and running one of them. */
#ifndef EVTPM_HARNESS_TESTS_H
#define EVTPM_HARNESS_TESTS_H

#include "harness/fail.h"
#include "harness/tap.h"

struct test_program {
    char *id;         /* "unit/test-igvm", "guest/pvalidate", "e2e/forget" */
    char *path;       /* program or script */
    char *argument;   /* or NULL */
    gboolean glib;    /* understands -l, -p, -k, --tap */
    GStrv cases;      /* run these only (GLib test paths), NULL: all */
    unsigned timeout; /* seconds */
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

/* Builds them by make; its output is shown if it fails. */
gboolean tests_build(const struct tests *tests, GError **error);

/*
 * Keeps what `pattern` names: programs whose id contains it (or matches it as a
 * glob); where there are none, single cases of GLib programs. FALSE when
 * nothing is left.
 */
gboolean tests_filter(struct tests *tests, const char *pattern, GError **error);

/* Runs one program into `tap`; FALSE only when interrupted. */
gboolean tests_run(const struct tests *tests, const struct test_program *p,
                   struct tap *tap, GError **error);

#endif
