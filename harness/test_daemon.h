/* SPDX-License-Identifier: MIT */
/*
 * The daemon of a test run by libvirt: one that is there, or one that is
 * started around the run and of which nothing stays.
 */
#ifndef EVTPM_HARNESS_TEST_DAEMON_H
#define EVTPM_HARNESS_TEST_DAEMON_H

#include "harness/tests.h"

/* Is there a URI: `uri`, or else $LIBVIRT_DEFAULT_URI? */
gboolean test_daemon_given(const char *uri);

/* Connects to the daemon at that URI for as long as this program runs; the
 * tests find it by the variable. */
gboolean test_daemon_use(const char *uri, GError **error);

/*
 * Runs "evtpm test" with the arguments of `argv` again, under
 * tests/e2e/with-libvirtd.sh. Returns its exit status, -1 with an error.
 */
int test_daemon_run(const struct tests *tests, char *const *argv,
                    GError **error);

#endif
