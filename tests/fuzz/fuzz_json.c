/* SPDX-License-Identifier: MIT */
/*
 * The documents that the harness reads of others: evidence, policies. What is
 * accepted must survive being written and read again, or being judged by. The
 * first byte says which.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "harness/evidence_json.h"
#include "harness/policy.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/evidence-sample.h"

static void fuzz_evidence(const char *text, gsize size)
{
    struct evtpm_evidence e, again;
    g_autoptr(GError) error = NULL;

    if (!evidence_from_json(text, (gssize)size, &e, &error)) {
        if (!error || strchr(error->message, '\n')) {
            abort();
        }
        return;
    }
    g_autofree char *written = evidence_to_json(&e);
    if (!evidence_from_json(written, -1, &again, NULL) ||
        e.pcr_mask != again.pcr_mask) {
        abort();
    }
    for (int i = 0; i < EVTPM_EVIDENCE_FIELD_COUNT; i++) {
        if (!evtpm_blob_equal(
                evtpm_evidence_blob(&e, &evtpm_evidence_fields[i]),
                evtpm_evidence_blob(&again, &evtpm_evidence_fields[i]))) {
            abort();
        }
    }
    evtpm_evidence_clear(&e);
    evtpm_evidence_clear(&again);
}

/* A policy that was read accepts no empty evidence. */
static void fuzz_policy(const char *text, gsize size)
{
    static const struct evtpm_evidence nothing;
    struct evtpm_result result;
    g_autoptr(GError) error = NULL;
    struct policy *policy = policy_parse("/nowhere/p", text, size, &error);

    if (!policy) {
        if (!error || strchr(error->message, '\n')) {
            abort();
        }
        return;
    }
    if (evtpm_verify(&nothing, policy_get(policy), &result) == 0) {
        abort();
    }
    policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        (data[0] & 1 ? fuzz_policy : fuzz_evidence)((const char *)data + 1,
                                                    size - 1);
    }
    return 0;
}

static void add(char kind, const char *text)
{
    g_autofree char *input = g_strdup_printf("%c%s", kind, text);

    fuzz_add(input, strlen(input));
}

static void add_evidence(void)
{
    g_autofree char *text = NULL;
    struct sample s;

    sample_chips_create(1);
    sample_init(&s, 0, 0);
    text = evidence_to_json(&s.evidence);
    add('0', text);
    sample_clear(&s);
    sample_chips_remove();
}

void fuzz_corpus(void)
{
    static const char *const policies[] = {
        "{\"version\": 1, // one\n\"name\": \"a // b\"}",
        "{\"version\":1,\"minimum_tcb\":{\"Turin\":{\"fmc\":1,\"snp\":4}},"
        "\"guest_policy\":{\"allow_debug\":true,\"forbid_smt\":false,"
        "\"minimum_abi\":\"1.51\"}}",
        "{\"version\":1,\"pcrs\":{\"required\":[0,23],\"unlogged\":[],"
        "\"values\":{\"7\":[\"00112233445566778899aabbccddeeff"
        "00112233445566778899aabbccddeeff\"]}}}",
        "{\"version\":1,\"boot\":{\"command_line\":[\"quiet\"],\"forbid\":"
        "{\"4\":[\"00112233445566778899aabbccddeeff"
        "00112233445566778899aabbccddeeff\"]}}}",
        "{\"version\":1,\"roots\":[\"x\"],\"freshness\":{\"maximum_age\":5}}",
        "{\"version\":1,\"revocation\":{\"required\":true,\"lists\":[\"y\"]}}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        add('1', policies[i]);
    }
    add_evidence();
}
