/* SPDX-License-Identifier: MIT */
/* Where tests ran, for reports: machine, system, versions of what was used. */
#ifndef EVTPM_HARNESS_ENVIRONMENT_H
#define EVTPM_HARNESS_ENVIRONMENT_H

#include <json-glib/json-glib.h>

/* An object of strings, in the order in which people want to read them. What
 * cannot be found out is left out. */
JsonObject *environment_collect(void);

#endif
