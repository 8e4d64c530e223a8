/* SPDX-License-Identifier: MIT */
/*
 * "PROGRAM -l" prints the paths of a program's cases, which evtpm test asks all
 * programs for when it is given a part of a path. What cases need is not made
 * for that: keys of chips cost seconds.
 */
#ifndef EVTPM_TESTS_ONLY_LISTS_H
#define EVTPM_TESTS_ONLY_LISTS_H

#include <glib.h>
#include <string.h>

/* To be asked before g_test_init(), which takes the option away. */
static inline gboolean only_lists(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-l") == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

#endif
