/* SPDX-License-Identifier: MIT */
/*
 * The verifier, given anything: it must come back with a verdict, and with a
 * good one for the evidence that it was made for only. An input: {member, size
 * of two bytes, bytes} of the members that differ from good evidence.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/verify.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/evidence-sample.h"

#define PCR_MEMBER EVTPM_EVIDENCE_FIELD_COUNT

static struct sample good;

static void set_pcr(struct evtpm_evidence *e, const uint8_t *data, size_t size)
{
    if (size < 1) {
        return;
    }
    e->pcr_mask ^= 1u << (data[0] % EVTPM_PCR_COUNT);
    memcpy(e->pcr[data[0] % EVTPM_PCR_COUNT], data + 1,
           size - 1 < 32 ? size - 1 : 32);
}

/* Members are lent to the evidence: the verifier only reads. */
static void apply(struct evtpm_evidence *e, const uint8_t *data, size_t size)
{
    while (size >= 3) {
        unsigned member = data[0] % (PCR_MEMBER + 1);
        size_t bytes = (size_t)(data[1] << 8 | data[2]);

        data += 3;
        size -= 3;
        bytes = bytes < size ? bytes : size;
        if (member == PCR_MEMBER) {
            set_pcr(e, data, bytes);
        } else {
            struct evtpm_blob *blob =
                evtpm_evidence_blob(e, &evtpm_evidence_fields[member]);

            blob->data = (uint8_t *)data;
            blob->size = bytes;
        }
        data += bytes;
        size -= bytes;
    }
}

/* Parts that may differ while the evidence still says the same. */
static bool same_where_it_counts(const struct evtpm_evidence *e)
{
    return evtpm_blob_equal(&e->nonce, &good.evidence.nonce) &&
           evtpm_blob_equal(&e->manifest, &good.evidence.manifest) &&
           evtpm_blob_equal(&e->ek_public, &good.evidence.ek_public) &&
           evtpm_blob_equal(&e->ak_name, &good.evidence.ak_name) &&
           evtpm_blob_equal(&e->quote_attest, &good.evidence.quote_attest) &&
           e->report.size == SNP_REPORT_SIZE &&
           memcmp(e->report.data, good.evidence.report.data,
                  SNP_REPORT_SIGNED_SIZE) == 0;
}

static void clean_up(void)
{
    sample_clear(&good);
    sample_chips_remove();
}

static void make_good(void)
{
    if (!good.chip) {
        sample_chips_create(1);
        sample_init(&good, 0, 0);
        atexit(clean_up);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct evtpm_result result;
    struct evtpm_evidence e;
    int status;

    make_good();
    e = good.evidence;
    apply(&e, data, size);
    status = evtpm_verify(&e, &good.policy, &result);
    if (status == 0 && !same_where_it_counts(&e)) {
        abort();
    }
    for (int i = 0; i < EVTPM_LINK_COUNT; i++) {
        if (result.link[i].detail[0] == '\0' ||
            strchr(result.link[i].detail, '\n')) {
            abort();
        }
    }
    return 0;
}

static void add_member(unsigned member, const void *data, size_t size)
{
    g_autofree uint8_t *input = g_malloc(3 + size);

    input[0] = (uint8_t)member;
    input[1] = (uint8_t)(size >> 8);
    input[2] = (uint8_t)size;
    memcpy(input + 3, data, size);
    fuzz_add(input, 3 + size);
}

void fuzz_corpus(void)
{
    uint8_t pcr[33] = { 7 };

    make_good();
    for (unsigned i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        const struct evtpm_blob *blob =
            evtpm_evidence_blob(&good.evidence, &evtpm_evidence_fields[i]);

        add_member(i, blob->data, blob->size);
    }
    memcpy(pcr + 1, good.evidence.pcr[7], 32);
    add_member(PCR_MEMBER, pcr, sizeof(pcr));
}
