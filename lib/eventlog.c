/* SPDX-License-Identifier: MIT */
/* Reading a crypto-agile event log. */
#include "lib/eventlog.h"

#include <string.h>

#include "lib/eventlog_types.h"
#include "lib/reader.h"

#define SPEC_ID_SIGNATURE "Spec ID Event03"
#define HASH_SIZE_MAX 64

static const struct {
    uint16_t id; /* TPM_ALG_ID */
    uint16_t size;
    const char *name;
} hashes[EVTPM_HASH_COUNT] = {
    [EVTPM_SHA1] = { 0x0004, 20, "sha1" },
    [EVTPM_SHA256] = { 0x000b, 32, "sha256" },
    [EVTPM_SHA384] = { 0x000c, 48, "sha384" },
    [EVTPM_SHA512] = { 0x000d, 64, "sha512" },
};

size_t evtpm_hash_size(enum evtpm_hash hash)
{
    return hashes[hash].size;
}

const char *evtpm_hash_name(enum evtpm_hash hash)
{
    return hashes[hash].name;
}

static int known_hash(uint16_t id)
{
    for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
        if (hashes[i].id == id) {
            return i;
        }
    }
    return -1;
}

/* The first event is in the old SHA-1 form: PCR 0, EV_NO_ACTION, 20 zero bytes,
 * Spec ID. */
static int read_spec_id(struct evtpm_eventlog *log, struct reader *event,
                        struct evtpm_error *err)
{
    const uint8_t *signature = reader_bytes(event, 16);

    if (!signature || memcmp(signature, SPEC_ID_SIGNATURE, 16) != 0) {
        return evtpm_fail(err, "event log: not in the crypto-agile format");
    }
    reader_bytes(event,
                 4 + 4); /* platform class; version, errata, UINTN size */
    log->algorithm_count = reader_u32(event);
    if (event->overrun) {
        return evtpm_fail(err, "event log: header is cut short");
    }
    if (log->algorithm_count == 0 ||
        log->algorithm_count > EVTPM_EVENTLOG_ALGORITHMS_MAX) {
        return evtpm_fail(err, "event log: header names %u algorithms",
                          log->algorithm_count);
    }
    for (unsigned i = 0; i < log->algorithm_count; i++) {
        uint16_t id = reader_u16(event), size = reader_u16(event);
        int hash = known_hash(id);

        if (event->overrun) {
            break;
        }
        if (size == 0 || size > HASH_SIZE_MAX ||
            (hash >= 0 && hashes[hash].size != size)) {
            return evtpm_fail(err,
                              "event log: header gives algorithm %#x a digest "
                              "of %u bytes",
                              id, size);
        }
        log->algorithm[i].id = id;
        log->algorithm[i].size = size;
    }
    reader_bytes(event, reader_u8(event)); /* vendor's */
    return event->overrun ? evtpm_fail(err, "event log: header is cut short")
                          : 0;
}

static int read_header(struct evtpm_eventlog *log, struct reader *r,
                       struct evtpm_error *err)
{
    uint32_t pcr = reader_u32(r), type = reader_u32(r);
    struct reader event = { 0 };
    uint32_t size;

    reader_bytes(r, 20);
    size = reader_u32(r);
    event.data = reader_bytes(r, size);
    event.size = size;
    if (!event.data) {
        return evtpm_fail(err, "event log: header is cut short");
    }
    if (pcr != 0 || type != EV_NO_ACTION) {
        return evtpm_fail(err, "event log: not in the crypto-agile format");
    }
    return read_spec_id(log, &event, err);
}

static size_t digest_size(const struct evtpm_eventlog *log, uint16_t id)
{
    for (unsigned i = 0; i < log->algorithm_count; i++) {
        if (log->algorithm[i].id == id) {
            return log->algorithm[i].size;
        }
    }
    return 0;
}

/* Returns NULL, or what is wrong with the event. */
static const char *read_event(const struct evtpm_eventlog *log,
                              struct reader *r, struct evtpm_event *event)
{
    uint32_t count;

    event->pcr = reader_u32(r);
    event->type = reader_u32(r);
    count = reader_u32(r);
    memset(event->digest, 0, sizeof(event->digest));
    if (!r->overrun && event->pcr >= EVTPM_PCR_COUNT) {
        return "PCR does not exist";
    }
    if (!r->overrun && count > log->algorithm_count) {
        return "more digests than the header names algorithms";
    }
    for (uint32_t i = 0; i < count && !r->overrun; i++) {
        uint16_t id = reader_u16(r);
        size_t size = digest_size(log, id);
        int hash = known_hash(id);
        const uint8_t *digest;

        if (r->overrun) {
            break;
        }
        if (size == 0) {
            return "digest of an algorithm that the header does not name";
        }
        digest = reader_bytes(r, size);
        if (hash >= 0 && event->digest[hash]) {
            return "two digests of one algorithm";
        }
        if (hash >= 0) {
            event->digest[hash] = digest;
        }
    }
    event->data_size = reader_u32(r);
    event->data = reader_bytes(r, event->data_size);
    return r->overrun ? "cut short" : NULL;
}

int evtpm_eventlog_open(struct evtpm_eventlog *log, const void *data,
                        size_t size, struct evtpm_error *err)
{
    struct reader r = { .data = data, .size = size };
    struct evtpm_event event;

    memset(log, 0, sizeof(*log));
    if (size == 0) {
        return evtpm_fail(err, "event log: empty");
    }
    if (read_header(log, &r, err) < 0) {
        return -1;
    }
    log->data = data;
    log->size = size;
    log->first = r.at;
    while (r.at < size) {
        size_t start = r.at;
        const char *fault = read_event(log, &r, &event);

        if (fault) {
            return evtpm_fail(err, "event log: event %u at offset %zu: %s",
                              log->count, start, fault);
        }
        log->count++;
    }
    return 0;
}

bool evtpm_eventlog_next(const struct evtpm_eventlog *log, size_t *offset,
                         struct evtpm_event *event)
{
    struct reader r = { .data = log->data, .size = log->size, .at = *offset };

    if (*offset == 0) {
        r.at = log->first;
        event->index = 0;
    } else {
        event->index++;
    }
    if (r.at >= log->size) {
        return false;
    }
    read_event(log, &r,
               event); /* cannot fail: evtpm_eventlog_open() went over it */
    *offset = r.at;
    return true;
}
