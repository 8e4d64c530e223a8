/* SPDX-License-Identifier: MIT */
/*
 * The firmware's event log: crypto-agile format of the TCG PC Client Platform Firmware Profile
 * (TCG_PCClientPCREvent "Spec ID Event03", then TCG_PCR_EVENT2). evtpm_eventlog_open() checks the
 * whole log once; what it accepts can be iterated without further failure. Nothing is copied.
 */
#ifndef EVTPM_LIB_EVENTLOG_H
#define EVTPM_LIB_EVENTLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"
#include "lib/evidence.h"

enum evtpm_hash {
    EVTPM_SHA1,
    EVTPM_SHA256,
    EVTPM_SHA384,
    EVTPM_SHA512,
    EVTPM_HASH_COUNT,
};
size_t evtpm_hash_size(enum evtpm_hash hash);
const char *evtpm_hash_name(enum evtpm_hash hash); /* "sha256" */

#define EVTPM_EVENTLOG_ALGORITHMS_MAX 8

struct evtpm_eventlog {
    const uint8_t *data; /* the caller's; must outlive the iteration */
    size_t size;
    size_t first; /* offset of the first event after the header event */
    uint32_t count;
    struct {
        uint16_t id; /* TPM_ALG_ID */
        uint16_t size;
    } algorithm[EVTPM_EVENTLOG_ALGORITHMS_MAX];
    unsigned algorithm_count;
};

struct evtpm_event {
    uint32_t index; /* from 0, the header event not counted */
    uint32_t pcr;
    uint32_t type;
    const uint8_t *digest[EVTPM_HASH_COUNT]; /* NULL: no such bank in this event */
    const uint8_t *data;
    uint32_t data_size;
};

/* Returns 0, or -1 with the event and offset at fault. */
int evtpm_eventlog_open(struct evtpm_eventlog *log, const void *data,
                        size_t size, struct evtpm_error *err);

/* Start with *offset = 0; false at the end. */
bool evtpm_eventlog_next(const struct evtpm_eventlog *log, size_t *offset,
                         struct evtpm_event *event);

struct evtpm_pcrs {
    uint32_t extended; /* bit n: at least one event extended PCR n */
    uint8_t value[EVTPM_PCR_COUNT][64];
};

/* A bank as after TPM reset: zeros, PCRs 17 to 22 ones. */
void evtpm_pcrs_reset(struct evtpm_pcrs *pcrs);
void evtpm_pcr_extend(struct evtpm_pcrs *pcrs, unsigned pcr,
                      enum evtpm_hash hash, const uint8_t *digest);

/*
 * Repeats the log on a bank: the startup locality event sets PCR 0's first value, other
 * EV_NO_ACTION events extend nothing. -1 when an event lacks the bank or its digest is not that of
 * the data it logs (for the types where the profile says that it is).
 */
int evtpm_eventlog_replay(const struct evtpm_eventlog *log,
                          enum evtpm_hash hash, struct evtpm_pcrs *pcrs,
                          struct evtpm_error *err);

/* "EV_SEPARATOR"; NULL for an unknown type. */
const char *evtpm_event_type_name(uint32_t type);
/* What the event's data say, one printable line, cut to fit; returns `out`. */
char *evtpm_event_describe(const struct evtpm_event *event, char *out,
                           size_t size);
/* One line an event: number, PCR, type, start of the SHA-256 digest, description. */
void evtpm_eventlog_print(const struct evtpm_eventlog *log, FILE *to);

#endif
