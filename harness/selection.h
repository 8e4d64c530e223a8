/* SPDX-License-Identifier: MIT */
/* Which tests run, and in which order. */
#ifndef EVTPM_HARNESS_SELECTION_H
#define EVTPM_HARNESS_SELECTION_H

#include "harness/tests.h"

/* One run of one program. */
struct test_run {
    const struct test_program *program;
    unsigned round; /* from 1, of `rounds` */
    unsigned rounds;
    const char *command; /* that ran it, without what it names; NULL:
                            "./evtpm test" */
};

/*
 * Keeps what any of `patterns` names. A pattern is the id of a program; else
 * part of ids, or a glob over them; else, where it names no program, part of
 * the paths of GLib cases or a glob over them. "ID:PATH" names one case, or all
 * below it. A pattern that names nothing is an error. No patterns: all.
 */
gboolean selection_filter(struct tests *tests, const char *const *patterns,
                          GError **error);

/* Keeps the scenarios: the other tests start no VM of a backend. */
void selection_scenarios(struct tests *tests);

/* All programs, each `rounds` times, as an array of struct test_run. */
GArray *selection_runs(const struct tests *tests, unsigned rounds);

/* Brings runs into an order that depends on the seed alone. */
void selection_shuffle(GArray *runs, guint64 seed);

/* A number, or "random": picked from the clock and the process id. */
gboolean selection_seed(const char *text, guint64 *seed, GError **error);

/* The pattern that names this case alone, or its program. Free with g_free. */
char *selection_name(const struct test_program *program, const char *case_name);

#endif
