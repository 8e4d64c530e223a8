/* SPDX-License-Identifier: MIT */
/* Lines for people on serial port 0x3f8, each with the prefix "[SVSM] ". */
#ifndef SVSM_CONSOLE_H
#define SVSM_CONSOLE_H

#include <stddef.h>

/* From now on the GHCB of each vCPU carries the output; before, it is dropped.
 */
void console_init(void);

/* Formats as format.h says. */
void console_printf(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* For a fatal stop: from now on no lock is taken, its owner may be the caller.
 */
void console_break_lock(void);

/* Text of the vTPM program; what cannot be printed becomes a dot. */
void console_vtpm(const char *text, size_t size);

#endif
