/* SPDX-License-Identifier: MIT */
/* Messages on descriptor 2, without stdio: they work when memory does not. */
#include <string.h>
#include <unistd.h>

#include "svsm/vtpm/log.h"

void vtpm_log(const char *message)
{
    static const char name[] = "evtpm-vtpm: ";
    char line[160];
    size_t length = strlen(message);

    if (length > sizeof(line) - sizeof(name)) {
        length = sizeof(line) - sizeof(name);
    }
    memcpy(line, name, sizeof(name) - 1);
    memcpy(line + sizeof(name) - 1, message, length);
    line[sizeof(name) - 1 + length] = '\n';
    /* A lost message is no reason to fail. */
    if (write(2, line, sizeof(name) + length) < 0) {
        return;
    }
}

void vtpm_die(const char *message)
{
    vtpm_log(message);
    _exit(1);
}
