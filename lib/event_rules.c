/* SPDX-License-Identifier: MIT */
/* Rules on the events of a log. */
#include "lib/event_rules.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "lib/eventlog_types.h"
#include "lib/reader.h"

/* Linux include/linux/efi.h: tags of the EFI stub's events */
#define INITRD_EVENT_TAG 0x8f3b22ecu
#define LOAD_OPTIONS_EVENT_TAG 0x8f3b22edu

#define COMMAND_LINE_MAX 4096
#define NAMES_SIZE 100

enum evtpm_event_subject evtpm_event_subject(const struct evtpm_event *event)
{
    struct reader r = { .data = event->data, .size = event->data_size };
    uint32_t tag;

    if (event->type == EV_EFI_BOOT_SERVICES_APPLICATION) {
        return EVTPM_SUBJECT_APPLICATION;
    }
    if (event->type != EV_EVENT_TAG) {
        return EVTPM_SUBJECT_OTHER;
    }
    tag = reader_u32(&r);
    return tag == INITRD_EVENT_TAG         ? EVTPM_SUBJECT_INITRD
           : tag == LOAD_OPTIONS_EVENT_TAG ? EVTPM_SUBJECT_COMMAND_LINE
                                           : EVTPM_SUBJECT_OTHER;
}

const char *evtpm_event_subject_name(enum evtpm_event_subject subject)
{
    static const char *const names[] = {
        [EVTPM_SUBJECT_OTHER] = "event",
        [EVTPM_SUBJECT_APPLICATION] = "kernel or boot loader",
        [EVTPM_SUBJECT_INITRD] = "initrd",
        [EVTPM_SUBJECT_COMMAND_LINE] = "command line",
    };

    return names[subject];
}

/*
 * The replay has checked that the digest of these types is that of the data; so
 * data that are harmless make a digest that is. Only what firmware itself says
 * counts: a boot loader measures its commands as text, and a command can be
 * called an action.
 */
static bool is_firmware_action(const struct evtpm_event *event)
{
    /* TCG PC Client Platform Firmware Profile, EV_EFI_ACTION */
    static const char *const actions[] = {
        "Calling EFI Application from Boot Option",
        "Returning from EFI Application from Boot Option",
        "Exit Boot Services Invocation",
        "Exit Boot Services Returned with Failure",
        "Exit Boot Services Returned with Success",
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (event->data_size == strlen(actions[i]) &&
            memcmp(event->data, actions[i], event->data_size) == 0) {
            return true;
        }
    }
    return false;
}

/* Both values that end a phase without an error */
static bool is_separator(const struct evtpm_event *event)
{
    return event->data_size == 4 &&
           (memcmp(event->data, "\0\0\0\0", 4) == 0 ||
            memcmp(event->data, "\xff\xff\xff\xff", 4) == 0);
}

static bool proves_itself(const struct evtpm_event *event)
{
    return (event->type == EV_SEPARATOR && is_separator(event)) ||
           (event->type == EV_EFI_ACTION && is_firmware_action(event));
}

static bool has_digest(const struct evtpm_event_rule *rule,
                       const uint8_t *digest)
{
    for (size_t i = 0; digest && i < rule->digest_count; i++) {
        if (memcmp(rule->digests[i], digest, 32) == 0) {
            return true;
        }
    }
    return false;
}

static int fail_event(const char *rules, const struct evtpm_event *event,
                      const char *fault, struct evtpm_error *err)
{
    char text[80], hex[65] = "no digest";
    const uint8_t *digest = event->digest[EVTPM_SHA256];

    if (digest) {
        evtpm_hex(hex, sizeof(hex), digest, 32);
    }
    return evtpm_fail(err, "%s: event %u (PCR %u, %s: %s) has digest %s, %s",
                      rules, event->index, event->pcr,
                      evtpm_event_subject_name(evtpm_event_subject(event)),
                      evtpm_event_describe(event, text, sizeof(text)), hex,
                      fault);
}

/* Allowed by any of the PCR's ONLY rules, or there are none; else `names` are
 * theirs. */
static bool allowed(const struct evtpm_event_rule *rules, size_t count,
                    const struct evtpm_event *event, char names[NAMES_SIZE])
{
    size_t used = 0;

    names[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (rules[i].kind != EVTPM_RULE_ONLY || rules[i].pcr != event->pcr) {
            continue;
        }
        if (has_digest(&rules[i], event->digest[EVTPM_SHA256])) {
            return true;
        }
        if (used < NAMES_SIZE) {
            used += (size_t)snprintf(names + used, NAMES_SIZE - used, "%s%s",
                                     used ? ", " : "", rules[i].name);
        }
    }
    return used == 0;
}

static int check_event(const struct evtpm_event *event,
                       const struct evtpm_event_rule *rules, size_t count,
                       bool *met, struct evtpm_error *err)
{
    char names[NAMES_SIZE];

    for (size_t i = 0; i < count; i++) {
        if (rules[i].pcr != event->pcr ||
            !has_digest(&rules[i], event->digest[EVTPM_SHA256])) {
            continue;
        }
        if (rules[i].kind == EVTPM_RULE_FORBID) {
            return fail_event(rules[i].name, event, "which is forbidden", err);
        }
        met[i] = true;
    }
    if (!proves_itself(event) && !allowed(rules, count, event, names)) {
        return fail_event(names, event, "which is not one of those allowed",
                          err);
    }
    return 0;
}

int evtpm_event_rules_check(const struct evtpm_eventlog *log,
                            const struct evtpm_event_rule *rules, size_t count,
                            struct evtpm_error *err)
{
    bool *met = calloc(count ? count : 1, sizeof(*met));
    struct evtpm_event event;
    size_t offset = 0;
    int rc = met ? 0 : evtpm_fail(err, "out of memory");

    while (rc == 0 && evtpm_eventlog_next(log, &offset, &event)) {
        if (event.type != EV_NO_ACTION) {
            rc = check_event(&event, rules, count, met, err);
        }
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (rules[i].kind == EVTPM_RULE_REQUIRE && !met[i]) {
            char hex[65] = "none";

            if (rules[i].digest_count) {
                evtpm_hex(hex, sizeof(hex), rules[i].digests[0], 32);
            }
            rc = evtpm_fail(err, "%s: no event of PCR %u has the digest %s%s",
                            rules[i].name, rules[i].pcr, hex,
                            rules[i].digest_count > 1 ? " or another of those"
                                                      : "");
        }
    }
    free(met);
    return rc;
}

/* Text as ASCII and as UTF-16, each without and with its NUL. */
static bool hash_text(const char *text, uint8_t out[4][32])
{
    static const uint8_t nul[2];
    size_t length = strlen(text);

    for (int form = 0; form < 4; form++) {
        unsigned width = form < 2 ? 1 : 2;
        gnutls_hash_hd_t hash;

        if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
            return false;
        }
        for (size_t i = 0; i < length; i++) {
            const uint8_t c[2] = { (uint8_t)text[i], 0 };

            gnutls_hash(hash, c, width);
        }
        if (form & 1) {
            gnutls_hash(hash, nul, width);
        }
        gnutls_hash_deinit(hash, out[form]);
    }
    return true;
}

int evtpm_command_line_digests(const char *text,
                               uint8_t out[EVTPM_COMMAND_LINE_DIGESTS][32])
{
    static const char word[] = "initrd=initrd";
    char before[COMMAND_LINE_MAX + sizeof(word) + 1];
    char behind[sizeof(before)];
    size_t length = strlen(text);

    if (length > COMMAND_LINE_MAX) {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) {
            return -1;
        }
    }
    snprintf(before, sizeof(before), "%s %s", word, text);
    snprintf(behind, sizeof(behind), "%s %s", text, word);
    return hash_text(text, out) && hash_text(before, out + 4) &&
                   hash_text(behind, out + 8)
               ? 0
               : -1;
}
