/* SPDX-License-Identifier: MIT */
/* Fatal stops: reason codes of the GHCB termination, set GHCB_TERM_SET_EVTPM. */
#ifndef SVSM_TERM_H
#define SVSM_TERM_H

#include <stdint.h>

enum svsm_term {
    SVSM_TERM_BUG = 0x00,          /* an assertion of the kernel */
    SVSM_TERM_NOT_SNP = 0x01,      /* SEV_STATUS lacks SNP */
    SVSM_TERM_NOT_VMPL0 = 0x02,    /* RMPADJUST probe refused */
    SVSM_TERM_GHCB_PROTOCOL = 0x03, /* version 2 or features missing */
    SVSM_TERM_GHCB_REGISTER = 0x04, /* GHCB GPA refused */
    SVSM_TERM_GHCB_ANSWER = 0x05,  /* malformed answer of the host */
    SVSM_TERM_PSC = 0x06,          /* page state change refused */
    SVSM_TERM_PVALIDATE = 0x07,    /* own or firmware memory */
    SVSM_TERM_RMPADJUST = 0x08,
    SVSM_TERM_BOOT_INFO = 0x09,    /* not the layout this kernel knows */
    SVSM_TERM_CPUID = 0x0a,        /* CPUID page unusable */
    SVSM_TERM_MEMORY_MAP = 0x0b,
    SVSM_TERM_NO_MEMORY = 0x0c,
    SVSM_TERM_EXCEPTION = 0x0d,    /* in the kernel itself */
    SVSM_TERM_ENTROPY = 0x0e,      /* RDSEED and RDRAND failed */
    SVSM_TERM_AP_CREATION = 0x0f,  /* host refused a VMSA */
    SVSM_TERM_RUN_VMPL = 0x10,     /* host refused to run the guest */
};

/*
 * Prints the reason and ends the VM. Works at any time: before the console
 * exists the code alone reaches the host.
 */
void fatal(enum svsm_term code, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

#define svsm_assert(condition)                                             \
    do {                                                                   \
        if (!(condition)) {                                                \
            fatal(SVSM_TERM_BUG, "%s:%d: %s", __FILE__, __LINE__, #condition); \
        }                                                                  \
    } while (0)

#endif
