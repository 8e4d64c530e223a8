/* SPDX-License-Identifier: MIT */
/* A list of files that may run: SHA-256 digests, as sha256sum prints them. */
#ifndef EVTPM_LIB_ALLOW_LIST_H
#define EVTPM_LIB_ALLOW_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct evtpm_allow_list {
    uint8_t (*digests)[32]; /* sorted once evtpm_allow_list_add() returned */
    size_t count;
};

/*
 * Adds the lines of a text: 64 hex digits, blanks, a path, which is for readers and may be
 * missing: a file is known by its contents. Empty lines and those that begin with '#' say
 * nothing. Returns 0, or -1 with the number of the line at fault; the list is then as it was.
 */
int evtpm_allow_list_add(struct evtpm_allow_list *list, const char *text,
                         size_t size, struct evtpm_error *err);

bool evtpm_allow_list_has(const struct evtpm_allow_list *list,
                          const uint8_t digest[32]);

void evtpm_allow_list_clear(struct evtpm_allow_list *list);

#endif
