/*
 * GHCB requests as a hypervisor reads them (AMD 56421), nothing of the machine
 *
 * Everything in a GHCB is hostile: the functions work on a private copy and
 * answer with the error that the protocol has for what they refuse. Knows
 * nothing of QEMU, so that a host test can drive it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef TARGET_I386_SNP_GHCB_DECODE_H
#define TARGET_I386_SNP_GHCB_DECODE_H

#include <glib.h>
#include <stdbool.h>

#include "evtpm/ghcb.h"
#include "evtpm/snp.h"

/* First byte and end of the area of a GHCB that sw_scratch may point to. */
#define GHCB_SCRATCH_START 0x800
#define GHCB_SCRATCH_END (GHCB_SCRATCH_START + GHCB_BUFFER_SIZE)

/* valid_bitmap of @ghcb says that the qword at 8 * @bit was supplied. */
bool ghcb_is_valid(const struct ghcb *ghcb, unsigned bit);
void ghcb_set_valid(struct ghcb *ghcb, unsigned bit);

/*
 * Whether the request in @ghcb has what its exit code needs. Only usage, the
 * bitmap and reserved bits are looked at; values are checked where they are
 * used. Returns 0 or GHCB_ERR_*.
 */
unsigned ghcb_check(const struct ghcb *ghcb);

/*
 * @len bytes at sw_scratch lie in the shared buffer of the GHCB at
 * @ghcb_gpa: stores their offset in the page. Returns 0 or GHCB_ERR_*.
 */
unsigned ghcb_scratch(const struct ghcb *ghcb, uint64_t ghcb_gpa,
                      uint64_t len, unsigned *offset);

typedef struct GhcbIo {
    uint16_t port;
    uint8_t size;          /* 1, 2 or 4 bytes */
    bool in;
    bool string;
    uint32_t count;        /* elements; 1 unless string */
} GhcbIo;

/* Decode an IOIO request. Returns 0 or GHCB_ERR_*. */
unsigned ghcb_decode_io(const struct ghcb *ghcb, GhcbIo *io);

/* An IPI by an x2APIC ICR */
typedef struct GhcbIpi {
    uint8_t vector;        /* 0: NMI */
    bool logical;
    uint8_t shorthand;     /* GHCB_ICR_*, 0: destination */
    uint32_t destination;
} GhcbIpi;

/* Decode an #HV IPI request. Returns 0 or GHCB_ERR_*. */
unsigned ghcb_decode_icr(uint64_t icr, GhcbIpi *ipi);
/* Does it go to the vCPU with @apic_id? @self: that one sends it. */
bool ghcb_ipi_reaches(const GhcbIpi *ipi, uint32_t apic_id, bool self);

/*
 * The first word of an #HV doorbell page when @vector (0: none) and maybe an
 * NMI are signalled in it; *raise tells whether #HV goes with it.
 */
uint16_t hv_events_add(uint16_t word, uint8_t vector, bool nmi, bool *raise);

/* Sets of vectors; the highest member, or -1. */
int vectors_highest(const uint32_t set[8]);
void vectors_add(uint32_t set[8], uint8_t vector);
void vectors_remove(uint32_t set[8], uint8_t vector);
bool vectors_has(const uint32_t set[8], uint8_t vector);

/*
 * Entries [cur, end] of a page state change list that lies at @offset in
 * the GHCB page. Returns false if the header is bad.
 */
bool ghcb_psc_header_ok(const struct ghcb_psc_hdr *hdr, unsigned offset);

typedef struct GhcbPsc {
    uint64_t gpa;
    unsigned op;           /* GHCB_PSC_* */
    bool large;
    unsigned done;         /* 4K pages of a large entry already converted */
} GhcbPsc;

/* Decode one entry; false if it is malformed. */
bool ghcb_decode_psc(uint64_t entry, GhcbPsc *psc);
/* The entry when it was carried out. */
uint64_t ghcb_psc_done(uint64_t entry);

/* sw_exit_info_2 of a page state change */
#define GHCB_PSC_ERR_HEADER ((1ull << 32) | 1)
#define GHCB_PSC_ERR_ENTRY ((1ull << 32) | 2)
#define GHCB_PSC_ERR_GENERIC (0x100ull << 32)

/* The exception of an answer: sw_exit_info_2 with GHCB_RESULT_EXCEPTION */
#define GHCB_EXCEPTION_GP ((1ull << 31) | (1ull << 11) | (3ull << 8) | 13)
#define GHCB_EXCEPTION_UD ((1ull << 31) | (3ull << 8) | 6)

/* A name for traces and messages; "unknown" for other codes. */
const char *ghcb_event_name(uint64_t exit_code);

#endif
