/* SPDX-License-Identifier: MIT */
/* From an event log to PCR values. */
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/eventlog.h"
#include "lib/eventlog_types.h"
#include "lib/reader.h"

static gnutls_digest_algorithm_t gnutls_hash_of(enum evtpm_hash hash)
{
    static const gnutls_digest_algorithm_t map[EVTPM_HASH_COUNT] = {
        [EVTPM_SHA1] = GNUTLS_DIG_SHA1,
        [EVTPM_SHA256] = GNUTLS_DIG_SHA256,
        [EVTPM_SHA384] = GNUTLS_DIG_SHA384,
        [EVTPM_SHA512] = GNUTLS_DIG_SHA512,
    };

    return map[hash];
}

void evtpm_pcrs_reset(struct evtpm_pcrs *pcrs)
{
    memset(pcrs, 0, sizeof(*pcrs));
    for (int pcr = 17; pcr <= 22; pcr++) {
        memset(pcrs->value[pcr], 0xff, sizeof(pcrs->value[pcr]));
    }
}

void evtpm_pcr_extend(struct evtpm_pcrs *pcrs, unsigned pcr,
                      enum evtpm_hash hash, const uint8_t *digest)
{
    size_t size = evtpm_hash_size(hash);
    uint8_t both[2 * 64];

    memcpy(both, pcrs->value[pcr], size);
    memcpy(both + size, digest, size);
    gnutls_hash_fast(gnutls_hash_of(hash), both, 2 * size, pcrs->value[pcr]);
    pcrs->extended |= 1u << pcr;
}

static bool digest_of(enum evtpm_hash hash, const uint8_t *data, size_t size,
                      const uint8_t *digest)
{
    uint8_t own[64];

    return gnutls_hash_fast(gnutls_hash_of(hash), data, size, own) == 0 &&
           memcmp(own, digest, evtpm_hash_size(hash)) == 0;
}

/*
 * The value part of an EFI variable event (GUID, name length u64 in characters,
 * value length u64, name, value): firmware may measure a boot variable's value
 * alone.
 */
static bool variable_value(const struct evtpm_event *event,
                           const uint8_t **value, size_t *size)
{
    struct reader r = { .data = event->data, .size = event->data_size };
    uint32_t name, name_high, bytes, bytes_high;

    reader_bytes(&r, 16);
    name = reader_u32(&r);
    name_high = reader_u32(&r);
    bytes = reader_u32(&r);
    bytes_high = reader_u32(&r);
    if (name_high || bytes_high || name > UINT32_MAX / 2) {
        return false;
    }
    reader_bytes(&r, 2 * (size_t)name);
    *value = reader_bytes(&r, bytes);
    *size = bytes;
    return !r.overrun;
}

/*
 * For some types the profile has the digest taken of the logged data
 * themselves. Then the data are as good as the PCR; a log whose data were
 * altered replays just as well, so this must be looked at.
 */
static bool data_fit(const struct evtpm_event *event, enum evtpm_hash hash)
{
    const uint8_t *value;
    size_t size;

    switch (event->type) {
    case EV_SEPARATOR:
    case EV_S_CRTM_VERSION:
    case EV_EFI_ACTION:
    case EV_EFI_VARIABLE_DRIVER_CONFIG:
        return digest_of(hash, event->data, event->data_size,
                         event->digest[hash]);
    case EV_EFI_VARIABLE_BOOT:
    case EV_EFI_VARIABLE_BOOT2:
        return digest_of(hash, event->data, event->data_size,
                         event->digest[hash]) ||
               (variable_value(event, &value, &size) &&
                digest_of(hash, value, size, event->digest[hash]));
    default:
        return true;
    }
}

static bool is_startup_locality(const struct evtpm_event *event)
{
    return event->pcr == 0 && event->data_size == STARTUP_LOCALITY_SIZE &&
           memcmp(event->data, STARTUP_LOCALITY_SIGNATURE,
                  sizeof(STARTUP_LOCALITY_SIGNATURE)) == 0;
}

int evtpm_eventlog_replay(const struct evtpm_eventlog *log,
                          enum evtpm_hash hash, struct evtpm_pcrs *pcrs,
                          struct evtpm_error *err)
{
    struct evtpm_event event;
    size_t offset = 0;

    evtpm_pcrs_reset(pcrs);
    while (evtpm_eventlog_next(log, &offset, &event)) {
        if (event.type == EV_NO_ACTION) {
            if (is_startup_locality(&event) && !(pcrs->extended & 1)) {
                pcrs->value[0][evtpm_hash_size(hash) - 1] =
                    event.data[STARTUP_LOCALITY_SIZE - 1];
            }
            continue;
        }
        if (!event.digest[hash]) {
            return evtpm_fail(err, "event %u has no %s digest", event.index,
                              evtpm_hash_name(hash));
        }
        if (!data_fit(&event, hash)) {
            return evtpm_fail(err,
                              "event %u (PCR %u, %s): its digest is not that "
                              "of the data it logs",
                              event.index, event.pcr,
                              evtpm_event_type_name(event.type));
        }
        evtpm_pcr_extend(pcrs, event.pcr, hash, event.digest[hash]);
    }
    return 0;
}
