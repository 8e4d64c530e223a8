/* SPDX-License-Identifier: MIT */
/* The one way to stop: a message, then the GHCB termination request. */
#include "svsm/term.h"

#include <stdarg.h>
#include <stdbool.h>

#include "evtpm/ghcb.h"
#include "svsm/console.h"
#include "svsm/cpu.h"
#include "svsm/format.h"
#include "svsm/ghcb.h"

void fatal(enum svsm_term code, const char *format, ...)
{
    static bool entered;
    char reason[160];
    va_list args;

    /* Once: printing itself may be what failed */
    if (!__atomic_test_and_set(&entered, __ATOMIC_RELAXED)) {
        console_break_lock();
        va_start(args, format);
        format_text(reason, sizeof(reason), format, args);
        va_end(args);
        console_printf("fatal: %s (termination %x:%02x)\n", reason,
                       GHCB_TERM_SET_EVTPM, code);
    }
    ghcb_terminate(GHCB_TERM_SET_EVTPM, code);
}
