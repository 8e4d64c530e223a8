/* SPDX-License-Identifier: MIT */
/* Links from the quote's PCR digest to the logs that explain it. */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "lib/eventlog.h"
#include "lib/verify_priv.h"

bool quoted_pcrs(const struct verification *v, uint32_t *mask)
{
    const TPML_PCR_SELECTION *list;
    const TPMS_PCR_SELECTION *select;

    *mask = 0;
    if (!v->has_attest || v->attest.type != TPM2_ST_ATTEST_QUOTE) {
        return false;
    }
    list = &v->attest.attested.quote.pcrSelect;
    select = &list->pcrSelections[0];
    if (list->count != 1 || select->hash != TPM2_ALG_SHA256) {
        return false;
    }
    for (unsigned i = 0; i < select->sizeofSelect && i < 4; i++) {
        *mask |= (uint32_t)select->pcrSelect[i] << (8 * i);
    }
    return *mask < 1u << EVTPM_PCR_COUNT;
}

/* "0,1,2,5" */
static char *format_mask(uint32_t mask, char out[96])
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < 32 && used < 90; i++) {
        if (mask & 1u << i) {
            used += (size_t)snprintf(out + used, 96 - used, "%s%u",
                                     used ? "," : "", i);
        }
    }
    return out;
}

void link_quote_pcrs(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_evidence *e = v->evidence;
    const TPM2B_DIGEST *seen = &v->attest.attested.quote.pcrDigest;
    uint32_t mask, required = v->policy->required_pcrs;
    gnutls_hash_hd_t hash;
    uint8_t wanted[32];
    char list[96];

    if (!v->has_attest) {
        link_skip(r, "the quote is unreadable");
        return;
    }
    if (!quoted_pcrs(v, &mask)) {
        link_fail(r, "the quote is not over one selection of the SHA-256 bank");
        return;
    }
    required = required ? required : EVTPM_REQUIRED_PCRS;
    link_seen(r, "PCRs %s", format_mask(mask, list));
    link_wanted(r, "PCRs %s at least", format_mask(required, list));
    if (required & ~mask) {
        link_fail(r, "the quote leaves out PCRs %s",
                  format_mask(required & ~mask, list));
        return;
    }
    if (mask & ~e->pcr_mask) {
        link_fail(r, "the evidence does not give PCRs %s",
                  format_mask(mask & ~e->pcr_mask, list));
        return;
    }
    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0) {
        link_fail(r, "no SHA-256");
        return;
    }
    for (unsigned i = 0; i < EVTPM_PCR_COUNT; i++) {
        if (mask & 1u << i) {
            gnutls_hash(hash, e->pcr[i], sizeof(e->pcr[i]));
        }
    }
    gnutls_hash_deinit(hash, wanted);
    link_values(r, seen->buffer, seen->size, wanted, sizeof(wanted));
    if (seen->size != sizeof(wanted) ||
        memcmp(seen->buffer, wanted, sizeof(wanted)) != 0) {
        link_fail_bytes(r,
                        "the PCR values given are not the quoted ones: digest",
                        seen->buffer, seen->size, wanted, sizeof(wanted));
        return;
    }
    link_pass(r, "PCRs %s", format_mask(mask, list));
}

/* PCRs that the event log must explain: the quoted ones but the application's
 * and IMA's. */
static uint32_t logged_pcrs(const struct verification *v, uint32_t quoted)
{
    quoted &= ~v->policy->free_pcrs;
    if (v->evidence->ima_log.size) {
        quoted &= ~(1u << EVTPM_IMA_PCR);
    }
    return quoted;
}

int replay_event_log(const struct verification *v, struct evtpm_eventlog *log,
                     struct evtpm_pcrs *pcrs, struct evtpm_error *err)
{
    const struct evtpm_blob *data = &v->evidence->event_log;

    if (evtpm_eventlog_open(log, data->data, data->size, err) < 0) {
        return -1;
    }
    return evtpm_eventlog_replay(log, EVTPM_SHA256, pcrs, err);
}

void link_event_log(struct verification *v, struct evtpm_link_result *r)
{
    struct evtpm_eventlog log;
    struct evtpm_error err;
    struct evtpm_pcrs pcrs;
    uint32_t mask;
    char what[64], list[96];

    if (!quoted_pcrs(v, &mask)) {
        link_skip(r, "the quote's PCRs are unreadable");
        return;
    }
    if (replay_event_log(v, &log, &pcrs, &err) < 0) {
        link_wanted(r, "a log that replays");
        link_seen(r, "%s", err.text);
        link_fail(r, "%s", err.text);
        return;
    }
    mask = logged_pcrs(v, mask);
    for (unsigned i = 0; i < EVTPM_PCR_COUNT; i++) {
        if (mask & 1u << i &&
            memcmp(pcrs.value[i], v->evidence->pcr[i], 32) != 0) {
            snprintf(what, sizeof(what), "PCR %u is not what the log leads to",
                     i);
            link_fail_bytes(r, what, v->evidence->pcr[i], 32, pcrs.value[i],
                            32);
            return;
        }
    }
    link_seen(r, "%u events", log.count);
    link_wanted(r, "events that lead to PCRs %s", format_mask(mask, list));
    link_pass(r, "%u events lead to PCRs %s", log.count, list);
}

void link_ima_log(struct verification *v, struct evtpm_link_result *r)
{
    const struct evtpm_blob *list = &v->evidence->ima_log;
    struct evtpm_eventlog log;
    struct evtpm_error err;
    struct evtpm_pcrs pcrs;
    uint32_t mask, count;

    if (!list->size) {
        link_skip(r, "no IMA list came with the evidence");
        return;
    }
    if (!quoted_pcrs(v, &mask) || !(mask & 1u << EVTPM_IMA_PCR)) {
        link_skip(r, "the quote does not cover PCR %d", EVTPM_IMA_PCR);
        return;
    }
    if (replay_event_log(v, &log, &pcrs, &err) < 0) {
        link_skip(r, "the event log does not replay");
        return;
    }
    link_wanted(r, "entries that lead to PCR %d", EVTPM_IMA_PCR);
    if (evtpm_ima_replay(list->data, list->size, &pcrs,
                         v->evidence->pcr[EVTPM_IMA_PCR], &count, &err) < 0) {
        link_seen(r, "%s", err.text);
        link_fail(r, "%s", err.text);
        return;
    }
    v->ima_replayed = true;
    v->ima_count = count;
    link_seen(r, "%u entries", count);
    link_pass(r, "%u entries lead to PCR %d", count, EVTPM_IMA_PCR);
}
