/* SPDX-License-Identifier: MIT */
/* A small vsnprintf(): %s %c %d %u %x with l, z and 0-padded widths, %%. */
#ifndef SVSM_FORMAT_H
#define SVSM_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most @size bytes to @to, always terminated (@size > 0). Returns the
 * length of what was written, without the terminator.
 */
size_t format_text(char *to, size_t size, const char *format, va_list args);

#endif
