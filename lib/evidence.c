/* SPDX-License-Identifier: MIT */
/* The members of evidence. */
#include "lib/evidence.h"

#define FIELD(name, member, most, may_be_empty)                                \
    {                                                                          \
        name, offsetof(struct evtpm_evidence, member), most, may_be_empty      \
    }

const struct evtpm_evidence_field
    evtpm_evidence_fields[EVTPM_EVIDENCE_FIELD_COUNT] = {
        FIELD("nonce", nonce, EVTPM_NONCE_SIZE, false),
        FIELD("report", report, 0x1000, false),
        FIELD("certificates", certificates, 0x10000, true),
        FIELD("manifest", manifest, 0x1000, false),
        FIELD("ek_public", ek_public, 0x1000, false),
        FIELD("ak_public", ak_public, 0x1000, false),
        FIELD("ak_name", ak_name, 0x100, false),
        FIELD("credential_secret", credential_secret, 0x100, false),
        FIELD("quote.attest", quote_attest, 0x1000, false),
        FIELD("quote.signature", quote_signature, 0x1000, false),
        FIELD("event_log", event_log, 0x100000, false),
        FIELD("ima_log", ima_log, 0x4000000, true),
    };

struct evtpm_blob *evtpm_evidence_blob(struct evtpm_evidence *evidence,
                                       const struct evtpm_evidence_field *field)
{
    return (struct evtpm_blob *)((char *)evidence + field->offset);
}

void evtpm_evidence_clear(struct evtpm_evidence *evidence)
{
    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        evtpm_blob_clear(
            evtpm_evidence_blob(evidence, &evtpm_evidence_fields[i]));
    }
    evidence->pcr_mask = 0;
}
