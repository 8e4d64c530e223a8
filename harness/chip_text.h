/* SPDX-License-Identifier: MIT */
/* Emulated processors in words: TCB lists on command lines, descriptions. */
#ifndef EVTPM_HARNESS_CHIP_TEXT_H
#define EVTPM_HARNESS_CHIP_TEXT_H

#include "harness/fail.h"
#include "lib/report.h"

/*
 * "snp=25,microcode=220" into the components that it names; those that it does
 * not name stay as they are.
 */
gboolean chip_parse_tcb(const char *text, enum snp_product product,
                        struct snp_tcb *tcb, GError **error);

/* A chip directory in lines for people; free with g_free. */
char *chip_describe(const char *dir, GError **error);
/* The same as one JSON object. */
char *chip_describe_json(const char *dir, GError **error);

#endif
