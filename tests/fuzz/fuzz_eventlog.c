/* SPDX-License-Identifier: MIT */
/* Event logs, and IMA's list in what follows them: all events of an accepted
 * log lie within it. */
#include <stdlib.h>
#include <string.h>

#include "lib/eventlog.h"
#include "lib/ima.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/log-sample.h"

static void check_within(const struct evtpm_eventlog *log, const uint8_t *at,
                         size_t size)
{
    if (at < log->data || at > log->data + log->size ||
        size > (size_t)(log->data + log->size - at)) {
        abort();
    }
}

static void walk(const struct evtpm_eventlog *log)
{
    struct evtpm_event event;
    size_t offset = 0;
    char text[100];
    uint32_t n = 0;

    while (evtpm_eventlog_next(log, &offset, &event)) {
        check_within(log, event.data, event.data_size);
        for (int i = 0; i < EVTPM_HASH_COUNT; i++) {
            if (event.digest[i]) {
                check_within(log, event.digest[i], evtpm_hash_size(i));
            }
        }
        evtpm_event_describe(&event, text, sizeof(text));
        for (const char *c = text; *c; c++) {
            if (*c < 0x20 || *c > 0x7e) {
                abort();
            }
        }
        n++;
    }
    if (n != log->count) {
        abort();
    }
}

/* First byte: 0 an event log, else an IMA list. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t never[32] = { 1 };
    struct evtpm_eventlog log;
    struct evtpm_error err = { "" };
    struct evtpm_pcrs pcrs;
    uint32_t count;

    if (size == 0) {
        return 0;
    }
    if (data[0] != 0) {
        evtpm_pcrs_reset(&pcrs);
        evtpm_ima_replay(data + 1, size - 1, &pcrs, never, &count, &err);
        return 0;
    }
    if (evtpm_eventlog_open(&log, data + 1, size - 1, &err) < 0) {
        if (err.text[0] == '\0') {
            abort();
        }
        return 0;
    }
    walk(&log);
    for (int hash = 0; hash < EVTPM_HASH_COUNT; hash++) {
        evtpm_eventlog_replay(&log, hash, &pcrs, NULL);
    }
    return 0;
}

static void add(uint8_t kind, GByteArray *bytes)
{
    g_byte_array_prepend(bytes, &kind, 1);
    fuzz_add(bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

void fuzz_corpus(void)
{
    static const unsigned banks[] = { 1u << EVTPM_SHA256,
                                      (1u << EVTPM_HASH_COUNT) - 1 };
    GByteArray *bytes;

    for (size_t i = 0; i < G_N_ELEMENTS(banks); i++) {
        bytes = g_byte_array_new();
        log_header(bytes, banks[i]);
        log_firmware(bytes, banks[i]);
        add(0, bytes);
    }
    bytes = g_byte_array_new();
    ima_entry(bytes, 10, "/usr/bin/init", FALSE);
    ima_entry(bytes, 10, "/usr/bin/other", TRUE);
    add(1, bytes);
}
