/* SPDX-License-Identifier: MIT */
/*
 * Links about what the policy wants PCRs and logs to say. The links before them
 * have shown that PCRs and logs are the TPM's. What the policy asks for and
 * cannot be looked at has failed, it is not skipped.
 */
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/verify_priv.h"

#define BOOT_AGGREGATE "boot_aggregate"
#define BOOT_AGGREGATE_PCRS 10

static bool check_pcr(const struct verification *v, uint32_t quoted,
                      const struct evtpm_pcr_rule *rule,
                      struct evtpm_link_result *r)
{
    const uint8_t *seen = v->evidence->pcr[rule->pcr];
    char hex[65];

    if (!(quoted & 1u << rule->pcr)) {
        link_fail(r, "the quote leaves out PCR %u, which the policy restricts",
                  rule->pcr);
        return false;
    }
    for (size_t i = 0; i < rule->value_count; i++) {
        if (memcmp(seen, rule->values[i], 32) == 0) {
            return true;
        }
    }
    evtpm_hex(r->seen, sizeof(r->seen), seen, 32);
    link_wanted(r, "%s%s",
                rule->value_count
                    ? evtpm_hex(hex, sizeof(hex), rule->values[0], 32)
                    : "nothing",
                rule->value_count > 1 ? " or another of those" : "");
    link_fail(r, "PCR %u: seen %s, wanted %s", rule->pcr, r->seen, r->wanted);
    return false;
}

void link_pcr_values(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;
    uint32_t quoted;

    if (!p->pcr_rule_count) {
        link_skip(r, "the policy restricts no PCR's value");
        return;
    }
    if (!quoted_pcrs(v, &quoted)) {
        link_fail(r, "the quote's PCRs are unreadable");
        return;
    }
    for (size_t i = 0; i < p->pcr_rule_count; i++) {
        if (p->pcr_rules[i].pcr >= EVTPM_PCR_COUNT) {
            link_fail(r, "PCR %u does not exist", p->pcr_rules[i].pcr);
            return;
        }
        if (!check_pcr(v, quoted, &p->pcr_rules[i], r)) {
            return;
        }
    }
    link_seen(r, "%zu PCRs with values allowed", p->pcr_rule_count);
    link_wanted(r, "values of the policy in %zu PCRs", p->pcr_rule_count);
    link_pass(r, "%zu PCRs have values of the policy", p->pcr_rule_count);
}

/* A rule about a PCR that the quote leaves out, or that no log need explain,
 * would be about nothing. */
static bool rules_apply(const struct verification *v, uint32_t quoted,
                        struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;

    for (size_t i = 0; i < p->event_rule_count; i++) {
        unsigned pcr = p->event_rules[i].pcr;

        if (pcr >= EVTPM_PCR_COUNT || !(quoted & 1u << pcr) ||
            p->free_pcrs & 1u << pcr) {
            link_fail(r, "%s: the quoted log does not cover PCR %u",
                      p->event_rules[i].name, pcr);
            return false;
        }
    }
    return true;
}

void link_event_rules(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_policy *p = v->policy;
    struct evtpm_eventlog log;
    struct evtpm_error err;
    struct evtpm_pcrs pcrs;
    uint32_t quoted;

    if (!p->event_rule_count) {
        link_skip(r, "the policy has no rules on events");
        return;
    }
    if (!quoted_pcrs(v, &quoted) ||
        replay_event_log(v, &log, &pcrs, &err) < 0) {
        link_fail(r, "the event log does not replay to the quoted PCRs");
        return;
    }
    if (!rules_apply(v, quoted, r)) {
        return;
    }
    link_wanted(r, "%zu rules met", p->event_rule_count);
    if (evtpm_event_rules_check(&log, p->event_rules, p->event_rule_count,
                                &err) < 0) {
        link_seen(r, "%s", err.text);
        link_fail(r, "%s", err.text);
        return;
    }
    link_seen(r, "%zu rules met by %u events", p->event_rule_count, log.count);
    link_pass(r, "%zu rules met by %u events", p->event_rule_count, log.count);
}

/* IMA's first entry stands for what was there before Linux: SHA-256 over PCRs 0
 * to 9, which are in the quote. */
static bool is_boot_aggregate(const struct verification *v, uint32_t quoted,
                              const struct evtpm_ima_entry *entry)
{
    const uint32_t needed = (1u << BOOT_AGGREGATE_PCRS) - 1;
    uint8_t own[32];

    return entry->number == 0 &&
           entry->path_size == sizeof(BOOT_AGGREGATE) - 1 &&
           memcmp(entry->path, BOOT_AGGREGATE, entry->path_size) == 0 &&
           (quoted & needed) == needed &&
           gnutls_hash_fast(GNUTLS_DIG_SHA256, v->evidence->pcr,
                            BOOT_AGGREGATE_PCRS * 32, own) == 0 &&
           memcmp(own, entry->digest, 32) == 0;
}

static bool check_file(const struct verification *v, uint32_t quoted,
                       const struct evtpm_ima_entry *entry,
                       struct evtpm_link_result *r)
{
    char path[160], hex[65];

    evtpm_ima_path(entry, path, sizeof(path));
    if (entry->violation) {
        link_fail(r, "entry %u (%s) was written while it was measured",
                  entry->number, path);
    } else if (!entry->path) {
        link_fail(r, "entry %u names no file", entry->number);
    } else if (entry->digest_size != 32 || entry->algorithm_size != 6 ||
               memcmp(entry->algorithm, "sha256", 6) != 0) {
        link_fail(r, "entry %u (%s) has no SHA-256 digest", entry->number,
                  path);
    } else if (!evtpm_allow_list_has(v->policy->ima_files, entry->digest) &&
               !is_boot_aggregate(v, quoted, entry)) {
        link_seen(r, "%s %s", evtpm_hex(hex, sizeof(hex), entry->digest, 32),
                  path);
        link_fail(r, "entry %u: %s (%s) is not on the allow-list",
                  entry->number, path, hex);
    } else {
        return true;
    }
    return false;
}

/* The event log must leave PCR 10 alone: what it claims there would be taken
 * out of the list and so out of this link's sight. */
static bool list_is_whole(struct verification *v, uint32_t *quoted,
                          struct evtpm_link_result *r)
{
    struct evtpm_eventlog log;
    struct evtpm_error err;
    struct evtpm_pcrs pcrs;

    if (!v->evidence->ima_log.size) {
        link_fail(r, "the policy has an allow-list, the evidence no IMA list");
        return false;
    }
    if (!quoted_pcrs(v, quoted)) {
        link_fail(r, "the quote's PCRs are unreadable");
        return false;
    }
    if (!(*quoted & 1u << EVTPM_IMA_PCR)) {
        link_fail(r,
                  "the policy has an allow-list, the quote leaves out "
                  "PCR %d",
                  EVTPM_IMA_PCR);
        return false;
    }
    if (!v->ima_replayed || replay_event_log(v, &log, &pcrs, &err) < 0) {
        link_fail(r, "the IMA list does not replay to PCR %d", EVTPM_IMA_PCR);
        return false;
    }
    if (!v->ima_count) {
        link_fail(r, "the policy has an allow-list, IMA measured nothing");
        return false;
    }
    if (pcrs.extended & 1u << EVTPM_IMA_PCR) {
        link_fail(r, "the firmware's log has events of PCR %d, which is IMA's",
                  EVTPM_IMA_PCR);
        return false;
    }
    return true;
}

void link_ima_files(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *list = &v->evidence->ima_log;
    struct evtpm_ima_entry entry = { 0 };
    struct evtpm_error err;
    size_t offset = 0;
    uint32_t quoted;

    if (!v->policy->ima_files) {
        link_skip(r, "the policy has no allow-list");
        return;
    }
    link_wanted(r, "files of the %zu digests allowed",
                v->policy->ima_files->count);
    if (!list_is_whole(v, &quoted, r)) {
        return;
    }
    for (uint32_t i = 0; i < v->ima_count; i++) {
        if (evtpm_ima_next(list->data, list->size, &offset, &entry, &err) <=
            0) {
            link_fail(r, "%s", err.text);
            return;
        }
        if (!check_file(v, quoted, &entry, r)) {
            return;
        }
    }
    link_seen(r, "%u files, all allowed", v->ima_count);
    link_pass(r, "%u files, all on the allow-list", v->ima_count);
}
